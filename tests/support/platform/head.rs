//! Heads of requests and answers: read, judged by the router's rules, rewritten.

use super::Rules;

/// Longest name of a header.
const NAME_BYTES: usize = 1000;
/// Longest method.
const METHOD_BYTES: usize = 127;
/// The lengths of a request id that a client may choose.
const ID_BYTES: std::ops::RangeInclusive<usize> = 20..=200;
/// What concerns one connection and goes no further.
const OF_ONE_CONNECTION: [&str; 6] =
    ["connection", "keep-alive", "proxy-connection", "te", "upgrade", "proxy-authenticate"];

/// A start line and headers, in their order.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) start: Vec<u8>,
    fields: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// Reads a head that ends with its empty line; none where it is no HTTP.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = bytes.strip_suffix(b"\r\n\r\n")?;
        let mut lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let start = lines.next()?.to_vec();
        let fields = lines.map(field).collect::<Option<_>>()?;
        Some(Self { start, fields })
    }

    /// The words of the start line.
    pub(super) fn words(&self) -> [&str; 3] {
        let mut words = std::str::from_utf8(&self.start).unwrap_or_default().splitn(3, ' ');
        [(); 3].map(|()| words.next().unwrap_or_default())
    }

    /// The status of an answer; 0 where there is none.
    pub(super) fn status(&self) -> u16 {
        self.words()[1].parse().unwrap_or(0)
    }

    /// All values of a header that are text.
    pub(super) fn values<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        let fields = self.fields.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        fields.filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// Puts a header in the place of all others of its name.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.as_bytes().to_vec()));
    }

    /// Adds an entry behind those that a list has.
    fn append(&mut self, name: &str, value: &str) {
        let mut entries: Vec<String> = self.values(name).map(str::to_owned).collect();
        entries.push(value.to_owned());
        self.set(name, &entries.join(", "));
    }

    /// Whether the sender wants the connection to end here.
    pub(super) fn closes(&self) -> bool {
        let start = String::from_utf8_lossy(&self.start);
        let is_old = start.ends_with("HTTP/1.0") || start.starts_with("HTTP/1.0");
        is_old || self.values("connection").any(|value| value.to_ascii_lowercase().contains("close"))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.start[..], b"\r\n"].concat();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// Whether the router takes such a request; else the status that it answers.
    pub(super) fn judge(&self, rules: &Rules) -> Result<(), u16> {
        let [method, target, version] = self.words();
        let is_short = |(name, value): &(String, Vec<u8>)| {
            name.len() <= NAME_BYTES && name.len() + 2 + value.len() <= rules.line_bytes
        };
        let is_sound = !method.is_empty()
            && method.len() <= METHOD_BYTES
            && method != "CONNECT"
            && !target.is_empty()
            && version.starts_with("HTTP/1.")
            && self.start.len() <= rules.line_bytes
            && self.fields.len() <= rules.headers
            && self.fields.iter().all(is_short);
        if !is_sound {
            return Err(400);
        }
        let mut expected = self.values("expect");
        if expected.any(|what| !what.is_empty() && !what.eq_ignore_ascii_case("100-continue")) {
            return Err(417);
        }
        Ok(())
    }

    /// The protocol to which the sender wants to go over, or goes.
    pub(super) fn upgrade(&self) -> Option<String> {
        let asks = self.values("connection").any(|value| value.to_ascii_lowercase().contains("upgrade"));
        self.values("upgrade").next().filter(|_| asks).map(str::to_owned)
    }

    /// Puts back what [`OF_ONE_CONNECTION`] has taken away: any protocol passes.
    fn go_over(&mut self, protocol: Option<&str>) {
        if let Some(protocol) = protocol {
            self.set("Connection", "Upgrade");
            self.set("Upgrade", protocol);
        }
    }

    /// Makes the request what the dyno gets of it. Returns its id.
    pub(super) fn rewrite_for_dyno(&mut self, client: &str, scheme: &str) -> String {
        let protocol = self.upgrade();
        OF_ONE_CONNECTION.iter().for_each(|name| self.remove(name));
        self.go_over(protocol.as_deref());
        self.remove("expect");
        // Of both, chunks are what counts.
        if self.values("transfer-encoding").next().is_some() {
            self.remove("content-length");
        }
        self.append("X-Forwarded-For", client);
        self.set("X-Forwarded-Proto", scheme);
        self.set("X-Forwarded-Port", if scheme == "https" { "443" } else { "80" });
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        self.set("X-Request-Start", &now.map_or(0, |now| now.as_millis()).to_string());
        self.append("Via", "1.1 heroku-router");
        let id = self.request_id();
        self.set("X-Request-Id", &id);
        id
    }

    /// The client's id where it has the right form, else one of our own.
    fn request_id(&self) -> String {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-".contains(&byte);
        let mut given = self.values("x-request-id");
        match (given.next(), given.next()) {
            (Some(id), None) if ID_BYTES.contains(&id.len()) && id.bytes().all(is_allowed) => id.to_owned(),
            _ => {
                static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
                let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                format!("00000000-0000-4000-8000-{number:012x}")
            }
        }
    }

    /// Whether the router passes such an answer on.
    pub(super) fn keeps_limits(&self, rules: &Rules) -> bool {
        let most = |name: &str| {
            if name.eq_ignore_ascii_case("set-cookie") { rules.line_bytes } else { rules.answer_line_bytes }
        };
        let is_short = |(name, value): &(String, Vec<u8>)| name.len() + 2 + value.len() <= most(name);
        self.start.len() <= rules.line_bytes && self.fields.iter().all(is_short)
    }

    /// Makes the answer what the client gets of it.
    pub(super) fn rewrite_for_client(&mut self, closes: bool) {
        let protocol = self.upgrade().filter(|_| self.status() == 101);
        OF_ONE_CONNECTION.iter().for_each(|name| self.remove(name));
        self.append("Via", "1.1 heroku-router");
        self.set("Connection", if closes { "close" } else { "keep-alive" });
        self.go_over(protocol.as_deref());
    }
}

fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(line.get(..colon)?).ok()?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| (name.to_owned(), line.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec()))
}

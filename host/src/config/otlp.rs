//! Where traces and metrics go, by the standard variables of OpenTelemetry.
//!
//! As the standard wants it, a value that is not understood keeps nobody from serving: it is told,
//! and what it was to switch on stays off or has its default.

use super::{Environment, Secret};
use percent_encoding::percent_decode_str;
use std::fmt;
use std::time::Duration;
use url::Url;

const DISABLED: &str = "OTEL_SDK_DISABLED";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const COMPRESSION: &str = "OTEL_EXPORTER_OTLP_COMPRESSION";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
const SPOKEN: &str = "http/protobuf";
const USUAL_TIMEOUT: Duration = Duration::from_secs(10);
const USUAL_INTERVAL: Duration = Duration::from_secs(60);
/// More often, collecting would be work.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What is sent to a collector, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtlpConfig {
    /// Where traces go; none: nowhere.
    pub traces: Option<OtlpEndpoint>,
    /// Where metrics go; none: nowhere.
    pub metrics: Option<OtlpEndpoint>,
    /// What names this host among others, `service.name` first.
    pub resource: Vec<(String, String)>,
    /// Which requests are traced.
    pub sampler: OtlpSampler,
    /// How often metrics are sent.
    pub interval: Duration,
    /// Since when a count that is sent is counted.
    pub temporality: OtlpTemporality,
    /// What is not as the variables want it, in sentences. Without the values.
    pub notes: Vec<String>,
}

/// Where one kind of data goes.
#[derive(Clone, PartialEq, Eq)]
pub struct OtlpEndpoint {
    /// The whole URL. It may hold a token, and is never printed: see [`Self::place`].
    pub url: Secret,
    /// Names and values of headers, which usually hold a token.
    pub headers: Vec<(String, Secret)>,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// Which requests are traced, where nobody before this host has decided.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum OtlpSampler {
    /// All; those that come with `traceparent` as it says.
    #[default]
    Parent,
    /// None; those that come with `traceparent` as it says.
    ParentOff,
    /// Such a part; those that come with `traceparent` as it says.
    ParentRatio(f64),
    /// All.
    On,
    /// None.
    Off,
    /// Such a part.
    Ratio(f64),
}

impl Eq for OtlpSampler {}

/// Since when a count is counted that a collector is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtlpTemporality {
    /// Since the process began.
    #[default]
    Cumulative,
    /// Since it was last sent.
    Delta,
    /// Since it was last sent, but for what is measured only when it is sent.
    LowMemory,
}

impl OtlpEndpoint {
    /// Scheme, host and port, for people.
    pub fn place(&self) -> String {
        let Ok(url) = Url::parse(self.url.expose()) else { return "a collector".to_owned() };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for OtlpEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.len();
        formatter.debug_struct("OtlpEndpoint").field("headers", &headers).field("timeout", &self.timeout).finish()
    }
}

impl OtlpConfig {
    /// Reads the standard variables. Nothing is on unless an endpoint is named.
    pub fn from_environment(environment: &Environment) -> Self {
        let mut notes = Vec::new();
        if environment.get(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Self::default();
        }
        let traces = endpoint(environment, "TRACES", &mut notes);
        let metrics = endpoint(environment, "METRICS", &mut notes);
        if traces.is_none() && metrics.is_none() {
            return Self { notes, ..Self::default() };
        }
        Self {
            traces,
            metrics,
            resource: resource(environment),
            sampler: sampler(environment, &mut notes),
            interval: milliseconds(environment, INTERVAL, USUAL_INTERVAL, &mut notes),
            temporality: temporality(environment, &mut notes),
            notes,
        }
    }

    /// Whether anything is sent.
    pub fn is_on(&self) -> bool {
        self.traces.is_some() || self.metrics.is_some()
    }
}

/// The endpoint of one signal. A variable of the signal goes before the one of all.
fn endpoint(environment: &Environment, signal: &str, notes: &mut Vec<String>) -> Option<OtlpEndpoint> {
    let of_signal = |name: &str| name.replace("OTLP_", &format!("OTLP_{signal}_"));
    let named = |name: &str| {
        let own = of_signal(name);
        environment.get(&own).map(|value| (own, value)).or_else(|| Some((name.to_owned(), environment.get(name)?)))
    };
    let what = signal.to_ascii_lowercase();
    let own = environment.get(&of_signal(ENDPOINT)).map(|url| (of_signal(ENDPOINT), url.to_owned()));
    let of_all = || Some((ENDPOINT.to_owned(), below(environment.get(ENDPOINT)?, &format!("/v1/{what}"))));
    let (name, url) = own.or_else(of_all)?;
    let exporter = format!("OTEL_{signal}_EXPORTER");
    let wanted = environment.get(&exporter).unwrap_or("otlp");
    if !wanted.split(',').any(|exporter| exporter.trim() == "otlp") {
        if wanted != "none" {
            notes.push(format!("{exporter}: only otlp and none are known, so no {what} are sent"));
        }
        return None;
    }
    if let Some((name, _)) = named(PROTOCOL).filter(|(_, protocol)| *protocol != SPOKEN) {
        notes.push(format!(
            "{name}: only {SPOKEN} is spoken, so no {what} are sent; a collector takes that at port 4318"
        ));
        return None;
    }
    if let Some((name, _)) = named(COMPRESSION).filter(|(_, compression)| *compression != "none") {
        notes.push(format!("{name}: what is sent is not compressed"));
    }
    let parsed = Url::parse(&url).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    if parsed.is_none_or(|url| !url.username().is_empty() || url.password().is_some()) {
        notes.push(format!("{name}: not an http or https URL without user and password, so no {what} are sent"));
        return None;
    }
    let headers = named(HEADERS).map(|(name, value)| headers(&name, value, notes)).unwrap_or_default();
    let timeout = named(TIMEOUT).map_or_else(|| TIMEOUT.to_owned(), |(name, _)| name);
    let timeout = milliseconds(environment, &timeout, USUAL_TIMEOUT, notes);
    Some(OtlpEndpoint { url: Secret::new(url), headers, timeout })
}

/// The URL of a signal below the one of all, whose query stays.
fn below(base: &str, path: &str) -> String {
    // What is no URL is told of by whoever wants one.
    let Ok(mut url) = Url::parse(base) else { return base.to_owned() };
    let path = format!("{}{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.into()
}

/// `name=value,name=value`, with values percent-encoded as in W3C Baggage.
fn headers(name: &str, text: &str, notes: &mut Vec<String>) -> Vec<(String, Secret)> {
    let pairs: Vec<_> = text.split(',').filter(|pair| !pair.trim().is_empty()).collect();
    let read: Vec<_> = pairs.iter().filter_map(|pair| decoded_pair(pair)).collect();
    let fits = |(name, value): &(String, String)| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    };
    let good: Vec<_> = read.into_iter().filter(fits).collect();
    if good.len() < pairs.len() {
        notes.push(format!("{name}: not name=value with commas between; what is none is left out"));
    }
    good.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), Secret::new(value))).collect()
}

fn decoded_pair(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    Some((name.trim().to_owned(), value.into_owned()))
}

fn resource(environment: &Environment) -> Vec<(String, String)> {
    let given = environment.get(ATTRIBUTES).unwrap_or_default();
    let mut pairs: Vec<_> = given.split(',').filter_map(decoded_pair).collect();
    let own = [
        ("service.name", environment.get(SERVICE_NAME).or(environment.get("HEROKU_APP_NAME"))),
        ("service.version", environment.get("HEROKU_RELEASE_VERSION").or(Some(env!("CARGO_PKG_VERSION")))),
        ("service.instance.id", environment.get("DYNO")),
        ("service.name", Some("innkeeper")),
    ];
    if let Some(name) = environment.get(SERVICE_NAME) {
        pairs.retain(|(key, _)| key != "service.name");
        pairs.push(("service.name".to_owned(), name.to_owned()));
    }
    for (key, value) in own {
        if let Some(value) = value.filter(|_| !pairs.iter().any(|(other, _)| other == key)) {
            pairs.push((key.to_owned(), value.to_owned()));
        }
    }
    pairs
}

fn sampler(environment: &Environment, notes: &mut Vec<String>) -> OtlpSampler {
    let argument = environment.get(SAMPLER_ARG);
    let ratio = argument.map_or(Some(1.0), |text| text.parse().ok()).filter(|ratio| (0.0..=1.0).contains(ratio));
    let ratio = |make: fn(f64) -> OtlpSampler| match ratio {
        Some(ratio) => (make(ratio), None),
        None => (make(1.0), Some(format!("{SAMPLER_ARG}: not a number from 0 to 1, so all requests are traced"))),
    };
    let (sampler, note) = match environment.get(SAMPLER).unwrap_or("parentbased_always_on") {
        "parentbased_always_on" => (OtlpSampler::Parent, None),
        "parentbased_always_off" => (OtlpSampler::ParentOff, None),
        "parentbased_traceidratio" => ratio(OtlpSampler::ParentRatio),
        "always_on" => (OtlpSampler::On, None),
        "always_off" => (OtlpSampler::Off, None),
        "traceidratio" => ratio(OtlpSampler::Ratio),
        _ => {
            let text = "not always_on, always_off or traceidratio, with or without parentbased_ before it";
            (OtlpSampler::Parent, Some(format!("{SAMPLER}: {text}; parentbased_always_on is taken")))
        }
    };
    notes.extend(note);
    sampler
}

fn temporality(environment: &Environment, notes: &mut Vec<String>) -> OtlpTemporality {
    match environment.get(TEMPORALITY).unwrap_or("cumulative").to_ascii_lowercase().as_str() {
        "cumulative" => OtlpTemporality::Cumulative,
        "delta" => OtlpTemporality::Delta,
        "lowmemory" => OtlpTemporality::LowMemory,
        _ => {
            notes.push(format!("{TEMPORALITY}: not cumulative, delta or lowmemory; cumulative is taken"));
            OtlpTemporality::Cumulative
        }
    }
}

fn milliseconds(environment: &Environment, name: &str, usual: Duration, notes: &mut Vec<String>) -> Duration {
    let Some(text) = environment.get(name) else { return usual };
    let given = text.parse().ok().map(Duration::from_millis);
    given.filter(|given| (SHORTEST..=LONGEST).contains(given)).unwrap_or_else(|| {
        notes.push(format!("{name}: not a number of milliseconds from 100 on, so it is {}", usual.as_millis()));
        usual
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn otlp(pairs: &[(&str, &str)]) -> OtlpConfig {
        OtlpConfig::from_environment(&Environment::from_pairs(pairs.iter().copied()))
    }

    fn url(endpoint: Option<&OtlpEndpoint>) -> Option<&str> {
        endpoint.map(|endpoint| endpoint.url.expose())
    }

    #[test]
    fn without_an_endpoint_nothing_is_on() {
        assert!(!otlp(&[(SERVICE_NAME, "x"), (HEADERS, "a=b")]).is_on());
        assert!(!otlp(&[(ENDPOINT, "http://c:4318"), (DISABLED, "True")]).is_on());
    }

    #[test]
    fn one_endpoint_is_for_both_and_each_may_have_its_own() {
        let both = otlp(&[(ENDPOINT, "http://c:4318/x/"), (HEADERS, "api-key=hun%20ter2 , Other=1")]);
        assert_eq!(url(both.traces.as_ref()), Some("http://c:4318/x/v1/traces"));
        assert_eq!(url(both.metrics.as_ref()), Some("http://c:4318/x/v1/metrics"));
        let headers = both.traces.as_ref().map(|traces| traces.headers.clone());
        let wanted = [("api-key".to_owned(), Secret::new("hun ter2")), ("other".to_owned(), Secret::new("1"))];
        assert_eq!(headers.as_deref(), Some(&wanted[..]));
        assert!(!format!("{both:?}").contains("hun"));
        let with_query = otlp(&[(ENDPOINT, "http://c:4318/x?token=hunter2")]);
        assert_eq!(url(with_query.traces.as_ref()), Some("http://c:4318/x/v1/traces?token=hunter2"));
        let bare = otlp(&[(ENDPOINT, "http://[::1]:4318")]);
        assert_eq!(url(bare.metrics.as_ref()), Some("http://[::1]:4318/v1/metrics"));
        let own = otlp(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c/as-it-is?token=hunter2")]);
        assert_eq!(url(own.traces.as_ref()), Some("https://c/as-it-is?token=hunter2"));
        assert_eq!(own.traces.map(|traces| traces.place()).as_deref(), Some("https://c"));
        assert_eq!(own.metrics, None);
    }

    #[test]
    fn what_is_not_understood_is_told_without_its_value() {
        let endpoint = (ENDPOINT, "http://c:4318");
        for (name, value, is_on) in [
            (PROTOCOL, "grpc", false),
            (ENDPOINT, "hunter2", false),
            (ENDPOINT, "http://u:hunter2@c", false),
            (HEADERS, "hunter2", true),
            (SAMPLER, "hunter2", true),
            (TIMEOUT, "10s", true),
            (INTERVAL, "1", true),
            (COMPRESSION, "gzip", true),
            (TEMPORALITY, "hunter2", true),
        ] {
            let otlp = otlp(&[endpoint, (name, value)]);
            assert_eq!(otlp.is_on(), is_on, "{name}={value}");
            assert!(!otlp.notes.is_empty() && otlp.notes.iter().all(|note| note.starts_with(name)), "{otlp:?}");
            assert!(!format!("{otlp:?}").contains("hunter2"));
        }
    }

    #[test]
    fn what_is_sent_elsewhere_is_not_sent_here_and_only_none_goes_without_saying() {
        for (exporter, is_on, is_told) in [
            ("none", false, false),
            ("otlp", true, false),
            ("console, otlp", true, false),
            ("console", false, true),
        ] {
            let otlp = otlp(&[(ENDPOINT, "http://c:4318"), ("OTEL_TRACES_EXPORTER", exporter)]);
            assert_eq!((otlp.traces.is_some(), otlp.metrics.is_some()), (is_on, true), "{exporter}");
            assert_eq!(otlp.notes.iter().any(|note| note.starts_with("OTEL_TRACES_EXPORTER: ")), is_told);
        }
    }

    #[test]
    fn a_sampler_has_a_part() {
        let endpoint = (ENDPOINT, "http://c:4318");
        let of = |name, argument| otlp(&[endpoint, (SAMPLER, name), (SAMPLER_ARG, argument)]).sampler;
        assert_eq!(of("traceidratio", "0.25"), OtlpSampler::Ratio(0.25));
        assert_eq!(of("parentbased_traceidratio", "2"), OtlpSampler::ParentRatio(1.0));
        assert_eq!(of("always_off", ""), OtlpSampler::Off);
        assert_eq!(otlp(&[endpoint]).sampler, OtlpSampler::Parent);
    }

    #[test]
    fn a_host_has_a_name_among_services() {
        let endpoint = (ENDPOINT, "http://c:4318");
        let named = otlp(&[endpoint, (ATTRIBUTES, "service.name=a,team=b%20c"), (SERVICE_NAME, "shop")]);
        assert!(named.resource.contains(&("service.name".to_owned(), "shop".to_owned())), "{:?}", named.resource);
        assert!(named.resource.contains(&("team".to_owned(), "b c".to_owned())));
        assert_eq!(named.resource.iter().filter(|(key, _)| key == "service.name").count(), 1);
        let unnamed = otlp(&[endpoint, ("DYNO", "web.1")]);
        assert!(unnamed.resource.contains(&("service.name".to_owned(), "innkeeper".to_owned())));
        assert!(unnamed.resource.contains(&("service.instance.id".to_owned(), "web.1".to_owned())));
    }
}

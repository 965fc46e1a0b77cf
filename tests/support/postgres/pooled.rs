//! The tests of storage once more, through a transaction pooler: where `INNKEEPER_TEST_POOLER` says
//! how many connections it has to the server for each database, every fresh Postgres database is
//! reached through it alone. Tests themselves look past it.

use std::net::TcpStream;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Instant;

use super::bouncer::{program, write_settings};
use super::home::Home;
use super::{USER, shared};
use crate::keeper::Keeper;
use crate::port::free_port;
use crate::{DEADLINE, LOOK_AGAIN};

const VARIABLE: &str = "INNKEEPER_TEST_POOLER";
/// All tests of a process share it, and nobody reads what it would print.
const SETTINGS: &str = "max_client_conn = 1000\npidfile = pgbouncer.pid\nlogfile = pgbouncer.log\n";

/// A pooler before the shared server, as long as this process lives.
struct Pooler {
    port: u16,
    _home: Home,
    _keeper: Keeper,
}

/// Whether fresh databases are reached through a pooler.
pub fn is_on() -> bool {
    connections().is_some()
}

/// The URL of a database of the shared server as the host under test has it.
pub fn url(direct: &str) -> String {
    static POOLER: OnceLock<Pooler> = OnceLock::new();
    let Some(connections) = connections() else { return direct.to_owned() };
    let pooler = POOLER.get_or_init(|| Pooler::start(connections));
    let database = direct.rsplit('/').next().unwrap_or_default();
    format!("postgres://{USER}@127.0.0.1:{}/{database}", pooler.port)
}

fn connections() -> Option<u32> {
    let text = std::env::var_os(VARIABLE)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{VARIABLE} is not a number of connections: {}", text.display())))
}

impl Pooler {
    /// In the background, since the first test that asks may end long before the last.
    #[expect(clippy::disallowed_methods, reason = "the others wait for it too")]
    fn start(connections: u32) -> Self {
        let (home, port) = (Home::new(), free_port());
        write_settings(home.directory(), port, shared().port(), connections, SETTINGS);
        let directory = home.directory().to_str().expect("a UTF-8 path");
        let script = r#"kill "$(cat "$1/pgbouncer.pid")"; rm -rf "$1""#;
        let keeper = Keeper::start(Keeper::shell(), script, &[directory]);
        let mut command = home.command(&program());
        command.args(["--daemon", "pgbouncer.ini"]).stdin(Stdio::null());
        home.run(&mut command);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < DEADLINE, "PgBouncer does not listen");
            std::thread::sleep(LOOK_AGAIN);
        }
        Self { port, _home: home, _keeper: keeper }
    }
}

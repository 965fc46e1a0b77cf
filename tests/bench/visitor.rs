//! A visitor of a contender: what he asks for, and what he must be told.

use std::net::SocketAddr;

use anyhow::{Context, ensure};

use crate::client::Connection;

/// What a contender is asked, and what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answers {
    /// The same text to everybody.
    Text {
        /// What is asked for.
        path: String,
        /// The answer.
        text: String,
    },
    /// How often this visitor has been there.
    Visits,
    /// The guestbook's page, with a count of visits that is not looked at.
    Guestbook,
}

impl Answers {
    fn path(&self) -> &str {
        match self {
            Self::Text { path, .. } => path,
            Self::Visits | Self::Guestbook => "/",
        }
    }
}

/// What the guestbook's page has to contain: its form, and the newest entry.
const GUESTBOOK: [&str; 2] = ["action=\"/entries\"", "This is entry 20 of the book."];

/// See the module.
#[derive(Debug)]
pub struct Visitor {
    request: Vec<u8>,
    answers: Answers,
    visits: u64,
}

impl Visitor {
    /// Goes there for the first time and keeps the cookie that he gets, if any.
    pub async fn arrive(address: SocketAddr, answers: &Answers) -> anyhow::Result<Self> {
        let mut visitor =
            Self { request: get(address, answers.path(), None), answers: answers.clone(), visits: 0 };
        let mut connection = Connection::open(address).await?;
        let cookie = visitor.visit(&mut connection, &mut Vec::new()).await?;
        if matches!(answers, Answers::Visits | Answers::Guestbook) {
            let cookie = cookie.context("a first visit without a session cookie in its answer")?;
            visitor.request = get(address, answers.path(), Some(&cookie));
        }
        Ok(visitor)
    }

    /// Asks once. An error unless the answer is exactly what it has to be. `body` is overwritten.
    pub async fn visit(
        &mut self,
        connection: &mut Connection,
        body: &mut Vec<u8>,
    ) -> anyhow::Result<Option<String>> {
        let head = connection.ask(&self.request, body).await?;
        self.visits += 1;
        let is_right = head.status == 200
            && match &self.answers {
                Answers::Text { text, .. } => body == text.as_bytes(),
                Answers::Visits => body == format!("visits={} rows=1", self.visits).as_bytes(),
                Answers::Guestbook => GUESTBOOK.iter().all(|part| contains(body, part)),
            };
        ensure!(is_right, "visit {}: {} {:?}", self.visits, head.status, String::from_utf8_lossy(body));
        Ok(head.cookie)
    }
}

fn contains(body: &[u8], part: &str) -> bool {
    body.windows(part.len()).any(|window| window == part.as_bytes())
}

/// A request without a body.
pub fn get(address: SocketAddr, path: &str, cookie: Option<&str>) -> Vec<u8> {
    let cookie = cookie.map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{cookie}\r\n").into_bytes()
}

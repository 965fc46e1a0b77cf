//! What stays when the guest is swapped and when the host dies.

use support::bytes::png;
use support::{Engine, TestHost};

use super::reader::Reader;

on_both_databases! {
    a_guest_in_another_language_finds_everything_as_it_was,
    everything_told_kept_survives_a_killed_host,
}

/// The guests that take over, one from the other.
const OTHERS: [&str; 8] = [
    "guestbook-go",
    "guestbook-typescript",
    "guestbook-python",
    "guestbook-c",
    "guestbook-javascript",
    "guestbook-zig",
    "guestbook-cpp",
    "guestbook-rust",
];

async fn a_guest_in_another_language_finds_everything_as_it_was(engine: Engine) {
    let host = TestHost::of(engine, "guestbook", "guestbook-rust").await;
    let pid = host.serving().pid();
    let mut kept = Kept::leave(&host).await;
    for guest in OTHERS {
        host.swap("guestbook", guest).await;
        kept.check().await;
        kept.reader.write("Ada", &format!("written with {guest}")).await.expect(303);
        kept.entries = kept.reader.json("?limit=100").await;
    }
    assert_eq!(host.serving().pid(), pid);
}

async fn everything_told_kept_survives_a_killed_host(engine: Engine) {
    let mut host = TestHost::of(engine, "guestbook", "guestbook-rust").await;
    let mut kept = Kept::leave(&host).await;
    host.kill9().await;
    host.restart().await;
    kept.check().await;
}

/// What a signed-in visitor has left in the book.
struct Kept {
    reader: Reader,
    path: String,
    photo: Vec<u8>,
    entries: serde_json::Value,
    visits: i64,
}

impl Kept {
    async fn leave(host: &TestHost) -> Self {
        let (mut reader, photo) = (Reader::signed_in(host, "Ada").await, png(1_500_000, 9));
        reader.write("Ada", "Grüße 🦀").await.expect(303);
        let path = reader.write_photo(&photo).await;
        let entries = reader.json("?limit=100").await;
        let visits = reader.me().await["visits"].as_i64().expect("a number");
        Self { reader, path, photo, entries, visits }
    }

    async fn check(&mut self) {
        assert_eq!(self.reader.json("?limit=100").await, self.entries);
        assert!(self.reader.0.get(&self.path).await.expect(200).body == self.photo);
        let me = self.reader.me().await;
        assert_eq!(me["name"], "Ada");
        assert!(me["visits"].as_i64() > Some(self.visits), "{me}");
        self.visits = me["visits"].as_i64().expect("a number");
    }
}

//! A visitor who knows the guestbook.

use serde_json::Value;
use support::multipart::Multipart;
use support::{Answer, TestHost, Visitor};

/// One visitor of the guestbook.
#[derive(Clone, Debug)]
pub(super) struct Reader(pub(super) Visitor);

impl Reader {
    /// A visitor who has never been here.
    pub(super) fn new(host: &TestHost) -> Self {
        Self(host.visitor())
    }

    /// A visitor who is signed in.
    pub(super) async fn signed_in(host: &TestHost, name: &str) -> Self {
        let mut reader = Self::new(host);
        reader.sign_in(name).await.expect(303);
        reader
    }

    /// `GET /me`.
    pub(super) async fn me(&mut self) -> Value {
        self.0.get("/me").await.expect(200).json()
    }

    /// The token for forms.
    pub(super) async fn csrf(&mut self) -> String {
        self.me().await["csrf"].as_str().expect("a token").to_owned()
    }

    /// The name of who is signed in, as JSON: null for nobody.
    pub(super) async fn name(&mut self) -> Value {
        self.me().await["name"].take()
    }

    /// `POST /login`.
    pub(super) async fn sign_in(&mut self, name: &str) -> Answer {
        self.post("/login", &[("name", name)]).await
    }

    /// A form without files, with the token.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        self.0.post_form(path, &[fields, &[("csrf", &csrf)]].concat()).await
    }

    /// `POST /entries` without a photo.
    pub(super) async fn write(&mut self, author: &str, message: &str) -> Answer {
        let form = Multipart::new().field("author", author).field("message", message);
        self.send(form).await
    }

    /// `POST /entries` with a file as the photo.
    pub(super) async fn write_with(
        &mut self,
        message: &str,
        file: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Answer {
        let form = Multipart::new().field("author", "Ada").field("message", message);
        self.send(form.file("photo", file, media_type, bytes)).await
    }

    /// Writes an entry with a photo and returns the photo's path.
    pub(super) async fn write_photo(&mut self, photo: &[u8]) -> String {
        self.write_with("look", "photo.png", "image/png", photo).await.expect(303);
        self.newest().await["photo"].as_str().expect("a photo").to_owned()
    }

    /// `POST /entries` with the token behind the given fields.
    pub(super) async fn send(&mut self, form: Multipart) -> Answer {
        let csrf = self.csrf().await;
        self.0.post_multipart("/entries", &form.field("csrf", &csrf)).await
    }

    /// `GET /`.
    pub(super) async fn book(&mut self) -> String {
        self.0.get("/").await.expect(200).text().to_owned()
    }

    /// `GET /entries.json` with a query.
    pub(super) async fn json(&mut self, query: &str) -> Value {
        self.0.get(&format!("/entries.json{query}")).await.expect(200).json()
    }

    /// The newest entry as JSON; null where the book is empty.
    pub(super) async fn newest(&mut self) -> Value {
        self.json("?limit=1").await["entries"][0].take()
    }
}

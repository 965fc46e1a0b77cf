//! A visitor who knows the guestbook.

use serde_json::Value;
use support::multipart::Multipart;
use support::{Answer, TestHost, Visitor};

/// One visitor of the guestbook.
#[derive(Clone, Debug)]
pub(crate) struct Reader(pub(crate) Visitor);

impl Reader {
    /// A visitor who has never been here.
    pub(crate) fn new(host: &TestHost) -> Self {
        Self(host.visitor())
    }

    /// A visitor who is signed in.
    pub(crate) async fn signed_in(host: &TestHost, name: &str) -> Self {
        let mut reader = Self::new(host);
        reader.sign_in(name).await.expect(303);
        reader
    }

    /// `GET /me`.
    pub(crate) async fn me(&mut self) -> Value {
        self.0.get("/me").await.expect(200).json()
    }

    /// The token for forms.
    pub(crate) async fn csrf(&mut self) -> String {
        self.me().await["csrf"].as_str().expect("a token").to_owned()
    }

    /// The name of who is signed in, as JSON: null for nobody.
    pub(crate) async fn name(&mut self) -> Value {
        self.me().await["name"].take()
    }

    /// `POST /login`.
    pub(crate) async fn sign_in(&mut self, name: &str) -> Answer {
        self.post("/login", &[("name", name)]).await
    }

    /// A form without files, with the token.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        self.0.post_form(path, &[fields, &[("csrf", &csrf)]].concat()).await
    }

    /// `POST /entries` without a photo.
    pub(crate) async fn write(&mut self, author: &str, message: &str) -> Answer {
        let form = Multipart::new().field("author", author).field("message", message);
        self.send(form).await
    }

    /// `POST /entries` with a file as the photo.
    pub(crate) async fn write_with(
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
    pub(crate) async fn write_photo(&mut self, photo: &[u8]) -> String {
        self.write_with("look", "photo.png", "image/png", photo).await.expect(303);
        self.newest().await["photo"].as_str().expect("a photo").to_owned()
    }

    /// `POST /entries` with the token behind the given fields.
    pub(crate) async fn send(&mut self, form: Multipart) -> Answer {
        let csrf = self.csrf().await;
        self.0.post_multipart("/entries", &form.field("csrf", &csrf)).await
    }

    /// `GET /`.
    pub(crate) async fn book(&mut self) -> String {
        self.0.get("/").await.expect(200).text().to_owned()
    }

    /// `GET /entries.json` with a query.
    pub(crate) async fn json(&mut self, query: &str) -> Value {
        self.0.get(&format!("/entries.json{query}")).await.expect(200).json()
    }

    /// The newest entry as JSON; null where the book is empty.
    pub(crate) async fn newest(&mut self) -> Value {
        self.json("?limit=1").await["entries"][0].take()
    }
}

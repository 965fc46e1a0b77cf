//! The forms on the page. Each carries the visitor's csrf token.

use super::Book;
use super::escape::Escaped;
use crate::entries::Entry;
use crate::visitor::Visitor;

/// For writing an entry, filled in with what was not accepted the last time.
pub fn entry(book: &Book) -> String {
    let name = book.visitor.name.as_deref().unwrap_or_default();
    let (author, message) =
        book.refusal.map_or((name, ""), |refusal| (&refusal.draft.author, &refusal.draft.message));
    // A browser drops the first line break in a textarea, so one is put there for it.
    format!(
        r#"<form class="card" method="post" action="/entries" enctype="multipart/form-data">
<h2>Sign the book</h2>
{csrf}<label for="author">Your name</label>
<input id="author" name="author" value="{author}" maxlength="80" required autocomplete="nickname">
<label for="message">Your message</label>
<textarea id="message" name="message" rows="5" maxlength="2000" required>
{message}</textarea>
<label for="photo">A photo, if you like</label>
<input id="photo" name="photo" type="file" accept="image/*">
<button>Write it down</button>
</form>
"#,
        csrf = csrf(&book.visitor),
        author = Escaped(author),
        message = Escaped(message),
    )
}

/// For signing in, or out.
pub fn sign_in(visitor: &Visitor) -> String {
    let csrf = csrf(visitor);
    match &visitor.name {
        Some(name) => format!(
            r#"<form class="card plain" method="post" action="/logout">
{csrf}<div class="row"><p>Signed in as <strong>{}</strong></p>
<button class="quiet">Sign out</button></div>
</form>
"#,
            Escaped(name)
        ),
        None => format!(
            r#"<form class="card plain" method="post" action="/login">
{csrf}<label for="name">Sign in, to be able to delete what you write</label>
<div class="row"><input id="name" name="name" maxlength="80" required autocomplete="username" placeholder="Any name">
<button class="quiet">Sign in</button></div>
</form>
"#
        ),
    }
}

/// For deleting an entry, where it belongs to the visitor.
pub fn delete(entry: &Entry, visitor: &Visitor) -> String {
    if entry.owner.is_none() || entry.owner != visitor.name {
        return String::new();
    }
    let (id, csrf) = (entry.id, csrf(visitor));
    format!(
        r#"<form method="post" action="/entries/{id}/delete">{csrf}<button class="quiet">Delete</button></form>"#
    )
}

fn csrf(visitor: &Visitor) -> String {
    format!(r#"<input type="hidden" name="csrf" value="{}">"#, Escaped(&visitor.csrf))
}

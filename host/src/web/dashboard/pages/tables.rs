//! The frame of tables.

use maud::{Markup, html};

/// A card with a table, which may be moved sideways where it is too wide.
pub(super) fn card(id: &str, title: &str, beside: &Markup, caption: &str, table: &Markup) -> Markup {
    html! {
        section.card {
            div.head { h2 id=(id) { (title) } (beside) }
            (scrolling(id, caption, "", table))
        }
    }
}

/// A table that may be moved, also by the keyboard.
pub(super) fn scrolling(id: &str, caption: &str, class: &str, table: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby=(id) {
            table class=(class) { caption { span.visually-hidden { (caption) } } (table) }
        }
    }
}

//! The guestbook, one contract for every language: each of these steps passes with each guest on
//! each database.
//!
//! A host is started once for a guest and a database; the steps visit it one after the other, each
//! as visitors of its own, and none depends on what another left behind.

mod entries;
mod pages;
mod photos;
pub(crate) mod reader;
mod survival;
mod visitors;

use std::sync::Arc;

use support::{Engine, TestHost};

/// A host that the steps share.
type Host = Arc<TestHost>;

on_both_databases! {
    the_guestbook_in_rust_keeps_the_contract,
    the_guestbook_in_javascript_keeps_the_contract,
    the_guestbook_in_typescript_keeps_the_contract,
    the_guestbook_in_python_keeps_the_contract,
    the_guestbook_in_go_keeps_the_contract,
    the_guestbook_in_c_keeps_the_contract,
    the_guestbook_in_zig_keeps_the_contract,
    the_guestbook_in_cpp_keeps_the_contract,
}

async fn the_guestbook_in_rust_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-rust").await;
}

async fn the_guestbook_in_javascript_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-javascript").await;
}

async fn the_guestbook_in_typescript_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-typescript").await;
}

async fn the_guestbook_in_python_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-python").await;
}

async fn the_guestbook_in_go_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-go").await;
}

async fn the_guestbook_in_c_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-c").await;
}

async fn the_guestbook_in_zig_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-zig").await;
}

async fn the_guestbook_in_cpp_keeps_the_contract(engine: Engine) {
    keeps_the_contract(engine, "guestbook-cpp").await;
}

/// Runs every step and tells at the end which have failed; why is in the output above.
macro_rules! run_steps {
    ($host:ident: $($module:ident { $($step:ident),+ $(,)? })+) => {{
        let mut failed = Vec::new();
        $($(
            if tokio::spawn($module::$step($host.clone())).await.is_err() {
                failed.push(stringify!($step));
            }
        )+)+
        failed
    }};
}

async fn keeps_the_contract(engine: Engine, guest: &str) {
    let host = Arc::new(TestHost::of(engine, "guestbook", guest).await);
    let failed = run_steps! { host:
        pages {
            an_empty_book_is_a_page_with_a_form,
            the_book_shows_the_newest_entry_first,
            text_in_the_book_never_becomes_markup,
            who_is_signed_in_is_shown,
            a_message_is_shown_once,
            every_visit_is_counted,
            the_head_of_the_book_comes_without_the_book,
            what_is_not_there_is_not_found,
            numbers_in_an_address_are_whole_numbers,
            a_wrong_method_is_answered_with_the_right_ones,
        }
        entries {
            an_entry_leads_back_to_the_book,
            text_survives_byte_for_byte,
            an_incomplete_entry_comes_back_to_be_corrected,
            a_form_without_its_token_is_refused,
            pages_of_json_list_every_entry_once,
            nobody_else_deletes_an_entry,
            only_its_number_names_an_entry,
            names_are_counted_in_characters,
            the_first_field_of_a_name_counts,
            an_entry_and_its_photo_go_together,
        }
        photos {
            a_photo_comes_back_as_it_was_sent,
            an_entry_without_a_photo_has_none,
            parts_of_a_photo_are_the_right_ones,
            a_part_behind_the_end_is_refused,
            a_photo_that_the_visitor_has_is_not_sent_again,
            the_head_of_a_photo_comes_without_the_photo,
            a_photo_that_is_too_large_is_refused,
            a_visitor_who_reads_last_still_gets_the_refusal,
            a_file_that_is_no_image_is_refused,
            a_second_photo_is_refused,
        }
        visitors {
            a_new_visitor_gets_a_cookie_that_scripts_cannot_read,
            signing_in_renews_the_session,
            signing_out_forgets_the_visitor,
            signing_in_needs_the_token,
            visitors_do_not_see_each_other,
        }
    };
    assert!(failed.is_empty(), "{guest} on {engine:?} fails: {failed:#?}\nthe host says:\n{}", host.logs());
}

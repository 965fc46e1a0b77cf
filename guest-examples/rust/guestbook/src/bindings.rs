//! What `wit_bindgen` generates from the contract. Everything else in this crate is written by
//! hand.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "innkeeper:storage/web-app",
    generate_all,
});

//! What `wit_bindgen` generates from the contract, once for all guests of the tests.
#![allow(missing_docs, reason = "generated code")]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "innkeeper:storage/web-app",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "guest::bindings",
});

//! Requests and responses over `wasi:http`.

pub mod body;
pub mod request;
pub mod response;
pub mod router;

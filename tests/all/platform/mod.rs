//! What Heroku asks of the repository and of the host, each rule beside what stands in for it.

mod buildpack;
mod files;
mod slug;

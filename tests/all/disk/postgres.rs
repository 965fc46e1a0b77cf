//! The same for the disk of a Postgres server.

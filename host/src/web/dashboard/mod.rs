//! The dashboard of the operator: pages about all apps, in any browser, without a script.

mod origin;
mod session;
mod view;

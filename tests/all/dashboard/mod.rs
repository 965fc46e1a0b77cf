//! The operator's dashboard: as a person uses it in a browser, and as others would misuse it.

mod browser;
mod doors;

use support::{Engine, TestHost};

const VARIABLE: &str = "INNKEEPER_ADMIN_TOKEN";
const TOKEN: &str = "a-token-of-the-operator,0123456789=";
const HOME: &str = "/_innkeeper/admin/";
const SIGN_IN: &str = "/_innkeeper/admin/ui/sign-in";

/// A host with an app `shop` of two versions, the second of which is active.
async fn shop(engine: Engine) -> TestHost {
    let host = TestHost::with(engine).app("shop", "hello").env(VARIABLE, TOKEN).start().await;
    host.swap("shop", "page").await;
    host
}

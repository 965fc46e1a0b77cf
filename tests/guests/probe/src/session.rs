//! The operations `session.*`.

use guest::bindings::innkeeper::storage::session;
use serde_json::json;

use crate::args::Args;
use crate::failure::Failure;
use crate::run::Outcome;

/// A function of the interface.
pub fn perform(name: &str, args: Args) -> Outcome {
    let key = || args.text("key");
    Ok(match name {
        "get" => json!(session::get(key()?)?),
        "set" => json!(session::set(key()?, args.text("value")?)?),
        "remove" => json!(session::remove(key()?)?),
        "get-keys" => json!(session::get_keys()?),
        "increment" => json!(session::increment(key()?, args.number("by")?)?),
        "compare-and-set" => {
            json!(session::compare_and_set(key()?, args.optional_text("expected")?, args.text("value")?)?)
        }
        "flash" => json!(session::flash(args.text("message")?)?),
        "take-flash" => json!(session::take_flash()?),
        "get-user" => json!(session::get_user()?),
        "renew" => json!(session::renew(args.optional_text("user")?)?),
        "set-expiry" => {
            let idle = args.optional_number("idle-seconds")?;
            json!(session::set_expiry(idle, args.optional_number("absolute-seconds")?)?)
        }
        "destroy" => json!(session::destroy()?),
        "destroy-all" => json!(session::destroy_all(args.text("user")?)?),
        "csrf-token" => json!(session::csrf_token(args.text("form")?)?),
        "csrf-check" => json!(session::csrf_check(args.text("form")?, args.text("token")?)?),
        _ => return Err(Failure::unknown_op()),
    })
}

//! Texts that stand for parts of earlier results: `$0.ok.id`, `$3.ok.rows.0.1`.

use serde_json::Value as Json;

use crate::failure::Failure;

/// The step with all such texts replaced by what they stand for.
pub fn resolve(step: &Json, results: &[Json]) -> Result<Json, Failure> {
    match step {
        Json::String(text) => resolve_text(text, results),
        Json::Array(items) => items.iter().map(|item| resolve(item, results)).collect(),
        Json::Object(members) => {
            let resolved = |(name, member): (&String, &Json)| Ok((name.clone(), resolve(member, results)?));
            members.iter().map(resolved).collect::<Result<_, _>>().map(Json::Object)
        }
        other => Ok(other.clone()),
    }
}

fn resolve_text(text: &str, results: &[Json]) -> Result<Json, Failure> {
    let Some((index, path)) = reference(text) else {
        return Ok(Json::String(text.to_owned()));
    };
    let found = results.get(index).and_then(|result| path.split('.').try_fold(result, member));
    found.cloned().ok_or_else(|| Failure::bad_step(&format!("{text} stands for nothing")))
}

/// A placeholder of SQL (`$1`) is no reference: that begins with `$N.ok` or `$N.error`.
fn reference(text: &str) -> Option<(usize, &str)> {
    let (index, path) = text.strip_prefix('$')?.split_once('.')?;
    let first = path.split('.').next()?;
    matches!(first, "ok" | "error").then_some((index.parse().ok()?, path))
}

fn member<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
    match json {
        Json::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_stands_for_part_of_an_earlier_result() {
        let results = [json!({"ok": {"id": "a", "rows": [[1, 2]]}})];
        let step = json!({"id": "$0.ok.id", "params": ["$0.ok.rows.0.1", "$1", "$0.x"]});
        let resolved = resolve(&step, &results).ok();
        assert_eq!(resolved, Some(json!({"id": "a", "params": [2, "$1", "$0.x"]})));
    }

    #[test]
    fn a_reference_to_nothing_is_an_error() {
        assert!(resolve(&json!("$0.ok"), &[]).is_err());
        assert!(resolve(&json!("$0.error.code"), &[json!({"ok": 1})]).is_err());
    }
}

//! Changes of one app: whole or not at all, and never at the cost of another app.

use super::{Api, ROOT, ROOT_VARIABLE, component, host, kind};
use http::Method;
use serde_json::{Value, json};
use support::{Answer, Engine, TestHost};

on_both_databases! {
    requests_of_another_app_take_a_scope_for_that_one,
    a_variable_of_the_host_takes_the_scope_admin,
    a_change_is_made_whole_or_not_at_all,
    changes_at_once_are_all_kept,
    a_host_name_at_which_no_app_answers_takes_the_scope_admin,
}

async fn patch(api: &mut Api, path: &str, changes: &Value) -> Answer {
    api.json(Method::PATCH, path, changes).await
}

async fn requests_of_another_app_take_a_scope_for_that_one(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("hello", "hello").env(ROOT_VARIABLE, ROOT);
    let host = host.start().await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["deploy:hello", "config:hello"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let routes = |api: &Value| api["routes"].clone();
    let before = routes(&root.get("/apps/hello").await.expect(200).json());
    let sha256 = api.bring("hello", &component("hello")).await;
    for route in ["/login", "/hello-2", "probe.example.org"] {
        let changes = json!({ "routes": ["/hello", route], "limits": { "cpu-per-request": "1s" } });
        let refused = patch(&mut api, "/apps/hello/settings", &changes).await.expect(403).json();
        let message = refused["message"].as_str().expect("a message");
        assert!(message.contains(&format!("another app answers at {route} so far")), "{message}");
        assert_eq!(refused["scope"], json!("config:probe"), "{refused}");
        let order = json!({ "sha256": sha256, "deploy": { "routes": ["/hello", route] } });
        let refused = api.post("/apps/hello/deployments", &order).await.expect(403).json();
        assert_eq!(refused["scope"], json!("config:probe"), "{refused}");
    }
    let settings = root.get("/apps/hello/settings").await.expect(200).json();
    assert_eq!((routes(&settings), &settings["limits"]), (before.clone(), &json!({})));
    // What it has already, and what is below that, is its own.
    let own = json!({ "routes": ["/hello", "/hello/below"] });
    assert_eq!(before, json!(["/hello"]), "where a second app lives");
    patch(&mut api, "/apps/hello/settings", &own).await.expect(200);
    let both = root.make_token(&["config:hello", "config:probe"]).await;
    let mut both = Api::new(host.visitor(), &both);
    let taken = patch(&mut both, "/apps/hello/settings", &json!({ "routes": ["/login"] })).await.expect(200);
    assert_eq!(routes(&taken.json()), json!(["/login"]));
}

async fn a_variable_of_the_host_takes_the_scope_admin(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["config:probe"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let given = json!({ "set": { "key": { "from-env": "STRIPE_KEY" } } });
    let refused = patch(&mut api, "/apps/probe/config", &given).await.expect(403).json();
    assert_eq!(refused["scope"], json!("admin"), "{refused}");
    assert_eq!(root.get("/apps/probe/config").await.expect(200).json(), json!([]));
    patch(&mut root, "/apps/probe/config", &given).await.expect(200);
    let renamed = json!({ "set": { "other": { "from-env": "STRIPE_KEY" } }, "unset": ["key"] });
    patch(&mut api, "/apps/probe/config", &renamed).await.expect(200);
    let another = json!({ "set": { "other": { "from-env": "OTHER_KEY" } } });
    patch(&mut api, "/apps/probe/config", &another).await.expect(403);
}

async fn a_change_is_made_whole_or_not_at_all(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("hello", "hello").env(ROOT_VARIABLE, ROOT);
    let host = host.start().await;
    let mut api = Api::root(&host);
    patch(&mut api, "/apps/hello/config", &json!({ "set": { "A": { "value": "1" } } })).await.expect(200);
    let before = api.get("/apps/hello/settings").await.expect(200).json();
    let taken = json!({ "routes": ["/"], "cross-origin": "allow", "keep-versions": 3, "limits": { "cpu-per-request": "1s" } });
    let refused = patch(&mut api, "/apps/hello/settings", &taken).await.expect(409);
    assert_eq!(kind(&refused), "conflict");
    let wrong = json!({ "unset": ["A"], "set": { "B": { "from-env": "DATABASE_URL" } } });
    patch(&mut api, "/apps/hello/config", &wrong).await.expect(400);
    let unknown = json!({ "unset": ["A", "no-such"], "set": { "B": { "value": "2" } } });
    patch(&mut api, "/apps/hello/config", &unknown).await.expect(404);
    assert_eq!(api.get("/apps/hello/settings").await.expect(200).json(), before);
    let good = json!({ "unset": ["A"], "set": { "B": { "value": "2" } } });
    let after = patch(&mut api, "/apps/hello/config", &good).await.expect(200).json();
    let names: Vec<&Value> =
        after["config"].as_array().expect("a list").iter().map(|entry| &entry["name"]).collect();
    assert_eq!(names, [&json!("B")]);
    let audit = api.get("/audit?app=hello&limit=20").await.expect(200).json();
    let told: Vec<(&str, &str)> = audit
        .as_array()
        .expect("a list")
        .iter()
        .filter(|entry| entry["result"] == "ok")
        .map(|entry| (entry["action"].as_str().expect("text"), entry["detail"].as_str().expect("text")))
        .collect();
    assert_eq!(told.first_chunk::<2>(), Some(&[("config set", "B"), ("config unset", "A")]));
}

async fn changes_at_once_are_all_kept(engine: Engine) {
    let host = host(engine).await;
    let mut changes = tokio::task::JoinSet::new();
    for number in 0..20 {
        let mut api = Api::root(&host);
        changes.spawn(async move {
            let name = format!("key-{number:02}");
            let set = json!({ "set": { name: { "value": "1" } } });
            patch(&mut api, "/apps/probe/config", &set).await.expect(200);
        });
    }
    changes.join_all().await;
    let config = Api::root(&host).get("/apps/probe/config").await.expect(200).json();
    assert_eq!(config.as_array().expect("a list").len(), 20, "{config}");
}

async fn a_host_name_at_which_no_app_answers_takes_the_scope_admin(engine: Engine) {
    let host = TestHost::with(engine).app_at("shop", "probe", "shop.example").env(ROOT_VARIABLE, ROOT);
    let host = host.start().await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["config:shop", "deploy:shop"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let sha256 = api.bring("shop", &component("hello")).await;
    let routes = json!(["shop.example", "dashboard.example"]);
    let refused = patch(&mut api, "/apps/shop/settings", &json!({ "routes": routes })).await.expect(403).json();
    assert_eq!(refused["scope"], json!("admin"), "{refused}");
    let message = refused["message"].as_str().expect("a message");
    assert!(message.starts_with("no app answers at dashboard.example so far"), "{message}");
    let order = json!({ "sha256": sha256, "deploy": { "routes": routes } });
    let refused = api.post("/apps/shop/deployments", &order).await.expect(403).json();
    assert_eq!(refused["scope"], json!("admin"), "{refused}");
    let below = json!({ "routes": ["shop.example", "/shop"] });
    patch(&mut api, "/apps/shop/settings", &below).await.expect(200);
    patch(&mut root, "/apps/shop/settings", &json!({ "routes": routes })).await.expect(200);
    // From now on it is its own.
    patch(&mut api, "/apps/shop/settings", &json!({ "routes": routes, "keep-versions": 3 })).await.expect(200);
}

//! Which guest answers: by host name first, then by the longest path prefix.

use super::registry::{Closed, Guest, Why};
use crate::storage::registry::App;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What is behind a route.
#[derive(Debug, Clone)]
pub enum Room {
    /// A guest answers.
    Open(Arc<Guest>),
    /// Its app cannot be served for now.
    Closed(Arc<Closed>),
}

impl Room {
    fn app(&self) -> &str {
        match self {
            Self::Open(guest) => guest.app.space.app(),
            Self::Closed(closed) => &closed.app,
        }
    }

    fn routes(&self) -> &[String] {
        match self {
            Self::Open(guest) => &guest.routes,
            Self::Closed(closed) => &closed.routes,
        }
    }
}

/// The map from route to guest. A route is a path prefix (`/`, `/blog`) or a host name
/// (`blog.example.org`). How long a look into it takes does not depend on how many apps there are.
#[derive(Debug, Default, Clone)]
pub struct Routes {
    hosts: HashMap<Arc<str>, Room>,
    /// Without a slash at the end.
    prefixes: HashMap<Arc<str>, Room>,
    /// Bytes of the longest prefix.
    longest: usize,
    /// By the name of the app.
    apps: HashMap<Arc<str>, Room>,
}

impl Routes {
    /// Sorts rooms by their routes.
    pub fn new(rooms: impl IntoIterator<Item = Room>) -> Self {
        let mut routes = Self::default();
        rooms.into_iter().for_each(|room| routes.put(room));
        routes
    }

    fn put(&mut self, room: Room) {
        self.apps.insert(room.app().into(), room.clone());
        for route in room.routes() {
            match Place::of(route) {
                Place::Prefix(prefix) => {
                    self.longest = self.longest.max(prefix.len());
                    self.prefixes.insert(prefix.into(), room.clone());
                }
                Place::Host(host) => {
                    self.hosts.insert(host.into(), room.clone());
                }
            }
        }
    }

    /// Another app may have come to the same place meanwhile: that one stays.
    fn remove(&mut self, app: &str) {
        let Some(room) = self.apps.remove(app) else { return };
        for route in room.routes() {
            let (places, place) = match Place::of(route) {
                Place::Prefix(prefix) => (&mut self.prefixes, prefix),
                Place::Host(host) => (&mut self.hosts, host),
            };
            if places.get(place).is_some_and(|there| there.app() == app) {
                places.remove(place);
            }
        }
    }

    /// What is there for a host name (lower case, without port) and a path.
    pub fn find(&self, host: Option<&str>, path: &str) -> Option<&Room> {
        let by_host = host.and_then(|host| self.hosts.get(host));
        by_host.or_else(|| prefixes(path, self.longest).find_map(|prefix| self.prefixes.get(prefix)))
    }

    /// Whether requests for a host name (as for [`Self::find`]) are the business of an app with
    /// this route. A host name that is an app's own is no other app's.
    pub fn is_at_home(&self, route: &str, host: Option<&str>) -> bool {
        match route.starts_with('/') {
            true => host.is_none_or(|host| !self.hosts.contains_key(host)),
            false => host == Some(route),
        }
    }

    /// Whether there is any app.
    pub fn is_empty(&self) -> bool {
        self.apps.is_empty()
    }

    /// What is there for each app.
    pub fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.apps.values()
    }

    /// All guests.
    pub fn guests(&self) -> impl Iterator<Item = &Arc<Guest>> {
        self.apps.values().filter_map(|room| match room {
            Room::Open(guest) => Some(guest),
            Room::Closed(_) => None,
        })
    }

    /// The guest of an app.
    pub fn guest_of(&self, app: &str) -> Option<&Arc<Guest>> {
        match self.apps.get(app)? {
            Room::Open(guest) => Some(guest),
            Room::Closed(_) => None,
        }
    }

    /// What is there for an app.
    pub fn room_of(&self, app: &str) -> Option<&Room> {
        self.apps.get(app)
    }

    /// The same routes with another room for an app, or with none. It takes no new name and no new
    /// hash of all others, since a host with many apps does this for each.
    pub(super) fn with(&self, app: &str, room: Option<Room>) -> Self {
        let mut routes = self.clone();
        routes.remove(app);
        room.into_iter().for_each(|room| routes.put(room));
        routes
    }

    /// All apps that cannot be served for now, for one reason.
    pub fn closed(&self, why: Why) -> impl Iterator<Item = &Arc<Closed>> {
        self.apps.values().filter_map(move |room| match room {
            Room::Closed(closed) if closed.why == why => Some(closed),
            _ => None,
        })
    }
}

/// Where a route leads to.
#[derive(PartialEq, Eq)]
enum Place<'a> {
    Prefix(&'a str),
    Host(&'a str),
}

impl<'a> Place<'a> {
    fn of(route: &'a str) -> Self {
        if route.starts_with('/') { Self::Prefix(route.trim_end_matches('/')) } else { Self::Host(route) }
    }
}

/// What a path may begin with up to the end of one of its segments, the longest first and none
/// longer than `longest`; at last the empty one.
fn prefixes(path: &str, longest: usize) -> impl Iterator<Item = &str> {
    let ends = path.bytes().enumerate().take(longest.saturating_add(1));
    let slashes = ends.filter(|(_, byte)| *byte == b'/').map(|(at, _)| at).rev();
    let whole = (path.len() <= longest).then_some(path.len());
    whole.into_iter().chain(slashes).filter_map(|end| path.get(..end))
}

/// The other apps that answer today what `app` would answer with a further route, by name. At a
/// host name that nobody has these are all apps with a path. `/<app>` is the app's own place: it
/// would get that without asking.
pub fn displaced<'a>(apps: &'a [App], app: &str, route: &str) -> BTreeSet<&'a str> {
    if route.strip_prefix('/') == Some(app) {
        return BTreeSet::new();
    }
    let holders = |wanted: &str| {
        let wanted = wanted.to_owned();
        let holds = move |there: &&App| there.routes.iter().any(|route| Place::of(route) == Place::of(&wanted));
        apps.iter().filter(holds).map(|app| app.name.as_str())
    };
    let found: BTreeSet<&str> = match Place::of(route) {
        Place::Prefix(prefix) => {
            let nearest = prefixes(prefix, prefix.len()).map(|prefix| format!("{prefix}/"));
            nearest
                .map(|prefix| holders(&prefix).collect())
                .find(|found: &BTreeSet<_>| !found.is_empty())
                .unwrap_or_default()
        }
        Place::Host(_) => match holders(route).next() {
            Some(holder) => BTreeSet::from([holder]),
            None => {
                let has_path = |app: &&App| app.routes.iter().any(|route| route.starts_with('/'));
                apps.iter().filter(has_path).map(|app| app.name.as_str()).collect()
            }
        },
    };
    found.into_iter().filter(|name| *name != app).collect()
}

/// Whether a route is a host name at whose `/` no app answers. Whoever gets it could put a page
/// before those of the host, such as its dashboard.
pub fn is_free(apps: &[App], route: &str) -> bool {
    let mut routes = apps.iter().flat_map(|app| &app.routes);
    let answers = |there: &String| Place::of(there) == Place::of(route) || Place::of(there) == Place::Prefix("");
    matches!(Place::of(route), Place::Host(_)) && !routes.any(answers)
}

/// Checks a route that someone has asked for. Returns it in the form in which it is stored.
pub fn check(route: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let fits = match route.strip_prefix('/') {
        Some(path) => {
            path.chars().all(|c| allowed(c) || c == '/')
                && !route.contains("//")
                && !path.starts_with("_innkeeper")
                // No browser ever asks for these.
                && !path.split('/').any(|segment| [".", ".."].contains(&segment))
        }
        None => route.contains('.') && route.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)),
    };
    if !fits || route.len() > 255 {
        return Err(format!(
            "route {route:?}: give a path such as / or /blog, or a host name such as blog.example.org"
        ));
    }
    Ok(match route {
        "/" => route.to_owned(),
        // A path means what it says, in upper case too.
        path if path.starts_with('/') => path.trim_end_matches('/').to_owned(),
        host => host.to_ascii_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::{App, Closed, Room, Routes, Why, check};
    use std::sync::Arc;

    fn routes(of: &[&str]) -> Routes {
        Routes::new(of.iter().map(|route| {
            let (app, routes) = (format!("app of {route}"), vec![(*route).to_owned()]);
            Room::Closed(Arc::new(Closed { app, routes, why: Why::Broken, reason: String::new() }))
        }))
    }

    #[test]
    fn a_prefix_ends_at_a_slash_and_the_longest_answers() {
        let routes = routes(&["/", "/blog", "/blog/old/", "/a", "blog.example.org"]);
        let found = |path: &str| routes.find(None, path).map(|room| room.routes()[0].clone());
        for (path, route) in [
            ("/blog", "/blog"),
            ("/blog/", "/blog"),
            ("/blog/1", "/blog"),
            ("/blog/older", "/blog"),
            ("/blog/old", "/blog/old/"),
            ("/blog/old/", "/blog/old/"),
            ("/blog/old/1/2/3", "/blog/old/"),
            ("/blogs", "/"),
            ("/a//b", "/a"),
            ("/a/blog", "/a"),
            ("//blog", "/"),
            ("/", "/"),
            ("/anything/at/all", "/"),
            ("", "/"),
        ] {
            assert_eq!(found(path).as_deref(), Some(route), "{path}");
        }
        let by_host = routes.find(Some("blog.example.org"), "/a").map(|room| room.routes()[0].as_str());
        assert_eq!(by_host, Some("blog.example.org"));
    }

    #[test]
    fn where_no_prefix_fits_nothing_answers() {
        let routes = routes(&["/blog"]);
        for path in ["/", "", "*", "/blo", "/blogs", "/other/blog"] {
            assert!(routes.find(None, path).is_none(), "{path}");
        }
        assert!(routes.find(Some("blog"), "/blog/1").is_some());
    }

    #[test]
    fn an_app_is_found_by_its_name() {
        let routes = routes(&["/", "/blog"]);
        assert!(routes.room_of("app of /blog").is_some());
        assert!(routes.room_of("app of /other").is_none());
        assert!(routes.guest_of("app of /blog").is_none(), "it is closed");
        assert_eq!(routes.closed(Why::Broken).count(), 2);
    }

    #[test]
    fn an_app_that_moves_is_found_at_its_new_route_alone() {
        let moved = |app: &str, route: &str| {
            let (app, routes) = (app.to_owned(), vec![route.to_owned()]);
            Room::Closed(Arc::new(Closed { app, routes, why: Why::Broken, reason: String::new() }))
        };
        let app_at = |routes: &Routes, path: &str| routes.find(None, path).map(|room| room.app().to_owned());
        let before = routes(&["/blog", "/shop", "blog.example.org"]);
        let after = before.with("app of /blog", Some(moved("app of /blog", "/journal/")));
        assert_eq!(app_at(&after, "/journal/1").as_deref(), Some("app of /blog"));
        assert_eq!((app_at(&after, "/blog"), before.find(None, "/journal").is_none()), (None, true));
        // The one comes to a place before the other leaves it.
        let both = before.with("app of /shop", Some(moved("app of /shop", "/blog")));
        let swapped = both.with("app of /blog", Some(moved("app of /blog", "/shop")));
        assert_eq!(app_at(&swapped, "/blog").as_deref(), Some("app of /shop"));
        assert_eq!(app_at(&swapped, "/shop").as_deref(), Some("app of /blog"));
        let gone = swapped.with("app of blog.example.org", None);
        assert!(gone.find(Some("blog.example.org"), "/x").is_none());
        assert!(gone.room_of("app of blog.example.org").is_none() && gone.room_of("app of /shop").is_some());
    }

    #[test]
    fn a_further_route_takes_requests_from_whoever_has_answered_them() {
        let app = |name: &str, routes: &[&str]| App {
            routes: routes.iter().map(|route| (*route).to_owned()).collect(),
            ..App::unsaved(name)
        };
        let apps = [
            app("root", &["/", "root.example.org"]),
            app("blog", &["/blog", "blog.example.org"]),
            app("shop", &["shop.example.org"]),
        ];
        let displaced = |name: &str, route: &str| Vec::from_iter(super::displaced(&apps, name, route));
        for (name, route, from) in [
            ("new", "/new", vec![]),
            ("new", "/new/below", vec!["root"]),
            ("new", "/other", vec!["root"]),
            ("new", "/blogs", vec!["root"]),
            ("new", "/blog/login", vec!["blog"]),
            ("new", "/blog", vec!["blog"]),
            ("blog", "/blog", vec![]),
            ("blog", "/blog/new", vec![]),
            ("blog", "/", vec!["root"]),
            ("new", "shop.example.org", vec!["shop"]),
            ("new", "new.example.org", vec!["blog", "root"]),
            ("root", "new.example.org", vec!["blog"]),
            ("shop", "shop.example.org", vec![]),
        ] {
            assert_eq!(displaced(name, route), from, "{name} at {route}");
        }
        assert!(super::displaced(&apps[1..], "new", "/").is_empty(), "nobody answers there");
        for (apps, route, is_free) in [
            (&apps[..], "new.example.org", false),
            (&apps[1..], "new.example.org", true),
            (&apps[1..], "shop.example.org", false),
            (&apps[1..], "/", false),
        ] {
            assert_eq!(super::is_free(apps, route), is_free, "{route}");
        }
    }

    #[test]
    fn routes_are_paths_or_host_names() {
        assert_eq!(check("/Blog/"), Ok("/Blog".into()));
        assert_eq!(check("Blog.example.org"), Ok("blog.example.org".into()));
        assert_eq!(check("/"), Ok("/".into()));
        assert_eq!(check("blog.example.org"), Ok("blog.example.org".into()));
        for wrong in ["blog", "", "/a b", "/_innkeeper/x", "http://x.y", "//", "/a/../b", "/.", "/a/.."] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}

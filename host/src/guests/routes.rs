//! Which guest answers: by host name first, then by the longest path prefix.

use super::registry::{Closed, Guest, Why};
use std::collections::HashMap;
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
    fn route(&self) -> &str {
        match self {
            Self::Open(guest) => &guest.route,
            Self::Closed(closed) => &closed.route,
        }
    }

    fn app(&self) -> &str {
        match self {
            Self::Open(guest) => guest.app.space.app(),
            Self::Closed(closed) => &closed.app,
        }
    }
}

/// The map from route to guest. A route is a path prefix (`/`, `/blog`) or a host name (`blog.example.org`).
#[derive(Debug, Default)]
pub struct Routes {
    hosts: HashMap<String, Room>,
    /// The longest first.
    prefixes: Vec<(String, Room)>,
}

impl Routes {
    /// Sorts rooms by their routes.
    pub fn new(rooms: impl IntoIterator<Item = Room>) -> Self {
        let mut routes = Self::default();
        for room in rooms {
            let route = room.route().to_owned();
            if route.starts_with('/') {
                routes.prefixes.push((route.trim_end_matches('/').to_owned(), room));
            } else {
                routes.hosts.insert(route, room);
            }
        }
        routes.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        routes
    }

    /// What is there for a host name (lower case, without port) and a path.
    pub fn find(&self, host: Option<&str>, path: &str) -> Option<&Room> {
        let by_host = host.and_then(|host| self.hosts.get(host));
        by_host.or_else(|| self.prefixes.iter().find(|(prefix, _)| is_below(path, prefix)).map(|(_, room)| room))
    }

    /// Whether requests for a host name (as for [`Self::find`]) are the business of an app with this route. A host name that is
    /// an app's own is no other app's.
    pub fn is_at_home(&self, route: &str, host: Option<&str>) -> bool {
        match route.starts_with('/') {
            true => host.is_none_or(|host| !self.hosts.contains_key(host)),
            false => host == Some(route),
        }
    }

    /// Whether there is any app.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.prefixes.is_empty()
    }

    fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.hosts.values().chain(self.prefixes.iter().map(|(_, room)| room))
    }

    /// All guests.
    pub fn guests(&self) -> impl Iterator<Item = &Arc<Guest>> {
        self.rooms().filter_map(|room| match room {
            Room::Open(guest) => Some(guest),
            Room::Closed(_) => None,
        })
    }

    /// The guest of an app.
    pub fn guest_of(&self, app: &str) -> Option<&Arc<Guest>> {
        self.guests().find(|guest| **guest.app.space.app() == *app)
    }

    /// What is there for an app.
    pub fn room_of(&self, app: &str) -> Option<&Room> {
        self.rooms().find(|room| room.app() == app)
    }

    /// The same routes with another room for an app, or with none.
    pub(super) fn with(&self, app: &str, room: Option<Room>) -> Self {
        Self::new(self.rooms().filter(|other| other.app() != app).cloned().chain(room))
    }

    /// All apps that cannot be served for now, for one reason.
    pub fn closed(&self, why: Why) -> impl Iterator<Item = &Arc<Closed>> {
        self.rooms().filter_map(move |room| match room {
            Room::Closed(closed) if closed.why == why => Some(closed),
            _ => None,
        })
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks a route that someone has asked for. Returns it in the form in which it is stored.
pub fn check(route: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let fits = match route.strip_prefix('/') {
        Some(path) => {
            path.chars().all(|c| allowed(c) || c == '/')
                && !route.contains("//")
                && !path.starts_with("_innkeeper")
        }
        None => route.contains('.') && route.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)),
    };
    if !fits || route.len() > 255 {
        return Err(format!(
            "route {route:?}: give a path such as / or /blog, or a host name such as blog.example.org"
        ));
    }
    let route = route.to_ascii_lowercase();
    Ok(if route.len() > 1 { route.trim_end_matches('/').to_owned() } else { route })
}

#[cfg(test)]
mod tests {
    use super::{check, is_below};

    #[test]
    fn a_prefix_ends_at_a_slash() {
        assert!(is_below("/blog", "/blog"));
        assert!(is_below("/blog/1", "/blog"));
        assert!(!is_below("/blogs", "/blog"));
        assert!(is_below("/anything", ""));
    }

    #[test]
    fn routes_are_paths_or_host_names() {
        assert_eq!(check("/Blog/"), Ok("/blog".into()));
        assert_eq!(check("/"), Ok("/".into()));
        assert_eq!(check("blog.example.org"), Ok("blog.example.org".into()));
        for wrong in ["blog", "", "/a b", "/_innkeeper/x", "http://x.y", "//"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}

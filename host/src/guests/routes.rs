//! Which guest answers: by host name first, then by the longest path prefix.

use super::registry::Guest;
use std::collections::HashMap;
use std::sync::Arc;

/// The map from route to guest. A route is a path prefix (`/`, `/blog`) or a host name (`blog.example.org`).
#[derive(Debug, Default)]
pub struct Routes {
    hosts: HashMap<String, Arc<Guest>>,
    /// The longest first.
    prefixes: Vec<(String, Arc<Guest>)>,
}

impl Routes {
    /// Sorts guests by their routes.
    pub fn new(guests: impl IntoIterator<Item = Arc<Guest>>) -> Self {
        let mut routes = Self::default();
        for guest in guests {
            let route = guest.route.clone();
            if route.starts_with('/') {
                routes.prefixes.push((route.trim_end_matches('/').to_owned(), guest));
            } else {
                routes.hosts.insert(route, guest);
            }
        }
        routes.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        routes
    }

    /// The guest for a host name (lower case, without port) and a path.
    pub fn find(&self, host: Option<&str>, path: &str) -> Option<&Arc<Guest>> {
        let by_host = host.and_then(|host| self.hosts.get(host));
        by_host.or_else(|| self.prefixes.iter().find(|(prefix, _)| is_below(path, prefix)).map(|(_, guest)| guest))
    }

    /// Whether there is any guest.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.prefixes.is_empty()
    }

    /// All guests.
    pub fn guests(&self) -> impl Iterator<Item = &Arc<Guest>> {
        self.hosts.values().chain(self.prefixes.iter().map(|(_, guest)| guest))
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

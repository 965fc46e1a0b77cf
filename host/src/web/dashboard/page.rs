//! The addresses of the dashboard.

use crate::web::admin as api;
use std::borrow::Cow;

/// The first page.
pub(in crate::web) const HOME: &str = "/_innkeeper/admin/";
/// Below it are all other pages.
pub(super) const BASE: &str = "/_innkeeper/admin/ui";

/// What an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page<'a> {
    /// All apps.
    Overview,
    /// A form for a token.
    SignIn,
    /// Where the session ends.
    SignOut,
    /// One app.
    App(&'a str),
    /// What becomes of an app, and a button that does it.
    Act(&'a str, Act),
    /// A form for a component; of an app, or of one that does not exist yet.
    Deploy(Option<&'a str>),
    /// The limits in force.
    Limits,
    /// Who did what.
    Audit,
    /// The style sheet with this hash.
    Style(&'a str),
}

/// What can be done to an app by one button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Another version becomes active.
    Rollback,
    /// The canary becomes active.
    Promote,
    /// The canary ends.
    Abort,
}

/// Whether a path, without what all paths of the host begin with, is the dashboard's.
pub(in crate::web) fn is_dashboards(rest: &str) -> bool {
    matches!(rest, "/admin" | "/admin/" | "/admin/ui") || rest.starts_with("/admin/ui/")
}

impl<'a> Page<'a> {
    /// What a path leads to; none: nothing.
    pub(super) fn at(path: &'a str) -> Option<Self> {
        if path == HOME {
            return Some(Self::Overview);
        }
        let parts: Vec<&str> = path.strip_prefix(BASE)?.strip_prefix('/')?.split('/').collect();
        match parts[..] {
            ["sign-in"] => Some(Self::SignIn),
            ["sign-out"] => Some(Self::SignOut),
            ["limits"] => Some(Self::Limits),
            ["audit"] => Some(Self::Audit),
            ["deploy"] => Some(Self::Deploy(None)),
            ["apps", name] if !name.is_empty() => Some(Self::App(name)),
            ["apps", name, "deploy"] => Some(Self::Deploy(Some(name))),
            ["apps", name, act] => Act::named(act).map(|act| Self::Act(name, act)),
            [file] => file.strip_prefix("style-")?.strip_suffix(".css").map(Self::Style),
            _ => None,
        }
    }
}

impl Act {
    const ALL: [Self; 3] = [Self::Rollback, Self::Promote, Self::Abort];

    /// As it stands in an address.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Promote => "promote",
            Self::Abort => "abort",
        }
    }

    /// What the admin API calls it.
    pub(super) fn of_api(self) -> api::Act {
        match self {
            Self::Rollback => api::Act::Rollback,
            Self::Promote => api::Act::Promote,
            Self::Abort => api::Act::Abort,
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }
}

/// A parameter of an address; none where it is empty, too.
pub(super) fn parameter<'q>(query: Option<&'q str>, name: &str) -> Option<Cow<'q, str>> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value)
}

/// An address to go back to after the sign-in: one of the dashboard's own pages, or the first one.
pub(super) fn safe_return(to: Option<&str>) -> &str {
    let known = to.filter(|to| {
        let path = to.split('?').next().unwrap_or_default();
        let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain
            && Page::at(path).is_some_and(|page| !matches!(page, Page::SignIn | Page::SignOut | Page::Style(_)))
    });
    known.unwrap_or(HOME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_leads_to_its_page() {
        for (path, page) in [
            ("/_innkeeper/admin/", Some(Page::Overview)),
            ("/_innkeeper/admin/ui/sign-in", Some(Page::SignIn)),
            ("/_innkeeper/admin/ui/apps/shop", Some(Page::App("shop"))),
            ("/_innkeeper/admin/ui/apps/shop/rollback", Some(Page::Act("shop", Act::Rollback))),
            ("/_innkeeper/admin/ui/apps/shop/abort", Some(Page::Act("shop", Act::Abort))),
            ("/_innkeeper/admin/ui/apps/shop/deploy", Some(Page::Deploy(Some("shop")))),
            ("/_innkeeper/admin/ui/style-0a.css", Some(Page::Style("0a"))),
            ("/_innkeeper/admin", None),
            ("/_innkeeper/admin/ui", None),
            ("/_innkeeper/admin/ui/", None),
            ("/_innkeeper/admin/ui/apps/", None),
            ("/_innkeeper/admin/ui/apps/shop/", None),
            ("/_innkeeper/admin/ui/apps/shop/delete", None),
            ("/_innkeeper/admin/uix/limits", None),
        ] {
            assert_eq!(Page::at(path), page, "{path}");
        }
    }

    #[test]
    fn the_paths_of_the_dashboard_are_no_others() {
        for (rest, is) in [
            ("/admin", true),
            ("/admin/", true),
            ("/admin/ui/x", true),
            ("/administrator", false),
            ("/admin/v1/apps", false),
            ("/admin/uix", false),
        ] {
            assert_eq!(is_dashboards(rest), is, "{rest}");
        }
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        let own = "/_innkeeper/admin/ui/apps/shop?request=1";
        assert_eq!(safe_return(Some(own)), own);
        for other in [
            "https://evil.example/",
            "//evil.example/_innkeeper/admin/",
            "/\\evil.example",
            "/",
            "",
            "/_innkeeper/admin/ui/sign-out",
            "/_innkeeper/admin/ui/apps/../../../../x",
            "/_innkeeper/admin/\r\nSet-Cookie: a=b",
            "/_innkeeper/admin/?\u{e4}",
        ] {
            assert_eq!(safe_return(Some(other)), HOME, "{other}");
        }
        assert_eq!(safe_return(None), HOME);
    }

    #[test]
    fn a_parameter_is_decoded() {
        assert_eq!(parameter(Some("a=1&request=x%2By+z&b"), "request").as_deref(), Some("x+y z"));
        assert_eq!(parameter(Some("request="), "request"), None);
        assert_eq!(parameter(None, "request"), None);
    }
}

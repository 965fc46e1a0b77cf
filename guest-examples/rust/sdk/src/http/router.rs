//! Which address is answered by what.

use crate::{Error, IntoResponse, Request, Response, Result};

type Handler = Box<dyn FnOnce(Request) -> Result<Response>>;

/// Routes by method and path. GET routes answer HEAD too; an address that has no route for the
/// method is answered with 405 and `Allow`, one that has none at all with 404.
///
/// In a pattern, `{name}` stands for one part of the path, and `{name..}` at the end for all that
/// is left of it; [`Request::param`] reads them.
///
/// ```
/// # use innkeeper_sdk::{Request, Response, Result, Router};
/// fn greet(request: Request) -> Result<String> {
///     Ok(format!("Hello, {}.", request.param::<String>("name")?))
/// }
///
/// let router = Router::new().get("/hello/{name}", greet);
/// let response = router.handle(Request::new("GET", "/hello/Ada")).unwrap();
/// assert_eq!(response.body(), b"Hello, Ada.");
/// ```
#[derive(Default)]
pub struct Router {
    routes: Vec<Route>,
}

struct Route {
    method: &'static str,
    pattern: &'static str,
    handler: Handler,
}

impl Router {
    /// A router without routes.
    pub fn new() -> Router {
        Router::default()
    }

    /// Answers GET and HEAD.
    pub fn get<R: IntoResponse>(
        self,
        pattern: &'static str,
        handler: impl FnOnce(Request) -> R + 'static,
    ) -> Router {
        self.route("GET", pattern, handler)
    }

    /// Answers POST.
    pub fn post<R: IntoResponse>(
        self,
        pattern: &'static str,
        handler: impl FnOnce(Request) -> R + 'static,
    ) -> Router {
        self.route("POST", pattern, handler)
    }

    /// Answers PUT.
    pub fn put<R: IntoResponse>(
        self,
        pattern: &'static str,
        handler: impl FnOnce(Request) -> R + 'static,
    ) -> Router {
        self.route("PUT", pattern, handler)
    }

    /// Answers DELETE.
    pub fn delete<R: IntoResponse>(
        self,
        pattern: &'static str,
        handler: impl FnOnce(Request) -> R + 'static,
    ) -> Router {
        self.route("DELETE", pattern, handler)
    }

    /// Answers any other method, written in capitals.
    pub fn route<R: IntoResponse>(
        mut self,
        method: &'static str,
        pattern: &'static str,
        handler: impl FnOnce(Request) -> R + 'static,
    ) -> Router {
        let handler = Box::new(|request| handler(request).into_response());
        self.routes.push(Route { method, pattern, handler });
        self
    }

    /// Answers a request by the first route that fits.
    pub fn handle(self, mut request: Request) -> Result<Response> {
        let segments = request.segments();
        let wanted = if request.is_head() { "GET" } else { request.method() };
        let mut allowed: Vec<&str> = Vec::new();
        for route in self.routes {
            let Some(params) = params(route.pattern, &segments) else { continue };
            if route.method == wanted {
                request.set_params(params);
                return (route.handler)(request);
            }
            allowed.push(route.method);
            if route.method == "GET" {
                allowed.push("HEAD");
            }
        }
        if allowed.is_empty() {
            Err(Error::not_found())
        } else {
            Err(Error::method_not_allowed(allowed.join(", ")))
        }
    }
}

/// What stands for the parameters of a pattern; none where the path does not fit.
fn params(pattern: &str, segments: &[String]) -> Option<Vec<(String, String)>> {
    // No database keeps NUL in a text, so nothing has a name with it.
    if segments.iter().any(|segment| segment.contains('\0')) {
        return None;
    }
    let mut params = Vec::new();
    let mut rest = segments;
    for part in pattern.split('/').skip(1) {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_suffix("..")) {
            params.push((name.to_owned(), rest.join("/")));
            return Some(params);
        }
        let (segment, further) = rest.split_first()?;
        match name {
            Some(name) if !segment.is_empty() => params.push((name.to_owned(), segment.clone())),
            None if segment == part => {}
            _ => return None,
        }
        rest = further;
    }
    rest.is_empty().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Router {
        Router::new()
            .get("/", |_| "home")
            .get("/entries/{id}", |request: Request| request.param::<i64>("id").map(|id| id.to_string()))
            .delete("/entries/{id}", |_| "deleted")
            .get("/files/{path..}", |request: Request| request.param::<String>("path"))
    }

    fn body(method: &str, target: &str) -> Result<String> {
        router()
            .handle(Request::new(method, target))
            .map(|response| String::from_utf8_lossy(response.body()).into())
    }

    #[test]
    fn the_route_that_fits_answers() {
        assert_eq!(body("GET", "/").unwrap(), "home");
        assert_eq!(body("HEAD", "/?a=b").unwrap(), "home");
        assert_eq!(body("GET", "/entries/%37").unwrap(), "7");
        assert_eq!(body("DELETE", "/entries/x").unwrap(), "deleted");
        assert_eq!(body("GET", "/files/a/b%2Fc").unwrap(), "a/b/c");
    }

    #[test]
    fn what_has_no_route_is_not_found() {
        for target in
            ["/x", "/entries", "/entries/", "/entries/1/2", "/entries/x", "/entries/1%00", "/files/%00", "//", ""]
        {
            assert_eq!(body("GET", target).unwrap_err().status(), 404, "{target}");
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let error = router().handle(Request::new("POST", "/entries/1")).err().unwrap();
        let response = error.into_response();
        assert_eq!((response.status(), response.header("allow")), (405, Some("GET, HEAD, DELETE")));
    }
}

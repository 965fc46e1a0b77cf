//! What the log, the figures and traces say of a request.

use super::router::Route;
use crate::guests::Guest;
use crate::telemetry::metrics;
use crate::telemetry::traces::{self, Answered, Arrived, RequestTrace};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Instant;

/// The line of a request in the log.
pub(super) struct Line {
    pub(super) method: http::Method,
    pub(super) path: String,
}

impl Line {
    /// Begins a trace of what is asked of an app. Who asks the host itself, asks often.
    pub(super) fn trace(
        &self,
        found: &Result<Arc<Guest>, Route>,
        request: &Request<Incoming>,
        https: bool,
        id: &str,
    ) -> RequestTrace {
        let (method, path, headers) = (&self.method, self.path.as_str(), request.headers());
        match found {
            Ok(_) | Err(Route::File(_) | Route::Absent(_) | Route::Closed(_)) => {
                RequestTrace::begin(&Arrived { method, path, https, headers, id })
            }
            Err(_) => RequestTrace::default(),
        }
    }

    /// Writes the line, and notes in the figures and the trace how the request ended. `reason` says
    /// why the host answered in the guest's place.
    pub(super) fn log(
        &self,
        guest: Option<&Guest>,
        status: StatusCode,
        began: Instant,
        request_id: &str,
        reason: Option<&str>,
        trace: RequestTrace,
    ) {
        let app = guest.map(|guest| guest.app.space.app().as_ref());
        let answered = Answered {
            guest: app.zip(guest.map(|guest| guest.version)),
            method: &self.method,
            status: status.as_u16(),
            took: began.elapsed(),
        };
        traces::count(&answered);
        trace.end(&answered);
        metrics::request(app.unwrap_or_default(), status.as_u16(), began.elapsed());
        let version = guest.map(|guest| guest.version);
        let duration_ms = f64::from(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)) / 1000.0;
        let (method, path, status) = (self.method.as_str(), self.path.as_str(), status.as_u16());
        match reason {
            None => {
                tracing::info!(target: "request", request_id, app, version, status, duration_ms, "{method} {path}")
            }
            Some(reason) => {
                tracing::warn!(target: "request", request_id, app, version, status, duration_ms, reason, "{method} {path}");
            }
        }
    }
}

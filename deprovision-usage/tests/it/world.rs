//! A directory with logs, an API and a clock that stands still.

use std::path::PathBuf;
use std::sync::Arc;

use deprovision_core::catalog::{Api, Method, Route};
use deprovision_core::id::ApiId;
use deprovision_core::time::{ManualClock, Period, Timestamp, Window};
use deprovision_usage::{AccessLog, Reading};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) api: Api,
}

pub(crate) fn now() -> Timestamp {
    "2026-10-11T00:00:00Z".parse().unwrap()
}

pub(crate) fn ago(text: &str) -> Timestamp {
    text.parse::<Period>().unwrap().before(now())
}

impl World {
    pub(crate) fn new() -> Self {
        let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        api.routes = vec![
            Route::new(Method::Get, "/v1/orders"),
            Route::new(Method::Get, "/v1/orders/{id}"),
        ];
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::starting_at(now())),
            api,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn log(&self, names: &[&str]) -> AccessLog {
        AccessLog::new(
            "edge",
            names.iter().map(|name| self.path(name)),
            self.clock.clone(),
        )
    }

    /// What the log says of the last day.
    pub(crate) async fn read(&self, log: &AccessLog) -> Reading {
        log.read(&self.api, Window::ending_at(now(), Period::days(1)))
            .await
            .unwrap()
    }
}

/// One line.
pub(crate) fn line(at: Timestamp, user: &str, path: &str, status: u16) -> String {
    let stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
    format!("10.0.0.9 - {user} [{stamp}] \"GET {path} HTTP/1.1\" {status} 12 \"-\" \"curl/8\"\n")
}

/// A health check every half hour from so long ago until now.
pub(crate) fn health(since: &str) -> String {
    let mut text = String::new();
    let mut at = ago(since);
    while at < now() {
        text.push_str(&line(at, "-", "/health", 200));
        at = Period::minutes(30).after(at);
    }
    text
}

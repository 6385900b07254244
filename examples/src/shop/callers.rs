//! Programs that call the shop, over TCP, with keys.

use deprovision_core::secret::Secret;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::shop::Problem;

/// A client as the probe and the callers use it: plain HTTP, no redirects.
pub type Http = Client<HttpConnector, Empty<axum::body::Bytes>>;

/// Such a client.
pub fn http() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers that this demo shows, by name.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// One header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Calls the shop.
#[derive(Debug, Clone)]
pub struct Callers {
    http: Http,
    base: String,
}

impl Callers {
    /// Callers of the shop at that base URL.
    pub fn of(base: String) -> Self {
        Self { http: http(), base }
    }

    /// Calls a path with a key.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str, key: Option<&Secret>) -> Result<Answer, Problem> {
        let mut request = http::Request::get(format!("{}{path}", self.base))
            .header("user-agent", "shop-client/1.0");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {}", key.expose()));
        }
        let response = self.http.request(request.body(Empty::new())?).await?;
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        });
        let headers = headers.collect();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

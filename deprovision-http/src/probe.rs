//! Calls access paths from outside, as a stranger would.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{FaceProbe, PathProbe, ProbeAnswer, ProviderError};
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::Clock;
use futures_util::stream::{self, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use tower_service::Service;

use crate::face::Face;
use crate::gateway::explained;

/// How long one face may take, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest problem document that is read, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// How many faces are called at once.
const AT_ONCE: usize = 8;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Probes access paths over the network with a ready-made client: any tower
/// `Service` that sends an HTTP request, such as `hyper-util`'s legacy `Client`
/// with a TLS connector. The client must not follow redirects, send credentials
/// or retry, or the answer is not what a stranger gets.
///
/// Only a 410 with a problem document (`application/problem+json`, a JSON object
/// whose `status`, when present, is 410) is [`ProbeAnswer::Gone`]: not a bare
/// 410, and not 401, 403, 429, a redirect or 5xx (invariant I-5). A face that does not
/// answer within ten seconds, or whose body does not end within them, gave no
/// answer. Problem documents of more than 64 KiB are not read.
///
/// A brown-out answers as a closed path does; that it will end is seen by
/// [`AccessPathObserver`](deprovision_core::provider::AccessPathObserver).
pub struct HttpProbe<S, B> {
    client: S,
    clock: Arc<dyn Clock>,
    faces: BTreeMap<AccessPathId, Vec<Face>>,
    timeout: Duration,
    agent: HeaderValue,
    body: PhantomData<fn() -> B>,
}

impl<S, B> HttpProbe<S, B>
where
    S: Service<Request<B>>,
{
    /// A probe of these faces: for each path every host, stage and alias under
    /// which callers know it.
    pub fn new(
        client: S,
        clock: Arc<dyn Clock>,
        faces: impl IntoIterator<Item = (AccessPathId, Face)>,
    ) -> Self {
        let mut by_path: BTreeMap<AccessPathId, Vec<Face>> = BTreeMap::new();
        for (id, face) in faces {
            let known = by_path.entry(id).or_default();
            if !known.contains(&face) {
                known.push(face);
            }
        }
        Self {
            client,
            clock,
            faces: by_path,
            timeout: TIMEOUT,
            agent: HeaderValue::from_static("deprovision-probe"),
            body: PhantomData,
        }
    }

    /// Changes how long one face may take (ten seconds unless told).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Changes the user agent (`deprovision-probe` unless told). A probe of a closed
    /// path is in the access log like any call: give the usage source the same text,
    /// so that it does not take our own probes for demand, and make it unguessable,
    /// so that nobody else hides calls behind it.
    #[must_use]
    pub fn with_agent(mut self, agent: HeaderValue) -> Self {
        self.agent = agent;
        self
    }
}

impl<S, B> fmt::Debug for HttpProbe<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpProbe")
            .field("faces", &self.faces)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<S, B, R> PathProbe for HttpProbe<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + Sync,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Default + Send + 'static,
    R: Body<Data = Bytes> + Send,
    R::Error: Into<BoxError>,
{
    async fn probe(&self, id: &AccessPathId) -> Result<Observation<Vec<FaceProbe>>, ProviderError> {
        let faces = match self.faces.get(id) {
            Some(faces) if !faces.is_empty() => faces,
            Some(_) | None => {
                return Ok(Observation::unknown(format!(
                    "nothing to probe for {id}: name every URL under which callers know it"
                )));
            }
        };
        let as_of = self.clock.now();
        let calls: Vec<_> = faces.iter().map(|face| self.call(face)).collect();
        let probes = stream::iter(calls).buffered(AT_ONCE).collect().await;
        Ok(Observation::complete(probes, as_of))
    }
}

impl<S, B, R> HttpProbe<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: Body + Default,
    R: Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    async fn call(&self, face: &Face) -> FaceProbe {
        let answer = match tokio::time::timeout(self.timeout, self.ask(face)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => ProbeAnswer::None {
                why: explained(error.as_ref()),
            },
            Err(_elapsed) => ProbeAnswer::None {
                why: format!("no whole answer within {:?}", self.timeout),
            },
        };
        FaceProbe::new(face.to_string(), answer)
    }

    async fn ask(&self, face: &Face) -> Result<ProbeAnswer, BoxError> {
        let mut request = Request::new(B::default());
        *request.method_mut() = face.method().clone();
        *request.uri_mut() = face.uri().clone();
        let headers = request.headers_mut();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/problem+json, */*"),
        );
        headers.insert(USER_AGENT, self.agent.clone());
        let mut client = self.client.clone();
        poll_fn(|cx| client.poll_ready(cx))
            .await
            .map_err(Into::into)?;
        let response = client.call(request).await.map_err(Into::into)?;
        let status = response.status();
        let other = ProbeAnswer::Other {
            status: status.as_u16(),
        };
        if status != StatusCode::GONE || !is_problem(response.headers()) {
            return Ok(other);
        }
        let body = Limited::new(response.into_body(), MAX_BODY_BYTES);
        Ok(match body.collect().await {
            Ok(body) => {
                if says_gone(&body.to_bytes()) {
                    ProbeAnswer::Gone
                } else {
                    other
                }
            }
            Err(error) if error.is::<http_body_util::LengthLimitError>() => other,
            Err(error) => return Err(error),
        })
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| {
            essence
                .trim()
                .eq_ignore_ascii_case("application/problem+json")
        })
}

/// Whether the body is a problem document that does not speak of another status.
fn says_gone(body: &[u8]) -> bool {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body) {
        Ok(problem) => problem
            .get("status")
            .is_none_or(|status| status.as_u64() == Some(410)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn i_5_only_a_problem_document_speaks_of_gone() {
        for good in ["{}", r#"{"status":410}"#, r#"{"title":"x"}"#] {
            assert!(says_gone(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "[]",
            "null",
            "\"gone\"",
            "<html>",
            r#"{"status":404}"#,
            "{",
        ] {
            assert!(!says_gone(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn i_5_only_the_media_type_of_problems_counts() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            is_problem(&headers)
        };
        assert!(with("application/problem+json"));
        assert!(with("Application/Problem+JSON; charset=utf-8"));
        assert!(!with("application/json"));
        assert!(!with("application/problem+xml"));
        assert!(!is_problem(&HeaderMap::new()));
    }

    proptest! {
        #[test]
        fn any_body_is_judged_without_panic(body in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = says_gone(&body);
        }
    }
}

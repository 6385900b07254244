//! The service.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use deprovision_core::answer::{AnswerDesk, TicketError};
use deprovision_core::engine::{Engine, EngineError};
use deprovision_core::journal::JournalError;
use deprovision_core::retirement::Refusal;
use deprovision_core::time::Clock;
use http::header::{ALLOW, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use tower_service::Service;

use super::form::Form;
use super::page::{Page, asks};
use crate::gateway::explained;

/// No form of ours is larger, in bytes.
const LARGEST_FORM: usize = 32 * 1024;

/// The page behind the links in notices: it shows what a link would answer, and answers
/// when its form is sent.
///
/// Serve it at the address that the [`AnswerDesk`] has. `GET` and `HEAD` answer nothing,
/// however often programs that look at mail open a link; only `POST` does, once.
///
/// # Answers
/// 200 with a page; 400 when the form lacks something, 403 for a link that is not whole, or
/// one of a retirement that this log does not have, 405, 409 when the link was used or the retirement can not take it any more, 410 for a
/// link that expired, 413, 503 when the log can not be written: the form can be sent again,
/// and why is in an error event of `tracing`.
/// Every page forbids caching, framing, scripts and referrers, since the address holds the
/// token.
///
/// ```no_run
/// # // no_run: it would listen.
/// use std::sync::Arc;
/// use deprovision_core::answer::{AnswerDesk, AnswerKey};
/// use deprovision_core::engine::Engine;
/// use deprovision_core::secret::Secret;
/// use deprovision_core::time::SystemClock;
/// use deprovision_http::AnswerPage;
///
/// # async fn serve(engine: Engine) -> Result<(), Box<dyn std::error::Error>> {
/// let key = AnswerKey::new(Secret::new(std::env::var("ANSWER_KEY")?))?;
/// let desk = Arc::new(AnswerDesk::new("https://apis.example.com/answer", key)?);
/// let page = AnswerPage::new(engine, desk, Arc::new(SystemClock::new()));
/// let router = axum::Router::new().route_service("/answer", page);
/// axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, router).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AnswerPage {
    engine: Engine,
    desk: Arc<AnswerDesk>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for AnswerPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerPage").finish_non_exhaustive()
    }
}

/// What an [`AnswerPage`] gives.
pub type AnswerFuture =
    Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

impl AnswerPage {
    /// Over the engine that takes the answers, the desk that made the links, and the
    /// clock by which they expire.
    #[must_use]
    pub fn new(engine: Engine, desk: Arc<AnswerDesk>, clock: Arc<dyn Clock>) -> Self {
        Self {
            engine,
            desk,
            clock,
        }
    }

    fn show(&self, query: &str) -> (StatusCode, Page) {
        let form = Form {
            token: Form::of(query.as_bytes()).token,
            ..Form::default()
        };
        match self.desk.read(&form.token, self.clock.now()) {
            Ok(ticket) => (StatusCode::OK, Page::ask(&ticket, &form, None)),
            Err(error) => unread(&error),
        }
    }

    async fn answer(&self, form: Form) -> (StatusCode, Page) {
        let ticket = match self.desk.read(&form.token, self.clock.now()) {
            Ok(ticket) => ticket,
            Err(error) => return unread(&error),
        };
        let (reason, until) = asks(&ticket.kind);
        let words = match form.words(reason, until) {
            Ok(words) => words,
            Err(why) => {
                let page = Page::ask(&ticket, &form, Some(why));
                return (StatusCode::BAD_REQUEST, page);
            }
        };
        match self.engine.answer(ticket.clone(), words).await {
            Ok(()) => (StatusCode::OK, Page::done(&ticket)),
            Err(EngineError::Refused(Refusal::AnswerUsed(_))) => (
                StatusCode::CONFLICT,
                Page::refused("This link was used already, and counts once."),
            ),
            Err(EngineError::Refused(refusal)) => {
                (StatusCode::CONFLICT, Page::refused(refusal.to_string()))
            }
            // Signed with our key for another log: sending it again does not help.
            Err(EngineError::Journal(error @ JournalError::NoSuchStream(_))) => {
                tracing::warn!(%error, "a link of another log was used");
                let why = "This link is not one of ours. Ask whoever sent it for a new one.";
                (StatusCode::FORBIDDEN, Page::refused(why))
            }
            // What it is exactly is for the operator, not for whoever has a link.
            Err(trouble) => {
                tracing::error!(
                    error = explained(&trouble), retirement = %ticket.retirement,
                    person = %ticket.person, answer = %ticket.kind,
                    "an answer by a link could not be recorded"
                );
                let again = "It could not be written down just now. Please send it again.";
                let page = Page::ask(&ticket, &form, Some(again.to_owned()));
                (StatusCode::SERVICE_UNAVAILABLE, page)
            }
        }
    }
}

fn unread(error: &TicketError) -> (StatusCode, Page) {
    let status = match error {
        TicketError::Expired(_) => StatusCode::GONE,
        _ => StatusCode::FORBIDDEN,
    };
    (status, Page::refused(error.to_string()))
}

impl<B> Service<Request<B>> for AnswerPage
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = AnswerFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AnswerFuture {
        let page = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let (status, shown) = match head.method {
                Method::GET | Method::HEAD => page.show(head.uri.query().unwrap_or_default()),
                Method::POST => match Limited::new(body, LARGEST_FORM).collect().await {
                    Ok(body) => page.answer(Form::of(&body.to_bytes())).await,
                    Err(_too_large_or_cut_off) => (
                        StatusCode::PAYLOAD_TOO_LARGE,
                        Page::refused("The form did not arrive whole, or is too long."),
                    ),
                },
                _ => (
                    StatusCode::METHOD_NOT_ALLOWED,
                    Page::refused("This page is opened, and its form is sent."),
                ),
            };
            Ok(respond(status, &shown))
        })
    }
}

fn respond(status: StatusCode, page: &Page) -> Response<Full<Bytes>> {
    // The template is ours, and tested with every page.
    let html = page.html().unwrap_or_default();
    let mut response = Response::new(Full::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(CONTENT_TYPE, "text/html; charset=utf-8");
    set(CACHE_CONTROL, "no-store");
    set(REFERRER_POLICY, "no-referrer");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    );
    if status == StatusCode::METHOD_NOT_ALLOWED {
        set(ALLOW, "GET, HEAD, POST");
    }
    response
}

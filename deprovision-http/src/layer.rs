//! The tower layer that honours how the paths are set.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::announcement::Announcement;
use crate::body::GatewayBody;
use crate::gateway::Gateway;
use crate::table::Verdict;

/// Puts a [`Gateway`] in front of a service.
///
/// - **Open with a notice**: served, and every answer gets `Deprecation`
///   (RFC 9745), `Sunset` (RFC 8594) and `Link`s (`successor-version`,
///   `deprecation`, `sunset`). The service's own links stay.
/// - **Closed, browned out**: 410 Gone with a problem document, whatever the
///   method and the credential; the service is never called. HEAD gets the same
///   headers and no body.
///
/// `OPTIONS` and CORS preflights of a closed path are 410 like everything else:
/// an exception would be a way past. A browser then shows scripts of other
/// origins a network error; to let them read the problem document, put the
/// service's CORS layer *outside* this one: it answers preflights itself and
/// adds its headers to the 410.
///
/// Put it outside of routing and authentication, where requests still have
/// their full path: a router nested below `/api` sees `/v1` and not `/api/v1`.
#[derive(Debug, Clone)]
pub struct GatewayLayer {
    gateway: Gateway,
}

impl GatewayLayer {
    /// A layer that honours this gateway.
    #[must_use]
    pub fn new(gateway: Gateway) -> Self {
        Self { gateway }
    }
}

impl<S> Layer<S> for GatewayLayer {
    type Service = GatewayService<S>;

    fn layer(&self, inner: S) -> GatewayService<S> {
        GatewayService {
            gateway: self.gateway.clone(),
            inner,
        }
    }
}

/// A service behind a [`Gateway`]; made by [`GatewayLayer`].
#[derive(Debug, Clone)]
pub struct GatewayService<S> {
    gateway: Gateway,
    inner: S,
}

impl<S, Q, B> Service<Request<Q>> for GatewayService<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Body<Data = Bytes>,
{
    type Response = Response<GatewayBody<B>>;
    type Error = S::Error;
    type Future = GatewayFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let refusal = match self.gateway.verdict(request.uri(), request.headers()) {
            Verdict::Serve => {
                return GatewayFuture::served(self.inner.call(request), None);
            }
            Verdict::Announce(announcement) => {
                return GatewayFuture::served(self.inner.call(request), Some(announcement));
            }
            Verdict::BrownOut(_, refusal) | Verdict::Closed(refusal) => refusal,
        };
        let now = self.gateway.clock().now();
        GatewayFuture::refused(refusal.answer(request.method(), now))
    }
}

pin_project! {
    /// The answer to come of a [`GatewayService`].
    pub struct GatewayFuture<F, B> {
        #[pin]
        kind: Kind<F, B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F, B> {
        Served { #[pin] future: F, announcement: Option<Arc<Announcement>> },
        Refused { response: Option<Response<GatewayBody<B>>> },
    }
}

impl<F, B> GatewayFuture<F, B> {
    fn served(future: F, announcement: Option<Arc<Announcement>>) -> Self {
        let kind = Kind::Served {
            future,
            announcement,
        };
        Self { kind }
    }

    fn refused(response: Response<GatewayBody<B>>) -> Self {
        let kind = Kind::Refused {
            response: Some(response),
        };
        Self { kind }
    }
}

impl<F, B> std::fmt::Debug for GatewayFuture<F, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for GatewayFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<GatewayBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Served {
                future,
                announcement,
            } => {
                let mut response = ready!(future.poll(cx))?.map(GatewayBody::served);
                if let Some(announcement) = announcement {
                    announcement.put_on(response.headers_mut());
                }
                Poll::Ready(Ok(response))
            }
            KindProjection::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // Polled again after it was ready: never answers, as the contract allows.
                None => Poll::Pending,
            },
        }
    }
}

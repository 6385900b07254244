//! The body of an answer: the service's own, or the gateway's problem document.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

pin_project! {
    /// The body of an answer of a [`GatewayService`](crate::GatewayService).
    #[derive(Debug)]
    pub struct GatewayBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Served { #[pin] body: B },
        Refused { body: Full<Bytes> },
    }
}

impl<B> GatewayBody<B> {
    pub(crate) fn served(body: B) -> Self {
        let kind = Kind::Served { body };
        Self { kind }
    }

    pub(crate) fn refusal(problem: Bytes) -> Self {
        let body = Full::new(problem);
        Self {
            kind: Kind::Refused { body },
        }
    }
}

impl<B: Body<Data = Bytes>> Body for GatewayBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Served { body } => body.poll_frame(cx),
            KindProjection::Refused { body } => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|done| done.map_err(|never| match never {}))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Served { body } => body.is_end_stream(),
            Kind::Refused { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Served { body } => body.size_hint(),
            Kind::Refused { body } => body.size_hint(),
        }
    }
}

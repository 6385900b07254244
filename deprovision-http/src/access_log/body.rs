//! A body that counts its bytes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::access_log::record::Record;

pin_project! {
    /// The body of an answer of an [`AccessLogService`](crate::AccessLogService):
    /// the line is written when it has ended or is dropped.
    #[derive(Debug)]
    pub struct LoggedBody<B> {
        #[pin]
        body: B,
        record: Option<Record>,
    }
}

impl<B> LoggedBody<B> {
    pub(crate) fn new(body: B, record: Option<Record>) -> Self {
        Self { body, record }
    }
}

impl<B: Body> Body for LoggedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        match (&frame, this.record.as_mut()) {
            (Some(Ok(frame)), Some(record)) => {
                record.count(frame.data_ref().map_or(0, Buf::remaining));
            }
            (Some(Err(_)) | None, _) => drop(this.record.take()),
            (Some(Ok(_)), None) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

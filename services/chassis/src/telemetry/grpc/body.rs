use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use super::call::Call;

/// The body of an answer, whose trailers say how the call ended. A body dropped before its end is
/// a call cancelled.
pub(super) struct ObservedBody {
    inner: Body,
    call: Call,
}

impl ObservedBody {
    pub(super) fn wrap(inner: Body, call: Call) -> Body {
        match call.has_ended() {
            true => inner,
            false => Body::new(Self { inner, call }),
        }
    }
}

impl HttpBody for ObservedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { inner, call } = self.get_mut();
        let span = call.span().clone();
        let frame = ready!(span.in_scope(|| Pin::new(inner).poll_frame(context)));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    call.ended(trailers);
                }
            }
            Some(Err(status)) => call.failed(status),
            None => call.ended_without_trailers(),
        }
        Poll::Ready(frame)
    }

    // Not `is_end_stream`: whoever believes it would never ask for the trailers.

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

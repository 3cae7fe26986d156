//! What a client still sends when it is refused already. A connection that ends with bytes
//! unread takes its answer along, so these are read and thrown away, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::oneshot;

const BYTES_MAX: u64 = 64 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that hands back what nobody read of it.
pub(crate) struct Watched<B> {
    body: Option<B>,
    rest: Option<oneshot::Sender<B>>,
    is_coming: bool,
}

/// What nobody read of a body.
pub(crate) struct Leftover<B>(oneshot::Receiver<B>);

/// Watches a body. A client that `waits` sends nothing before somebody starts to read.
pub(crate) fn watch<B>(body: B, waits: bool) -> (Watched<B>, Leftover<B>) {
    let (sender, receiver) = oneshot::channel();
    (Watched { body: Some(body), rest: Some(sender), is_coming: !waits }, Leftover(receiver))
}

impl<B: Body<Data = Bytes> + Unpin> Leftover<B> {
    /// Reads it to its end, unless that is too far or too long away.
    pub(crate) async fn discard(mut self) {
        let Ok(mut body) = self.0.try_recv() else { return };
        if body.size_hint().lower() > BYTES_MAX {
            return;
        }
        let read = async {
            let mut bytes = 0;
            while let Some(Ok(frame)) = body.frame().await
                && bytes <= BYTES_MAX
            {
                bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
        };
        // Whoever is slower than that has to live without the answer.
        let _ = tokio::time::timeout(PATIENCE, read).await;
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.is_coming = true;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        if let (Some(body), Some(rest), true) = (self.body.take(), self.rest.take(), self.is_coming)
        {
            // Nobody waits for it any more when the connection is gone.
            let _ = rest.send(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_body_util::{Full, StreamBody};
    use tokio_stream::Stream;

    use super::*;

    type Frames = Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Unpin>;

    /// A body of ten frames, and how many of them were read.
    fn ten_frames() -> (StreamBody<Frames>, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = read.clone();
        let frames: Frames = Box::new(tokio_stream::iter((0..10).map(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Frame::data(Bytes::from_static(b"x")))
        })));
        (StreamBody::new(frames), read)
    }

    #[tokio::test]
    async fn what_was_not_read_is_discarded() {
        let (body, read) = ten_frames();
        let (mut body, left) = watch(body, false);
        body.frame().await.unwrap().unwrap();
        drop(body);
        assert_eq!(read.load(Ordering::Relaxed), 1);
        left.discard().await;
        assert_eq!(read.load(Ordering::Relaxed), 10);
    }

    #[tokio::test]
    async fn a_client_that_waits_is_not_made_to_send() {
        let (body, read) = ten_frames();
        let (body, left) = watch(body, true);
        drop(body);
        left.discard().await;
        assert_eq!(read.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_body_in_use_is_left_alone() {
        let (body, left) = watch(Full::new(Bytes::from_static(b"x")), false);
        left.discard().await;
        assert_eq!(body.collect().await.unwrap().to_bytes(), "x");
    }
}

//! Lists, which come whole: each part is written as it arrives from the service, so that none is
//! in memory at a time.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::stream;
use hyper::body::Bytes;
use serde::Serialize;
use tonic::{Status, Streaming};

use super::error::{Error, JSON};

/// What stands around the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// `[…]`
    Bare,
    /// `{"data": […]}`
    Data,
}

impl Frame {
    fn open(self) -> &'static [u8] {
        match self {
            Self::Bare => b"[",
            Self::Data => b"{\"data\":[",
        }
    }

    fn close(self) -> &'static [u8] {
        match self {
            Self::Bare => b"]",
            Self::Data => b"]}",
        }
    }
}

struct List<M> {
    parts: Streaming<M>,
    next: Option<M>,
    patience: Duration,
    frame: Frame,
    is_open: bool,
    has_rows: bool,
    is_done: bool,
}

/// The answer that lists the rows of all parts. What fails before the first of them is an error;
/// what fails later breaks the answer off, so that nobody takes it for whole.
///
/// # Errors
/// What the service says first.
pub(super) async fn list<M, T>(
    parts: Streaming<M>,
    frame: Frame,
    patience: Duration,
    rows: fn(M) -> Vec<T>,
) -> Result<Response, Error>
where
    M: Send + 'static,
    T: Serialize + Send + 'static,
{
    let mut list = List {
        parts,
        next: None,
        patience,
        frame,
        is_open: false,
        has_rows: false,
        is_done: false,
    };
    list.next = list.receive().await.map_err(Error::of)?;
    let body = stream::try_unfold(list, move |mut list| async move {
        if list.is_done {
            return Ok::<_, Status>(None);
        }
        let chunk = list.chunk(rows).await?;
        Ok(Some((chunk, list)))
    });
    Ok(([(CONTENT_TYPE, JSON)], Body::from_stream(body)).into_response())
}

impl<M: Send + 'static> List<M> {
    async fn receive(&mut self) -> Result<Option<M>, Status> {
        let received = tokio::time::timeout(self.patience, self.parts.message()).await;
        received.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")))
    }

    async fn chunk<T: Serialize>(&mut self, rows: fn(M) -> Vec<T>) -> Result<Bytes, Status> {
        let mut chunk = vec![];
        if !self.is_open {
            chunk.extend(self.frame.open());
            self.is_open = true;
        }
        if let Some(part) = self.next.take() {
            for row in rows(part) {
                if self.has_rows {
                    chunk.push(b',');
                }
                self.has_rows = true;
                serde_json::to_writer(&mut chunk, &row)
                    .map_err(|error| Status::internal(error.to_string()))?;
            }
            self.next = self.receive().await?;
        }
        if self.next.is_none() {
            chunk.extend(self.frame.close());
            self.is_done = true;
        }
        Ok(chunk.into())
    }
}

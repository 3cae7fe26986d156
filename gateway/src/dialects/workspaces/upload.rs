//! Files that come in a form.

use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::StatusCode;

use super::Workspaces;
use super::error::Error;
use crate::fault::Fault;

const FILE: &str = "file";
const FILE_BYTES_MAX: usize = 1024 * 1024;
// The file, and what a form needs around it.
const FORM_BYTES_MAX: usize = FILE_BYTES_MAX + 64 * 1024;

/// The part `file` of a form; empty when there is none.
pub(super) struct Upload(pub(super) Vec<u8>);

impl FromRequest<Workspaces> for Upload {
    type Rejection = Error;

    async fn from_request(mut request: Request, workspaces: &Workspaces) -> Result<Self, Error> {
        DefaultBodyLimit::max(FORM_BYTES_MAX).apply(&mut request);
        let broken = || Error::bad_request("The form cannot be read.");
        let mut form = Multipart::from_request(request, workspaces).await.map_err(|_| broken())?;
        let wrong = |error: axum::extract::multipart::MultipartError| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Fault::PayloadTooLarge.into()
            } else {
                broken()
            }
        };
        while let Some(part) = form.next_field().await.map_err(wrong)? {
            if part.name() == Some(FILE) {
                let bytes = part.bytes().await.map_err(wrong)?;
                if bytes.len() > FILE_BYTES_MAX {
                    return Err(Fault::PayloadTooLarge.into());
                }
                return Ok(Self(bytes.into()));
            }
        }
        Ok(Self(vec![]))
    }
}

//! Icons and logos.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use proto::company::v1 as company;
use proto::company::v1::PictureKind;
use proto::company::v1::organization_service_client::OrganizationServiceClient;

use super::Workspaces;
use super::body::Session;
use super::error::Error;
use super::upload::Upload;
use crate::body::At;

/// Puts an icon in the place of the former one.
pub(super) async fn put_icon(
    State(workspaces): State<Workspaces>,
    session: Session,
    file: Upload,
) -> Result<Response, Error> {
    put(&workspaces, session, PictureKind::Icon, file).await
}

/// Puts a logo in the place of the former one.
pub(super) async fn put_logo(
    State(workspaces): State<Workspaces>,
    session: Session,
    file: Upload,
) -> Result<Response, Error> {
    put(&workspaces, session, PictureKind::Logo, file).await
}

async fn put(
    workspaces: &Workspaces,
    session: Session,
    kind: PictureKind,
    Upload(content): Upload,
) -> Result<Response, Error> {
    let organization_id = session.organization_id;
    let request = company::PutPictureRequest { organization_id, kind: kind.into(), content };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).put_picture(request).await
        })
        .await?;
    let whole = workspaces.whole(&session.caller, answer.message.organization).await?;
    Ok(session.form.made(answer.replayed, &whole))
}

/// Reads an icon.
pub(super) async fn icon(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(organization_id): At<String>,
) -> Result<Response, Error> {
    read(&workspaces, &session, PictureKind::Icon, organization_id).await
}

/// Reads a logo.
pub(super) async fn logo(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(organization_id): At<String>,
) -> Result<Response, Error> {
    read(&workspaces, &session, PictureKind::Logo, organization_id).await
}

async fn read(
    workspaces: &Workspaces,
    session: &Session,
    kind: PictureKind,
    organization_id: String,
) -> Result<Response, Error> {
    let request = company::GetPictureRequest { organization_id, kind: kind.into() };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).get_picture(request).await
        })
        .await?;
    let company::GetPictureResponse { media_type, content } = answer.message;
    Ok(([(CONTENT_TYPE, media_type)], content).into_response())
}

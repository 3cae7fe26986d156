//! SessionService.

use brazil::Email;
use chassis::refusal::{Fields, Rule};
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Counted, Login};
use crate::error::Error;
use crate::identity::Identity;

/// Answers SessionService.
pub(crate) struct Sessions {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::session_service_server::SessionService for Sessions {
    async fn login(
        &self,
        request: Request<pb::LoginRequest>,
    ) -> Result<Response<pb::LoginResponse>, Status> {
        let identity = &self.identity;
        let pb::LoginRequest { email, password, remote_address } = request.get_ref();
        let mut fields = Fields::new();
        let parsed: Option<Email> = fields.required("email", email);
        if password.is_empty() {
            fields.refuse_as("password", Rule::Required, "is required");
        }
        let Some(email) = parsed else { return Err(fields.into_status()) };
        fields.check()?;

        let counted = Counted::of_email(identity, &email, remote_address);
        let login = &Login::check(identity, &email, password, &counted).await?;
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let user = login.enter(identity, &mut tx).await?;
                    let session = identity.session(&mut tx, &user).await?;
                    Ok::<_, Error>(pb::LoginResponse { token: Some(session.into()) })
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests;

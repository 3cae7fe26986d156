//! LoginForAccessToken.

use brazil::Email;
use chassis::refusal::{Fields, Rule};
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Ttl, issue};
use crate::error::Error;
use crate::identity::Identity;
use crate::sessions::{Counted, Login};
use crate::voice_accounts;

/// Answers LoginForAccessToken: the token is one of the account that the person has belonged to
/// the longest.
pub(super) async fn login(
    identity: &Identity,
    request: Request<pb::LoginForAccessTokenRequest>,
) -> Result<Response<pb::LoginForAccessTokenResponse>, Status> {
    let pb::LoginForAccessTokenRequest { email, password, ttl, remote_address } = request.get_ref();
    let mut fields = Fields::new();
    if email.is_empty() {
        fields.refuse_as("email", Rule::Required, "is required");
    }
    if password.is_empty() {
        fields.refuse_as("password", Rule::Required, "is required");
    }
    let ttl = Ttl::parse(&mut fields, *ttl);
    let Some(ttl) = ttl else { return Err(fields.into_status()) };
    fields.check()?;
    // What is no address is nobody's.
    let email: Email = email.parse().map_err(|_| Error::InvalidCredentials)?;

    let counted = Counted::of_pair(identity, &email, remote_address);
    let login = &Login::check(identity, &email, password, &counted).await?;
    identity
        .service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let user = login.enter(identity, &mut tx).await?;
                if user.email_proven_at.is_none() {
                    return Err(Error::EmailNotProven);
                }
                let membership =
                    voice_accounts::store::oldest_membership(&mut *tx, user.user_id).await?;
                let (company_id, administers) = membership.ok_or(Error::NoVoiceAccount)?;
                let mut fields = Fields::new();
                ttl.allow(&mut fields, administers);
                fields.check()?;
                let (secret, token) =
                    issue(identity, &mut tx, user.user_id, company_id, ttl).await?;
                Ok(pb::LoginForAccessTokenResponse {
                    secret: secret.0,
                    token: Some(token.into()),
                    user_id: user.user_id.to_string(),
                })
            })
        })
        .await
}

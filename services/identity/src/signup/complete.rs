//! CompleteSignup: the form becomes a user, and a line is ordered, in one transaction.

use std::collections::BTreeSet;

use brazil::{CompanyId, LineId, UserId};
use chassis::crash;
use chassis::refusal::{Fields, Rule};
use proto::events::v1::SignupCompleted;
use proto::identity::v1 as pb;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::rpc::parse_id;
use super::{Completion, Form, Refusal, affiliations, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::{ask_for_proof, claim};
use crate::passwords::Password;
use crate::users::{self, User};

/// Answers CompleteSignup.
pub(super) async fn complete(
    identity: &Identity,
    request: Request<pb::CompleteSignupRequest>,
) -> Result<Response<pb::CompleteSignupResponse>, Status> {
    let form_id = parse_id(&request.get_ref().form_id)?;
    let mut fields = Fields::new();
    let password = Password::parse(&mut fields, "password", &request.get_ref().password);
    let Some(password) = password else { return Err(fields.into_status()) };

    let service = &identity.service;
    let form = store::find(&service.db, &service.keyring, form_id).await?;
    let form = form.ok_or(Error::SignupFormNotFound)?;
    let affiliated = &affiliated(identity, &form).await?;
    let hash = &identity.passwords.hash(&password).await?;

    let now = identity.now();
    let answer = service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let form = store::lock(&mut tx, &service.keyring, form_id).await?;
                let completion = form.complete(affiliated).map_err(to_error)?;
                let user = make_user(identity, &mut tx, &form, completion.person.clone()).await?;
                users::store::set_password(&mut tx, user.user_id, hash, now).await?;
                store::close(&mut tx, &service.keyring, &form, user.user_id, now).await?;
                if user.email_proven_at.is_none() {
                    ask_for_proof(identity, &mut tx, &user, &user.email).await?;
                }
                let line_id = LineId::generate();
                let event = event(&user, line_id, &completion);
                service.outbox.publish(&mut tx, user.user_id, &event).await?;
                let session = identity.session(&mut tx, &user).await?;
                crash::point("identity.signup.before_commit").await;
                Ok::<_, Error>(pb::CompleteSignupResponse {
                    token: Some(session.into()),
                    user: Some(user.into()),
                    line_id: line_id.to_string(),
                })
            })
        })
        .await?;
    crash::point("identity.signup.committed").await;
    if form.email_proven_at.is_some() {
        identity.heed().await;
    }
    let user_id = answer.get_ref().user.as_ref().map(|user| user.id.parse::<UserId>());
    if let Some(Ok(user_id)) = user_id {
        service.handed_over(user_id).await;
    }
    Ok(answer)
}

/// The companies that the e-mail belongs to, as far as they matter for the form.
async fn affiliated(identity: &Identity, form: &Form) -> Result<BTreeSet<CompanyId>, Error> {
    let matters = form.completed_at.is_none()
        && form.email_proven_at.is_some()
        && form.company_id.is_some_and(|company_id| form.vouched_company_id != Some(company_id));
    if matters {
        affiliations::companies_of(identity, &form.email).await
    } else {
        Ok(BTreeSet::new())
    }
}

/// The user that the form becomes.
async fn make_user(
    identity: &Identity,
    tx: &mut PgConnection,
    form: &Form,
    person: users::Person,
) -> Result<User, Error> {
    if form.email_proven_at.is_some() {
        return claim(identity, tx, &form.email, person).await;
    }
    let user = User::new(form.email.clone(), person, identity.now());
    users::add(identity, tx, &user).await?;
    Ok(user)
}

fn event(user: &User, line_id: LineId, completion: &Completion) -> SignupCompleted {
    SignupCompleted {
        user_id: user.user_id.to_string(),
        line_id: line_id.to_string(),
        company_id: completion.company_id.map(|company_id| company_id.to_string()),
        plan_id: completion.plan_id.to_string(),
        area_code: u32::from(u8::from(completion.area_code)),
        approved: completion.is_approved,
    }
}

fn to_error(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Completed => Error::SignupFormCompleted,
        Refusal::Missing(missing) => {
            let mut fields = Fields::new();
            for field in missing {
                fields.refuse_as(&format!("form.{field}"), Rule::Required, "is required");
            }
            fields.into_status().into()
        }
    }
}

#[cfg(test)]
mod tests;

//! SignupService.

use brazil::SignupFormId;
use chassis::auth::Caller;
use chassis::refusal::Fields;
use proto::identity::v1 as pb;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::wire::{Parsed, parse, parse_mask, reach, to_proto};
use super::{Form, affiliations, complete, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::Link;
use crate::letters;
use crate::{links, users};

/// Answers SignupService.
pub(crate) struct Signup {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::signup_service_server::SignupService for Signup {
    async fn create_signup_form(
        &self,
        request: Request<pb::CreateSignupFormRequest>,
    ) -> Result<Response<pb::CreateSignupFormResponse>, Status> {
        let identity = &self.identity;
        let reach = &reach(Caller::of(&request)?);
        let now = identity.now();
        let mut fields = Fields::new();
        let given = request.get_ref().form.clone().unwrap_or_default();
        let Parsed { change, person } = parse(&mut fields, &given, |_| true, now);
        let Some(email) = change.email.clone() else { return Err(fields.into_status()) };
        fields.check()?;

        let (plan_id, company_id) = (change.plan_id.flatten(), change.company_id.flatten());
        let known = affiliations::check(identity, plan_id, company_id, Some(&email)).await?;
        let mut form = Form::open(email, person, reach, now);
        form.change(change, reach);
        form.fill_from(known.files, reach);

        let form = &form;
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::save(&mut tx, &identity.service.keyring, form).await?;
                    mail_link(identity, &mut tx, form).await?;
                    let form = Some(to_proto(form, reach));
                    Ok::<_, Error>(pb::CreateSignupFormResponse { form })
                })
            })
            .await
    }

    async fn update_signup_form(
        &self,
        request: Request<pb::UpdateSignupFormRequest>,
    ) -> Result<Response<pb::UpdateSignupFormResponse>, Status> {
        let identity = &self.identity;
        let reach = &reach(Caller::of(&request)?);
        let now = identity.now();
        let given = request.get_ref().form.clone().unwrap_or_default();
        let form_id = parse_id(&given.id)?;
        let mut fields = Fields::new();
        let mask = &parse_mask(&mut fields, request.get_ref().update_mask.as_ref());
        let parsed = &parse(&mut fields, &given, |field| mask.has(field), now);
        fields.check()?;

        let change = &parsed.change;
        let (plan_id, company_id) = (change.plan_id.flatten(), change.company_id.flatten());
        let known =
            affiliations::check(identity, plan_id, company_id, change.email.as_ref()).await?;
        let files = &known.files;
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let mut form = store::lock(&mut tx, keyring, form_id).await?;
                    if form.completed_at.is_some() {
                        return Err(Error::SignupFormCompleted);
                    }
                    let old_email = form.email.clone();
                    form.own.take(&parsed.person, |field| mask.has(field));
                    form.change(parsed.change.clone(), reach);
                    form.updated_at = now;
                    let is_new_email = form.email != old_email;
                    if is_new_email {
                        form.fill_from(files.clone(), reach);
                    }
                    store::save(&mut tx, keyring, &form).await?;
                    if is_new_email {
                        mail_link(identity, &mut tx, &form).await?;
                    }
                    let form = Some(to_proto(&form, reach));
                    Ok(pb::UpdateSignupFormResponse { form })
                })
            })
            .await
    }

    async fn open_signup_form(
        &self,
        request: Request<pb::OpenSignupFormRequest>,
    ) -> Result<Response<pb::OpenSignupFormResponse>, Status> {
        let identity = &self.identity;
        let reach = &reach(Caller::of(&request)?);
        let form_id = parse_id(&request.get_ref().form_id)?;
        let (token, now) = (&request.get_ref().token, identity.now());
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let mut form = store::lock(&mut tx, keyring, form_id).await?;
                    let link = store::take_link(&mut tx, form_id).await?;
                    if !link.is_some_and(|link| link.opens(token, now)) {
                        return Err(Error::SignupFormNotFound);
                    }
                    if form.completed_at.is_some() {
                        return Err(Error::SignupFormCompleted);
                    }
                    form.email_proven_at.get_or_insert(now);
                    form.updated_at = now;
                    store::save(&mut tx, keyring, &form).await?;
                    let form = Some(to_proto(&form, reach));
                    Ok(pb::OpenSignupFormResponse { form })
                })
            })
            .await
    }

    async fn complete_signup(
        &self,
        request: Request<pb::CompleteSignupRequest>,
    ) -> Result<Response<pb::CompleteSignupResponse>, Status> {
        complete::complete(&self.identity, request).await
    }
}

pub(super) fn parse_id(text: &str) -> Result<SignupFormId, Error> {
    text.parse().map_err(|_| Error::SignupFormNotFound)
}

/// Mails the owner of the form's e-mail a link, if there is something that only they may see or
/// do: take over what a file knows, or an account that somebody made with their address.
async fn mail_link(identity: &Identity, tx: &mut PgConnection, form: &Form) -> Result<(), Error> {
    let has_hidden = form.prefill.as_ref().is_some_and(|prefill| !prefill.is_shown);
    if !has_hidden && !users::store::is_unproven(&mut *tx, &form.email).await? {
        return Ok(());
    }
    let token = links::new_secret();
    let link = Link {
        token_hash: links::hash(&token),
        expires_at: identity.now() + identity.policy.form_link_life(),
    };
    store::put_link(tx, form.form_id, &link).await?;
    let url = identity.post.url(&format!("/signup-forms/{}?token={token}", form.form_id));
    identity.post.send(tx, &form.email, letters::signup_form(url)).await?;
    Ok(())
}

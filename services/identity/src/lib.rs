//! Identity: who people are and what they may do.
//!
//! Invariants, stated as absences: no password, secret or link is kept as it is; no personal data
//! reaches a log; nothing of an employee's file is shown to somebody who has not proven the
//! e-mail or may read the file anyway; nobody gains power over a person by naming their e-mail.

mod access_tokens;
mod account_users;
mod bootstrap;
mod client_apps;
mod companies;
mod config;
mod confirmations;
mod domain_signups;
mod error;
mod grants;
mod identity;
mod invitations;
mod letters;
mod links;
mod mask;
mod organization_users;
mod password_resets;
mod passwords;
mod school_people;
mod sealed;
mod sessions;
mod signup;
#[cfg(test)]
mod testing;
mod throttle;
mod tokens;
mod users;
mod voice_accounts;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::events::EventHandlers;
use chassis::mail::{Mailer, SendMail};
use chassis::server::Server;
use chassis::sweeps::Sweep;
use chassis::{Host, Service};
use prost::Name;
use proto::events::v1::{EmailProven, SignupCompleted, UserChanged, UserReplaced};
use proto::identity::v1::access_token_service_server::AccessTokenServiceServer;
use proto::identity::v1::account_user_service_server::AccountUserServiceServer;
use proto::identity::v1::client_app_service_server::ClientAppServiceServer;
use proto::identity::v1::company_hold_service_server::CompanyHoldServiceServer;
use proto::identity::v1::domain_signup_service_server::DomainSignupServiceServer;
use proto::identity::v1::grant_service_server::GrantServiceServer;
use proto::identity::v1::invitation_service_server::InvitationServiceServer;
use proto::identity::v1::organization_user_service_server::OrganizationUserServiceServer;
use proto::identity::v1::password_reset_service_server::PasswordResetServiceServer;
use proto::identity::v1::school_people_service_server::SchoolPeopleServiceServer;
use proto::identity::v1::session_service_server::SessionServiceServer;
use proto::identity::v1::signup_service_server::SignupServiceServer;
use proto::identity::v1::token_service_server::TokenServiceServer;
use proto::identity::v1::user_service_server::UserServiceServer;
use sqlx::migrate::Migrator;

pub use crate::config::{Config, InvalidServiceSecrets, Policy, ServiceSecrets};
use crate::identity::Identity;
use crate::links::MailLink;
pub use crate::sealed::SEALED;

/// The service's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

const TIDY_EVERY: Duration = Duration::from_secs(600);
/// While a round of it hangs, what was revoked is believed.
const REFRESH_PATIENCE: Duration = Duration::from_secs(10);
const KEEP_REFUSED: time::Duration = time::Duration::days(2);

/// The world outside, as identity meets it.
#[derive(Clone)]
pub struct Outside {
    /// Takes mails to people.
    pub mailer: Arc<dyn Mailer>,
}

impl Outside {
    /// The mail server of the settings; where there is none, their mail folder.
    ///
    /// # Errors
    /// When there is neither, or the mail server's settings are not such.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self { mailer: config.mail.mailer()? })
    }
}

/// Runs the service, with the outside world that its settings name, until the host's shutdown.
///
/// # Errors
/// Those of [`Outside::new`] and [`serve`].
pub async fn serve_configured(config: Config, host: Host) -> anyhow::Result<()> {
    let outside = Outside::new(&config)?;
    serve(config, host, outside).await
}

/// Runs the service until the host's shutdown.
///
/// # Errors
/// When the database cannot be opened, or the socket fails.
pub async fn serve(config: Config, host: Host, outside: Outside) -> anyhow::Result<()> {
    let subscriptions = vec![
        ("telecom", <UserChanged as Name>::full_name()),
        ("telecom", UserReplaced::full_name()),
        ("telecom", SignupCompleted::full_name()),
        ("telecom", EmailProven::full_name()),
    ];
    let clock = host.clock.clone();
    let service =
        Service::open("identity", &config.service, &MIGRATIONS, clock, subscriptions).await?;
    let Config { policy, service_secrets, mail, .. } = &config;
    let identity =
        Identity::new(service, policy.clone(), service_secrets.clone(), &mail.public_url)?;
    tokens::refresh(&identity).await.context("cannot prepare the signing keys")?;
    bootstrap::first_operator(&identity, &config).await?;

    Server::new(&identity.service)
        .grpc(TokenServiceServer::new(tokens::Tokens { identity: identity.clone() }))
        .grpc(SessionServiceServer::new(sessions::Sessions { identity: identity.clone() }))
        .grpc(UserServiceServer::new(users::Users { identity: identity.clone() }))
        .grpc(SignupServiceServer::new(signup::Signup { identity: identity.clone() }))
        .grpc(DomainSignupServiceServer::new(domain_signups::DomainSignups {
            identity: identity.clone(),
        }))
        .grpc(PasswordResetServiceServer::new(password_resets::PasswordResets {
            identity: identity.clone(),
        }))
        .grpc(InvitationServiceServer::new(invitations::Invitations { identity: identity.clone() }))
        .grpc(GrantServiceServer::new(grants::Grants { identity: identity.clone() }))
        .grpc(AccessTokenServiceServer::new(access_tokens::AccessTokens {
            identity: identity.clone(),
        }))
        .grpc(AccountUserServiceServer::new(account_users::AccountUsers {
            identity: identity.clone(),
        }))
        .grpc(OrganizationUserServiceServer::new(organization_users::OrganizationUsers {
            identity: identity.clone(),
        }))
        .grpc(ClientAppServiceServer::new(client_apps::ClientApps { identity: identity.clone() }))
        .grpc(CompanyHoldServiceServer::new(companies::Holds { identity: identity.clone() }))
        .grpc(SchoolPeopleServiceServer::new(school_people::SchoolPeople {
            identity: identity.clone(),
        }))
        .events(companies::hear(events(&identity), &identity))
        .job::<SendMail>((identity.post.clone(), outside.mailer))
        .job::<MailLink<domain_signups::DomainSignup>>(identity.clone())
        .job::<MailLink<password_resets::Reset>>(identity.clone())
        .job::<MailLink<confirmations::Confirmation>>(identity.clone())
        .job::<voice_accounts::FinishOpening>(identity.clone())
        .job::<invitations::AnnounceProof>(identity.clone())
        .trusts_by(trust(&identity, config.service.limits.trust_refresh()))
        .sweep(tidy(&identity))
        .serve(host)
        .await
}

/// What identity does about other contexts' events.
fn events(identity: &Identity) -> EventHandlers {
    let identity = identity.clone();
    EventHandlers::new().on(move |tx, received| {
        let identity = identity.clone();
        Box::pin(async move {
            let opened = received.event;
            Ok(organization_users::organization_opened(&identity, tx, opened).await?)
        })
    })
}

/// Rotates the keys, and tells keys and revocations to this process.
fn trust(identity: &Identity, every: Duration) -> Sweep {
    let identity = identity.clone();
    Sweep::new("trust", every, move || {
        let identity = identity.clone();
        async move {
            // New keys are for the others to ask for.
            Ok(tokio::time::timeout(REFRESH_PATIENCE, tokens::refresh(&identity)).await??)
        }
    })
}

/// Forgets what is too old to matter.
fn tidy(identity: &Identity) -> Sweep {
    let identity = identity.clone();
    Sweep::new("tidy", TIDY_EVERY, move || {
        let identity = identity.clone();
        async move {
            let (db, now) = (&identity.service.db, identity.now());
            let policy = &identity.policy;
            tokens::store::delete_revocations(db, now - tokens::token_life(policy)).await?;
            throttle::store::delete_ended(db, now).await?;
            invitations::store::delete_expired(db, now).await?;
            password_resets::store::delete_expired(db, now).await?;
            domain_signups::store::delete_expired(db, now).await?;
            confirmations::store::delete_expired(db, now).await?;
            access_tokens::store::delete_expired(db, now).await?;
            voice_accounts::store::delete_refused(db, now - KEEP_REFUSED).await?;
            signup::store::delete_untouched(db, now - policy.form_life()).await?;
            Ok(false)
        }
    })
}

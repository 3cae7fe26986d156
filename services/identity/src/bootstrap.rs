//! The first operator, who makes everybody else.

use anyhow::Context;

use crate::config::Config;
use crate::error::Error;
use crate::grants;
use crate::identity::Identity;
use crate::passwords::Password;
use crate::users::{self, Person, User};

/// Makes the operator of the settings, unless somebody has that e-mail.
///
/// # Errors
/// When the password is not good enough, or the database's.
pub(crate) async fn first_operator(identity: &Identity, config: &Config) -> anyhow::Result<()> {
    let (Some(email), Some(password)) =
        (&config.bootstrap_operator_email, &config.bootstrap_operator_password)
    else {
        return Ok(());
    };
    if users::store::login_of(&identity.service.db, email).await?.is_some() {
        return Ok(());
    }
    let password: Password =
        password.expose().parse().context("LINHA_BOOTSTRAP_OPERATOR_PASSWORD")?;
    let hash = &identity.passwords.hash(&password).await?;
    let now = identity.now();
    let made = identity
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                let person = Person { full_name: Some("Operator".to_owned()), ..Person::default() };
                let mut user = User::new(email.clone(), person, now);
                // Whoever runs the platform vouches for it.
                user.email_proven_at = Some(now);
                user.announced_at = Some(now);
                users::add(identity, &mut tx, &user).await?;
                users::store::set_password(&mut tx, user.user_id, hash, now).await?;
                grants::store::put_operator(&mut tx, user.user_id, now).await?;
                Ok::<_, Error>(())
            })
        })
        .await;
    match made {
        // Another replica was faster.
        Err(Error::EmailAlreadyRegistered) => Ok(()),
        made => Ok(made?),
    }
}

//! Settings of the mail that a service sends.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{FolderMailer, Mailer, SmtpMailer};
use crate::config::Secret;

/// How mail leaves, and what it says of where to find us.
#[derive(Clone, Debug, Args)]
pub struct MailConfig {
    /// Where people reach the gateway; mailed links start with it.
    #[arg(
        long,
        env = "LINHA_PUBLIC_URL",
        value_name = "LINHA_PUBLIC_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub public_url: http::Uri,

    /// Mail server, as smtps://user:password@host:465 or smtp://host:587?tls=required.
    #[arg(long, env = "LINHA_SMTP_URL", value_name = "LINHA_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<Secret>,

    /// Folder that takes mails as files where there is no mail server.
    #[arg(long, env = "LINHA_MAIL_FOLDER", value_name = "LINHA_MAIL_FOLDER")]
    pub mail_folder: Option<PathBuf>,

    /// Sender of all mails.
    #[arg(
        long,
        env = "LINHA_MAIL_FROM",
        value_name = "LINHA_MAIL_FROM",
        default_value = "Linha <no-reply@linha.example>"
    )]
    pub mail_from: String,
}

impl Default for MailConfig {
    /// Every default; neither a mail server nor a folder.
    fn default() -> Self {
        Self {
            public_url: http::Uri::from_static("http://127.0.0.1:8080"),
            smtp_url: None,
            mail_folder: None,
            mail_from: "Linha <no-reply@linha.example>".to_owned(),
        }
    }
}

impl MailConfig {
    /// The mail server; where there is none, the mail folder.
    ///
    /// # Errors
    /// When there is neither, or the mail server's settings are not such.
    pub fn mailer(&self) -> anyhow::Result<Arc<dyn Mailer>> {
        Ok(match (&self.smtp_url, &self.mail_folder) {
            (Some(url), _) => Arc::new(SmtpMailer::new(url, &self.mail_from)?),
            (None, Some(folder)) => Arc::new(FolderMailer::new(folder.clone())),
            (None, None) => anyhow::bail!("set LINHA_SMTP_URL, or LINHA_MAIL_FOLDER for a sandbox"),
        })
    }
}

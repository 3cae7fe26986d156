//! Mail: the port, and the durable queue in front of it.

mod folder;
mod job;
pub(crate) mod letters;
mod smtp;

use time::OffsetDateTime;
use uuid::Uuid;

pub use folder::{FolderMailer, StoredMail};
pub(crate) use job::{Post, SendMail};
pub use smtp::SmtpMailer;

/// A mail, ready to go.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same at every attempt to send it, so that a repeat is recognisable.
    pub id: Uuid,
    /// Address.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Links in it.
    pub links: Vec<String>,
    /// When it is sent, on the service's clock.
    pub sent_at: OffsetDateTime,
}

/// Takes mails to where they are read.
#[tonic::async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends a mail. It may have been sent before, by an attempt that broke off.
    ///
    /// # Errors
    /// When it may work later.
    async fn send(&self, mail: Mail) -> anyhow::Result<()>;
}

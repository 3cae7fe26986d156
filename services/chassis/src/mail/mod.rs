//! Mail: the port, and the durable queue in front of it.

mod config;
mod folder;
mod job;
mod letter;
mod smtp;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

pub use config::MailConfig;
pub use folder::{FolderMailer, StoredAttachment, StoredMail};
pub use job::{Post, SendMail};
pub use letter::{Letter, Link};
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
    /// Documents with it.
    pub attachments: Vec<Attachment>,
    /// When it is sent, on the service's clock.
    pub sent_at: OffsetDateTime,
}

/// A document that goes with a mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Media type: "application/pdf".
    pub media_type: String,
    /// The document, base64 where it is text.
    #[serde(with = "base64_text")]
    pub content: Vec<u8>,
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

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

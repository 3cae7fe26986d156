//! Mails over SMTP.

use anyhow::Context;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::transport::smtp::response::Code;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::{Mail, Mailer};
use crate::config::Secret;

/// Hands mails to a mail server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// `url` is as `smtps://user:password@host:465`; it is connected to when the first mail goes.
    ///
    /// # Errors
    /// When `url` is no such URL, or `from` no sender.
    pub fn new(url: &Secret, from: &str) -> anyhow::Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
            .context("LINHA_SMTP_URL is not the URL of a mail server")?
            .build();
        let from = from.parse().context("LINHA_MAIL_FROM is not a sender of mails")?;
        Ok(Self { transport, from })
    }

    fn message(&self, mail: Mail) -> anyhow::Result<Message> {
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let words = MultiPart::alternative_plain_html(mail.text, mail.html);
        let body = mail.attachments.into_iter().try_fold(
            MultiPart::mixed().multipart(words),
            |body, document| {
                let media_type = ContentType::parse(&document.media_type)?;
                let part = Attachment::new(document.name).body(document.content, media_type);
                anyhow::Ok(body.singlepart(part))
            },
        )?;
        Ok(Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, mail.to.parse()?))
            .subject(mail.subject)
            .message_id(Some(id))
            .date(mail.sent_at.into())
            .multipart(body)?)
    }
}

#[tonic::async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> anyhow::Result<()> {
        let id = mail.id;
        match self.transport.send(self.message(mail)?).await {
            // Anything else, wrong credentials among it, can be mended while the mail waits.
            Err(error) if error.status().is_some_and(refuses_recipient) => {
                tracing::error!(%id, "the mail server knows no such recipient");
                Ok(())
            }
            outcome => outcome.map(|_| ()).context("the mail server did not take a mail"),
        }
    }
}

/// Whether the answer means that this mailbox will never take a mail (RFC 5321, section 4.2.3).
fn refuses_recipient(code: Code) -> bool {
    matches!(u16::from(code), 550 | 551 | 553)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_mail_carries_its_id_and_both_forms() {
        let url: Secret = "smtp://127.0.0.1:2525".parse().unwrap();
        let mailer = SmtpMailer::new(&url, "Linha <no-reply@linha.example>").unwrap();
        let id = Uuid::now_v7();
        let message = mailer
            .message(Mail {
                id,
                to: "ana@x.example".to_owned(),
                subject: "Olá".to_owned(),
                text: "plain".to_owned(),
                html: "<p>rich</p>".to_owned(),
                links: vec![],
                attachments: vec![super::super::Attachment {
                    name: "note.txt".to_owned(),
                    media_type: "text/plain".to_owned(),
                    content: b"inside".to_vec(),
                }],
                sent_at: datetime!(2026-11-22 10:00 UTC),
            })
            .unwrap();
        let wire = String::from_utf8(message.formatted()).unwrap();
        assert!(wire.contains(&format!("Message-ID: <{id}@linha.example>")), "{wire}");
        assert!(wire.contains("plain") && wire.contains("<p>rich</p>"), "{wire}");
        assert!(wire.contains("filename=\"note.txt\""), "{wire}");
        assert!(wire.contains("Sun, 22 Nov 2026 10:00:00"), "{wire}");
    }

    #[test]
    fn a_bad_address_of_the_server_is_named() {
        let url: Secret = "mail.example".parse().unwrap();
        let error = SmtpMailer::new(&url, "no-reply@linha.example").err().unwrap();
        assert!(format!("{error:#}").contains("LINHA_SMTP_URL"));
    }
}

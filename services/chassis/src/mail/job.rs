//! Mails go out from the durable queue, where their text is sealed: it holds links that are keys.

use std::sync::Arc;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brazil::Email;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Attachment, Letter, Mail, Mailer};
use crate::Service;
use crate::clock::Clock;
use crate::crypto::Keyring;
use crate::jobs::{Job, Jobs};

/// Takes letters to the queue. Clones share it.
#[derive(Clone)]
pub struct Post {
    jobs: Jobs,
    keyring: Keyring,
    clock: Clock,
    sealed_as: Arc<str>,
    public_url: Arc<str>,
}

/// A mail in the queue.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendMail {
    id: Uuid,
    sealed: String,
}

/// What is sealed of a mail.
#[derive(Serialize, Deserialize)]
struct Content {
    to: String,
    subject: String,
    text: String,
    html: String,
    links: Vec<String>,
    #[serde(default)]
    attachments: Vec<Attachment>,
}

impl Post {
    /// The post of a service. Links in its letters start with `public_url`.
    pub fn new(service: &Service, public_url: &http::Uri) -> Self {
        Self {
            jobs: service.jobs.clone(),
            keyring: service.keyring.clone(),
            clock: service.clock.clone(),
            sealed_as: format!("{}.mail", service.name).into(),
            public_url: public_url.to_string().trim_end_matches('/').into(),
        }
    }

    /// The address of a page of the gateway. `path` starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Sends a letter, if and when the transaction is committed.
    ///
    /// # Errors
    /// The database's.
    pub async fn send(
        &self,
        tx: &mut PgConnection,
        to: &Email,
        letter: Letter,
    ) -> sqlx::Result<()> {
        let content = Content {
            to: to.to_string(),
            text: letter.text(),
            html: letter.html(),
            links: letter.link.into_iter().map(|link| link.url).collect(),
            attachments: letter.attachments,
            subject: letter.subject,
        };
        let plain =
            serde_json::to_vec(&content).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let sealed = STANDARD.encode(self.keyring.seal(&self.sealed_as, &plain));
        let job = SendMail { id: Uuid::now_v7(), sealed };
        self.jobs.enqueue(tx, &job, &job.id.to_string()).await
    }
}

impl Job for SendMail {
    const NAME: &'static str = "send_mail";
    type Context = (Post, Arc<dyn Mailer>);

    async fn run(self, (post, mailer): Self::Context) -> anyhow::Result<()> {
        let sealed = STANDARD.decode(&self.sealed).context("the mail is not base64")?;
        let plain = post.keyring.open(&post.sealed_as, &sealed)?;
        let Content { to, subject, text, html, links, attachments } =
            serde_json::from_slice(&plain)?;
        let (id, sent_at) = (self.id, post.clock.now());
        mailer.send(Mail { id, to, subject, text, html, links, attachments, sent_at }).await
    }
}

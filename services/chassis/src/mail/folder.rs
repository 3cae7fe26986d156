//! Mails as files, for a sandbox.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::{Attachment, Mail, Mailer};

const EXTENSION: &str = "json";

/// Puts each mail into a file of a folder.
#[derive(Clone, Debug)]
pub struct FolderMailer {
    folder: PathBuf,
}

/// A mail in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredMail {
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<StoredAttachment>,
    /// When it was sent, RFC 3339.
    pub sent_at: String,
}

/// A document with a mail in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredAttachment {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// The document, base64.
    pub content: String,
}

impl From<Attachment> for StoredAttachment {
    fn from(attachment: Attachment) -> Self {
        let Attachment { name, media_type, content } = attachment;
        Self { name, media_type, content: STANDARD.encode(content) }
    }
}

impl FolderMailer {
    /// Writes to `folder`, which is made when the first mail comes.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The mails in a folder, newest first; only those to one address if `to` is given, whatever
    /// its case. There are none in a folder that does not exist.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds what is no mail.
    pub fn read(folder: &Path, to: Option<&str>) -> anyhow::Result<Vec<StoredMail>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.context("cannot read the mail folder")?,
        };
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .filter(|path: &std::io::Result<PathBuf>| {
                path.as_ref().map_or(true, |path| is_mail(path))
            })
            .collect::<std::io::Result<Vec<_>>>()?;
        paths.sort_by(|one, other| other.cmp(one));
        let mut mails = Vec::new();
        for path in paths {
            let mail: StoredMail = serde_json::from_slice(&fs::read(&path)?)
                .with_context(|| format!("{} is no mail", path.display()))?;
            if to.is_none_or(|to| mail.to.eq_ignore_ascii_case(to.trim())) {
                mails.push(mail);
            }
        }
        Ok(mails)
    }

    fn write(&self, mail: Mail) -> anyhow::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let suffix = format!("{}.{EXTENSION}", mail.id);
        let is_there = fs::read_dir(&self.folder)?
            .filter_map(Result::ok)
            .any(|entry| entry.file_name().to_string_lossy().ends_with(&suffix));
        if is_there {
            return Ok(());
        }
        // Names sort by time; a mail appears whole or not at all.
        let path = self.folder.join(format!("{}-{suffix}", sortable(mail.sent_at)?));
        let unfinished = path.with_extension("new");
        let stored = StoredMail {
            to: mail.to,
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            links: mail.links,
            attachments: mail.attachments.into_iter().map(StoredAttachment::from).collect(),
            sent_at: mail.sent_at.format(&Rfc3339)?,
        };
        fs::write(&unfinished, serde_json::to_vec_pretty(&stored)?)?;
        fs::rename(&unfinished, &path)?;
        Ok(())
    }
}

fn is_mail(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == EXTENSION)
}

fn sortable(moment: OffsetDateTime) -> Result<String, time::error::Format> {
    moment.format(format_description!(
        "[year][month][day]T[hour][minute][second].[subsecond digits:6]"
    ))
}

#[tonic::async_trait]
impl Mailer for FolderMailer {
    async fn send(&self, mail: Mail) -> anyhow::Result<()> {
        let mailer = self.clone();
        tokio::task::spawn_blocking(move || mailer.write(mail))
            .await?
            .context("cannot write to the mail folder")
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    fn mail(to: &str, subject: &str, minute: i64) -> Mail {
        Mail {
            id: Uuid::now_v7(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: "text".to_owned(),
            html: "<p>text</p>".to_owned(),
            links: vec!["http://x/y".to_owned()],
            attachments: vec![Attachment {
                name: "note.txt".to_owned(),
                media_type: "text/plain".to_owned(),
                content: b"note".to_vec(),
            }],
            sent_at: datetime!(2026-11-22 10:00:00.5 UTC) + Duration::minutes(minute),
        }
    }

    #[tokio::test]
    async fn mails_are_read_newest_first_and_by_address() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = FolderMailer::new(folder.path().join("mail"));
        assert_eq!(FolderMailer::read(&mailer.folder, None).unwrap(), []);
        mailer.send(mail("a@x.example", "second", 2)).await.unwrap();
        mailer.send(mail("b@x.example", "third", 3)).await.unwrap();
        mailer.send(mail("a@x.example", "first", 1)).await.unwrap();

        let subjects = |to| -> Vec<String> {
            let mails = FolderMailer::read(&mailer.folder, to).unwrap();
            mails.into_iter().map(|mail| mail.subject).collect()
        };
        assert_eq!(subjects(None), ["third", "second", "first"]);
        assert_eq!(subjects(Some("A@x.example")), ["second", "first"]);
        assert_eq!(subjects(Some("c@x.example")), [""; 0]);
    }

    #[tokio::test]
    async fn a_repeat_leaves_one_mail() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = FolderMailer::new(folder.path().to_owned());
        let first = mail("a@x.example", "once", 1);
        let again = Mail { sent_at: first.sent_at + Duration::HOUR, ..first.clone() };
        mailer.send(first).await.unwrap();
        mailer.send(again).await.unwrap();
        let mails = FolderMailer::read(folder.path(), None).unwrap();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].sent_at, "2026-11-22T10:01:00.5Z");
        let json = serde_json::to_value(&mails[0]).unwrap();
        assert_eq!(json["links"][0], "http://x/y");
        assert_eq!(json["attachments"][0]["content"], "bm90ZQ==");
        assert_eq!(json["sentAt"], mails[0].sent_at);
    }
}

//! What the mails of fiscal documents say.

use chassis::mail::{Attachment, Letter};

use super::{FiscalNote, document};

/// Brings a document that was authorized.
pub(super) fn issued(note: &FiscalNote) -> Letter {
    let kind = document::kind(note.series.model);
    let text = format!(
        "{kind} number {}, series {}, over R$ {} was issued to {}. The document is attached.",
        note.number,
        note.series.series,
        note.amount.formatted(),
        note.recipient.name,
    );
    let code = note.authorization_code.as_deref().unwrap_or_default();
    Letter::new(format!("Your fiscal note {}", note.number))
        .paragraph(text)
        .paragraph(format!("Authorization code: {code}"))
        .attach(Attachment {
            name: format!(
                "{}-{}-{}.pdf",
                note.series.model.as_str(),
                note.series.series,
                note.number
            ),
            media_type: "application/pdf".to_owned(),
            content: document::pdf(note),
        })
}

//! What a mail says, before it has a form.

use super::Attachment;

/// A mail's content.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    pub(super) subject: String,
    paragraphs: Vec<String>,
    pub(super) link: Option<Link>,
    closing: Option<String>,
    pub(super) attachments: Vec<Attachment>,
    footer: Option<String>,
}

/// A link in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub label: &'static str,
    /// Where it leads.
    pub url: String,
}

impl Letter {
    /// Begins a letter.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            paragraphs: Vec::new(),
            link: None,
            closing: None,
            attachments: Vec::new(),
            footer: None,
        }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn paragraph(mut self, text: impl Into<String>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    /// Sets the link, which comes after the paragraphs.
    #[must_use]
    pub fn link(mut self, label: &'static str, url: String) -> Self {
        self.link = Some(Link { label, url });
        self
    }

    /// Sets what comes after the link.
    #[must_use]
    pub fn closing(mut self, text: &str) -> Self {
        self.closing = Some(text.to_owned());
        self
    }

    /// Adds a document.
    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Sets what its sender puts below it: HTML that is known to be harmless. The plain text does
    /// without.
    #[must_use]
    pub fn footer(mut self, html: Option<&str>) -> Self {
        self.footer = html.map(str::to_owned);
        self
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let link = self.link.as_ref().map(|link| format!("{}:\n{}", link.label, link.url));
        let parts: Vec<String> = self
            .paragraphs
            .iter()
            .cloned()
            .chain(link)
            .chain(self.closing.clone())
            .chain(["Linha".to_owned()])
            .collect();
        parts.join("\n\n") + "\n"
    }

    /// As HTML.
    pub fn html(&self) -> String {
        let paragraph = |text: &str| format!("<p>{}</p>\n", escape(text));
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <title>{}</title></head>\n<body>\n",
            escape(&self.subject)
        );
        for text in &self.paragraphs {
            html += &paragraph(text);
        }
        if let Some(Link { label, url }) = &self.link {
            html += &format!("<p><a href=\"{}\">{}</a></p>\n", escape(url), escape(label));
        }
        if let Some(text) = &self.closing {
            html += &paragraph(text);
        }
        html += "<p>Linha</p>\n";
        if let Some(footer) = &self.footer {
            html += &format!("<div>{footer}</div>\n");
        }
        html + "</body>\n</html>\n"
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(name: &str, url: &str) -> Letter {
        Letter::new("Subject").paragraph(format!("Hello {name},")).link("Accept", url.to_owned())
    }

    #[test]
    fn a_letter_reads_the_same_in_both_forms() {
        let letter = letter("Ana", "http://x/invitations/1?token=t").paragraph("Welcome.");
        assert!(letter.text().contains("Hello Ana,\n\nWelcome."));
        assert!(letter.text().contains("http://x/invitations/1?token=t\n"));
        assert!(letter.html().contains("<p>Hello Ana,</p>"));
        assert!(letter.html().contains("href=\"http://x/invitations/1?token=t\""));
    }

    #[test]
    fn a_footer_comes_last_and_as_it_is() {
        let letter = letter("Ana", "http://x").footer(Some("<b>Acme</b>"));
        assert!(letter.html().contains("<p>Linha</p>\n<div><b>Acme</b></div>\n</body>"));
        assert!(!letter.text().contains("Acme"));
    }

    #[test]
    fn a_name_cannot_bring_its_own_html() {
        let letter = letter("<a href='http://evil'>click", "http://x?a=1&b=2");
        assert!(!letter.html().contains("<a href='http://evil'"));
        assert!(letter.html().contains("&lt;a href=&#39;http://evil&#39;&gt;click"));
        assert!(letter.html().contains("a=1&amp;b=2"));
    }
}

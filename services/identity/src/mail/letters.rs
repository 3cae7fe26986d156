//! What the mails say.

/// A mail's content before it has a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) link: Option<Link>,
    pub(crate) closing: Option<String>,
}

/// A link in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) label: &'static str,
    pub(crate) url: String,
}

const NOT_YOU: &str = "If this was not you, you need not do anything.";

impl Letter {
    fn new(subject: &str, paragraph: String) -> Self {
        Self { subject: subject.to_owned(), paragraphs: vec![paragraph], link: None, closing: None }
    }

    fn link(mut self, label: &'static str, url: String) -> Self {
        self.link = Some(Link { label, url });
        self
    }

    fn closing(mut self, text: &str) -> Self {
        self.closing = Some(text.to_owned());
        self
    }

    /// As plain text.
    pub(super) fn text(&self) -> String {
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
    pub(super) fn html(&self) -> String {
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
        html + "<p>Linha</p>\n</body>\n</html>\n"
    }
}

/// The link to a signup form that holds more than its public id shows.
pub(crate) fn signup_form(url: String) -> Letter {
    let text = "Somebody began to sign up for a line with this e-mail address. Open the form \
                with this link to confirm that the address is yours. The link works once.";
    Letter::new("Your signup form", text.to_owned())
        .link("Open the form", url)
        .closing("If this was not you, do not use the link; nothing will happen.")
}

/// The link that proves the address of an account.
pub(crate) fn email_proof(url: String) -> Letter {
    let text = "An account was made, or changed, with this e-mail address. Confirm with this \
                link that the address is yours. The link works once.";
    Letter::new("Confirm your e-mail address", text.to_owned())
        .link("Confirm the address", url)
        .closing("If you did not make this account, do not use the link.")
}

/// The link that sets a new password.
pub(crate) fn password_reset(url: String) -> Letter {
    let text = "A new password was asked for. Choose one with this link. The link works once \
                and not for long.";
    Letter::new("Choose a new password", text.to_owned())
        .link("Choose a password", url)
        .closing(NOT_YOU)
}

/// The link that gives an invited person a password.
pub(crate) fn invitation(name: Option<&str>, url: String) -> Letter {
    let hello = name.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"));
    let text = "You were given access to the lines of a company. Accept with this link, and \
                choose a password. The link works once.";
    let letter = Letter::new("You are invited", hello).link("Accept the invitation", url);
    Letter { paragraphs: [letter.paragraphs, vec![text.to_owned()]].concat(), ..letter }
        .closing(NOT_YOU)
}

/// Tells somebody who has an account already that they may do more.
pub(crate) fn granted() -> Letter {
    let text = "You were given access to the lines of another company. Log in again to see them.";
    Letter::new("You were given access", text.to_owned())
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

    #[test]
    fn a_letter_reads_the_same_in_both_forms() {
        let letter = invitation(Some("Ana"), "http://x/invitations/1?token=t".to_owned());
        assert!(letter.text().contains("Hello Ana,\n\nYou were given"));
        assert!(letter.text().contains("http://x/invitations/1?token=t\n"));
        assert!(letter.html().contains("<p>Hello Ana,</p>"));
        assert!(letter.html().contains("href=\"http://x/invitations/1?token=t\""));
    }

    #[test]
    fn a_name_cannot_bring_its_own_html() {
        let letter = invitation(Some("<a href='http://evil'>click"), "http://x?a=1&b=2".to_owned());
        assert!(!letter.html().contains("<a href='http://evil'"));
        assert!(letter.html().contains("&lt;a href=&#39;http://evil&#39;&gt;click"));
        assert!(letter.html().contains("a=1&amp;b=2"));
    }
}

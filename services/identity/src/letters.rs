//! What the mails of identity say.

use chassis::mail::Letter;

const NOT_YOU: &str = "If this was not you, you need not do anything.";

/// The link to a signup form that holds more than its public id shows.
pub(crate) fn signup_form(url: String) -> Letter {
    let text = "Somebody began to sign up for a line with this e-mail address. Open the form \
                with this link to confirm that the address is yours. The link works once.";
    Letter::new("Your signup form")
        .paragraph(text)
        .link("Open the form", url)
        .closing("If this was not you, do not use the link; nothing will happen.")
}

/// The link that proves the address of an account.
pub(crate) fn email_proof(url: String) -> Letter {
    let text = "An account was made, or changed, with this e-mail address. Confirm with this \
                link that the address is yours. The link works once.";
    Letter::new("Confirm your e-mail address")
        .paragraph(text)
        .link("Confirm the address", url)
        .closing("If you did not make this account, do not use the link.")
}

/// The link that confirms the address of somebody in a voice account.
pub(crate) fn confirmation(url: String) -> Letter {
    let text = "An account was made, or changed, with this e-mail address. Confirm with this \
                link that the address is yours. The link is good for a day.";
    Letter::new("Confirm your e-mail address")
        .paragraph(text)
        .link("Confirm the address", url)
        .closing("If you did not make this account, do not use the link.")
}

/// The link that signs somebody up at the company of their address.
pub(crate) fn domain_signup(url: String) -> Letter {
    let text = "Your company offers its people a mobile line. Get yours with this link, and \
                choose a password. The link works once.";
    Letter::new("Your line").paragraph(text).link("Get your line", url).closing(NOT_YOU)
}

/// The link that sets a new password.
pub(crate) fn password_reset(url: String) -> Letter {
    let text = "A new password was asked for. Choose one with this link. The link works once \
                and not for long.";
    Letter::new("Choose a new password")
        .paragraph(text)
        .link("Choose a password", url)
        .closing(NOT_YOU)
}

/// The link that gives an invited person a password.
pub(crate) fn invitation(name: Option<&str>, url: String) -> Letter {
    let hello = name.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"));
    let text = "You were given access to the lines of a company. Accept with this link, and \
                choose a password. The link works once.";
    Letter::new("You are invited")
        .paragraph(hello)
        .paragraph(text)
        .link("Accept the invitation", url)
        .closing(NOT_YOU)
}

/// The link that makes the address on somebody's record in a school their login.
pub(crate) fn school_invitation(name: &str, url: String) -> Letter {
    let text = "Your school has put you down with this e-mail address. Choose a password with \
                this link to log in with the address from then on. The link works once.";
    Letter::new("Your account at your school")
        .paragraph(format!("Hello {name},"))
        .paragraph(text)
        .link("Choose a password", url)
        .closing(NOT_YOU)
}

/// The link by which somebody joins an organization.
pub(crate) fn organization_invitation(name: &str, url: String, footer: Option<&str>) -> Letter {
    let text = format!(
        "You were invited to join {name}. Accept with this link. The link works once, and for a \
         week."
    );
    Letter::new(format!("Join {name}"))
        .paragraph(text)
        .link("Accept the invitation", url)
        .closing(NOT_YOU)
        .footer(footer)
}

/// Tells somebody who has an account already that they may do more.
pub(crate) fn granted() -> Letter {
    let text = "You were given access to the lines of another company. Log in again to see them.";
    Letter::new("You were given access").paragraph(text)
}

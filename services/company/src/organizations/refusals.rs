//! What is refused about organizations and what they have.

use chassis::refusal::{refuse, refuse_field};
use tonic::{Code, Status};

const DOMAIN: &str = "company";

/// There is no such organization for the caller.
pub(crate) fn organization_not_found() -> Status {
    absent("ORGANIZATION_NOT_FOUND", "there is no such organization")
}

/// There is no such location in the organization.
pub(crate) fn location_not_found() -> Status {
    absent("LOCATION_NOT_FOUND", "there is no such location")
}

/// The organization does not speak it.
pub(crate) fn language_not_found() -> Status {
    absent("LANGUAGE_NOT_FOUND", "there is no such language")
}

/// There is no such meeting for the caller.
pub(crate) fn meeting_not_found() -> Status {
    absent("MEETING_NOT_FOUND", "there is no such meeting")
}

/// There is no such address for the caller.
pub(crate) fn address_not_found() -> Status {
    absent("ORGANIZATION_ADDRESS_NOT_FOUND", "there is no such address")
}

/// The organization has no such picture.
pub(super) fn picture_not_found() -> Status {
    absent("PICTURE_NOT_FOUND", "there is no such picture")
}

/// A suspended or pending organization is read-only.
pub(crate) fn read_only() -> Status {
    let message = "the organization can only be read";
    refuse(Code::PermissionDenied, DOMAIN, "ORGANIZATION_READ_ONLY", [], message)
}

/// Roles of somebody whose e-mail is not proven sleep.
pub(super) fn email_not_proven() -> Status {
    let message = "the e-mail must be proven first";
    refuse(Code::PermissionDenied, DOMAIN, "EMAIL_NOT_PROVEN", [], message)
}

/// One person owns only so many.
pub(super) fn too_many_organizations() -> Status {
    state("TOO_MANY_ORGANIZATIONS", "a person opens at most ten organizations")
}

/// An organization has only so many.
pub(crate) fn too_many_addresses() -> Status {
    state("TOO_MANY_ADDRESSES", "an organization has at most a hundred addresses")
}

/// An organization has only so many.
pub(crate) fn too_many_locations() -> Status {
    state("TOO_MANY_LOCATIONS", "an organization has at most ten thousand locations")
}

/// An organization has only so many.
pub(crate) fn too_many_languages() -> Status {
    state("TOO_MANY_LANGUAGES", "an organization has at most two hundred languages")
}

/// An organization has only so many.
pub(crate) fn too_many_meetings() -> Status {
    state("TOO_MANY_MEETINGS", "an organization has at most a hundred thousand meetings")
}

/// Only what is for show is cleared.
pub(super) fn not_demo() -> Status {
    state("ORGANIZATION_NOT_DEMO", "only a demo organization can be cleared")
}

/// Another organization has the slug.
pub(super) fn slug_taken() -> Status {
    chassis::refusal::refuse_taken(DOMAIN, "SLUG_TAKEN", &["slug"])
}

/// The organization speaks it already.
pub(crate) fn language_exists() -> Status {
    chassis::refusal::refuse_taken(DOMAIN, "LANGUAGE_EXISTS", &["tag"])
}

/// The file is no picture that is taken.
pub(super) fn invalid_picture(message: String) -> Status {
    refuse_field(DOMAIN, "INVALID_PICTURE", "file", message)
}

/// A field names something that is not there.
pub(crate) fn reference_not_found(field: &str) -> Status {
    refuse_field(DOMAIN, "REFERENCE_NOT_FOUND", field, "leads nowhere")
}

fn absent(reason: &str, message: &str) -> Status {
    refuse(Code::NotFound, DOMAIN, reason, [], message)
}

fn state(reason: &str, message: &str) -> Status {
    refuse(Code::FailedPrecondition, DOMAIN, reason, [], message)
}

//! The fields of each model.

use super::Kind::{Boolean, Flag, Integer, Reais, Shown, Text, Time, Uuid};
use super::{Field, Kind, Listed};

/// People of an account.
#[derive(Debug)]
pub(in super::super) struct Users;

/// Access tokens.
#[derive(Debug)]
pub(in super::super) struct Tokens;

/// Extensions.
#[derive(Debug)]
pub(in super::super) struct Extensions;

/// Ended calls.
#[derive(Debug)]
pub(in super::super) struct Calls;

const fn field(name: &'static str, asked: &'static str, kind: Kind) -> Field {
    Field { name, asked, kind }
}

const fn same(name: &'static str, kind: Kind) -> Field {
    field(name, name, kind)
}

#[expect(private_interfaces, reason = "models are made here only")]
impl Listed for Users {
    const FIELDS: &'static [Field] = &[
        same("uuid", Uuid),
        same("name", Text),
        same("email", Text),
        same("phone", Text),
        same("role", Text),
        field("emailVerified", "email_verified", Boolean),
        field("createdAt", "created_at", Time),
        field("updatedAt", "updated_at", Time),
        field("lastLoginAt", "last_login_at", Time),
    ];
}

#[expect(private_interfaces, reason = "models are made here only")]
impl Listed for Tokens {
    const FIELDS: &'static [Field] =
        &[same("id", Shown), same("ttl", Integer), same("created", Time)];
}

#[expect(private_interfaces, reason = "models are made here only")]
impl Listed for Extensions {
    const FIELDS: &'static [Field] = &[
        same("id", Integer),
        same("domain", Text),
        field("ramal", "number", Text),
        same("senha", Shown),
        field("bina", "caller_id", Text),
        same("first_name", Text),
        same("last_name", Text),
        field("email_address", "email", Text),
        field("gravar_audio", "record_audio", Flag),
    ];
}

#[expect(private_interfaces, reason = "models are made here only")]
impl Listed for Calls {
    const FIELDS: &'static [Field] = &[
        same("id", Uuid),
        same("domain", Text),
        same("call_type", Text),
        same("started_at", Time),
        same("ended_at", Time),
        same("from", Text),
        same("to", Text),
        same("duration", Integer),
        same("hangup_cause", Text),
        same("record_url", Text),
        same("email", Text),
        same("first_name", Text),
        same("last_name", Text),
        field("BINA", "caller_id", Text),
        same("minute_price", Reais),
        same("call_price", Reais),
        same("metadata", Shown),
    ];
}

//! Schools, their tenants, and what partners' programs know of them.

pub(crate) mod import;
mod input;
pub(crate) mod rpc;
mod store;
#[cfg(test)]
mod testing;

use chassis::auth::{Caller, Role, Subject};
use proto::common::v1::Permission;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

brazil::id!(
    /// A class of a school.
    ClassId
);

brazil::id!(
    /// What a partner's program knows of a school.
    SchoolIntegrationId
);

/// Who looks, as a query's `where` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// Sees all active schools.
    pub(crate) everything: bool,
    /// Sees these.
    pub(crate) school_ids: Vec<Uuid>,
    /// Sees those that hold an active integration of this program.
    pub(crate) client_id: Option<String>,
}

impl Viewer {
    /// The caller of an rpc. Programs of another kind, and services, see nothing.
    pub(crate) fn of(caller: &Caller) -> Self {
        match caller.subject() {
            Subject::Partner(client_id) if caller.is(Role::SchoolPartner) => {
                Self { client_id: Some(client_id.clone()), ..Self::default() }
            }
            Subject::User(_) => {
                let scope = caller.scope_of(Permission::SchoolsRead);
                let (everything, school_ids) = (scope.everything, scope.company_ids);
                Self { everything, school_ids, client_id: None }
            }
            Subject::Partner(_) | Subject::Service(_) => Self::default(),
        }
    }
}

/// A tenant as it is read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Tenant {
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    pub(crate) brand: String,
}

/// A school as it is read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct School {
    pub(crate) school_id: Uuid,
    pub(crate) external_id: Option<String>,
    pub(crate) tenant_id: Uuid,
    pub(crate) tenant_name: String,
    pub(crate) trade_name: String,
    pub(crate) company_name: String,
    pub(crate) document_type: Option<String>,
    pub(crate) document_value: Option<String>,
    #[sqlx(json)]
    pub(crate) addresses: Vec<Address>,
}

/// A school that somebody sees.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Sighted {
    pub(crate) school_id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) external_id: Option<String>,
}

/// An address, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) street: String,
    pub(crate) number: String,
    pub(crate) neighborhood: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) postal_code: String,
}

/// A shift or a stage.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Term {
    pub(crate) name: String,
    pub(crate) description: String,
}

/// Which of the two a [`Term`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TermKind {
    Shift,
    Stage,
}

/// A class as it is read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Class {
    pub(crate) class_id: Uuid,
    pub(crate) external_id: String,
    pub(crate) name: String,
    pub(crate) educational_stage: String,
    pub(crate) grade: String,
    pub(crate) open: bool,
    pub(crate) shift: Option<String>,
}

/// A value that cannot be taken: the field, and the rest of the sentence that starts with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) field: String,
    pub(crate) reason: String,
}

impl Bad {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// What a put came to: an id, or the value at fault.
pub(crate) type Put<T> = Result<T, Bad>;

/// A tenant to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantInput {
    pub(crate) reference: String,
    pub(crate) name: String,
    pub(crate) brand: String,
    pub(crate) active: bool,
}

/// A school to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchoolInput {
    pub(crate) reference: String,
    pub(crate) tenant_reference: String,
    pub(crate) trade_name: String,
    pub(crate) company_name: String,
    pub(crate) document: Option<(String, String)>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) active: bool,
}

/// An integration to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IntegrationInput {
    pub(crate) client_id: String,
    pub(crate) school_reference: String,
    pub(crate) external_integration_id: String,
    pub(crate) school_external_id: String,
    pub(crate) active: bool,
}

/// A shift or a stage to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TermInput {
    pub(crate) kind: TermKind,
    pub(crate) school_reference: String,
    pub(crate) term: Term,
    pub(crate) active: bool,
}

/// A class to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassInput {
    pub(crate) school_reference: String,
    pub(crate) external_id: String,
    pub(crate) name: String,
    pub(crate) educational_stage: String,
    pub(crate) stage_name: String,
    pub(crate) shift_name: Option<String>,
    pub(crate) open: bool,
}

/// Anything of a school that company keeps, to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Tenant(TenantInput),
    School(SchoolInput),
    Integration(IntegrationInput),
    Term(TermInput),
    Class(ClassInput),
}

//! The caller of an rpc, as its handler meets them.

use brazil::{CompanyId, Email, UserId};
use proto::common::v1::Permission;
use tonic::{Request, Status};
use uuid::Uuid;

use super::permissions::{Role, may};
use super::token::{Claims, Grant, SubjectKind};

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person.
    User(UserId),
    /// A service, by name.
    Service(String),
    /// A partner's program, by client id.
    Partner(String),
}

/// The caller of the rpc in hand: authenticated, and not yet known to have a right to what they
/// ask for.
#[derive(Clone, Debug)]
pub struct Caller {
    subject: Subject,
    grants: Vec<Grant>,
    email: Option<Email>,
    epoch: i64,
    permission: Permission,
    path: String,
}

/// Where a permission of a caller reaches, in the form that a query's `where` can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Everywhere: nothing else matters then.
    pub everything: bool,
    /// In these companies.
    pub company_ids: Vec<Uuid>,
    /// And in what this person uses or is.
    pub user_id: Option<Uuid>,
}

impl Caller {
    /// `path` is that of the rpc, `permission` what it needs. None for claims that make no sense.
    pub(crate) fn new(claims: Claims, permission: Permission, path: &str) -> Option<Self> {
        let subject = match claims.kind {
            SubjectKind::User => Subject::User(claims.sub.parse().ok()?),
            SubjectKind::Service => Subject::Service(claims.sub),
            SubjectKind::Partner => Subject::Partner(claims.sub),
        };
        let Claims { grants, email, epoch, .. } = claims;
        Some(Self { subject, grants, email, epoch, permission, path: path.to_owned() })
    }

    /// The caller of a request.
    ///
    /// # Errors
    /// UNAUTHENTICATED when the request did not pass the authentication layer.
    pub fn of<T>(request: &Request<T>) -> Result<&Self, Status> {
        request.extensions().get().ok_or_else(|| Status::unauthenticated("a token is needed"))
    }

    /// Who they are.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The person they are, if they are one.
    pub fn user_id(&self) -> Option<UserId> {
        match self.subject {
            Subject::User(user_id) => Some(user_id),
            _ => None,
        }
    }

    /// Their e-mail, if they are a person and it is proven.
    pub fn email(&self) -> Option<&Email> {
        self.email.as_ref()
    }

    /// Whether they show a token from before a moment when all of theirs were ended.
    pub fn is_from_before(&self, epoch: i64) -> bool {
        self.epoch < epoch
    }

    /// Path of the rpc that they call.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// One text for each caller: "user:0190…", "service:gateway".
    pub fn key(&self) -> String {
        match &self.subject {
            Subject::User(user_id) => format!("user:{user_id}"),
            Subject::Service(name) => format!("service:{name}"),
            Subject::Partner(client_id) => format!("partner:{client_id}"),
        }
    }

    /// Their [`key`](Self::key), if they are somebody outside and no part of Linha.
    pub fn outside_key(&self) -> Option<String> {
        (!matches!(self.subject, Subject::Service(_))).then(|| self.key())
    }

    /// Whether they hold the role, anywhere.
    pub fn is(&self, role: Role) -> bool {
        self.roles().any(|held| held == role)
    }

    /// The companies that they hold a role in.
    pub fn company_ids(&self) -> impl Iterator<Item = Uuid> {
        self.grants.iter().filter_map(|grant| grant.company_id)
    }

    /// Whether they hold the role in that company, or run the platform.
    pub fn is_in(&self, company_id: CompanyId, role: Role) -> bool {
        self.is(Role::Operator)
            || self.grants.contains(&Grant { role, company_id: Some(company_id.into()) })
    }

    /// Whether any of their roles carries the rpc's permission, wherever it reaches.
    pub(super) fn may_ask(&self) -> bool {
        self.roles().any(|role| may(role, self.permission))
    }

    /// Where the rpc's permission reaches.
    pub fn scope(&self) -> Scope {
        self.scope_of(self.permission)
    }

    /// Where another permission reaches.
    pub fn scope_of(&self, permission: Permission) -> Scope {
        let granting = || self.grants.iter().filter(|grant| may(grant.role, permission));
        Scope {
            everything: granting().any(|grant| grant.company_id.is_none()),
            company_ids: granting().filter_map(|grant| grant.company_id).collect(),
            user_id: self.user_id().filter(|_| may(Role::Holder, permission)).map(Uuid::from),
        }
    }

    /// Lets the caller go on with what belongs to a company.
    ///
    /// # Errors
    /// `absent` when the company is none of the caller's: for them it does not exist;
    /// PERMISSION_DENIED when it is, but their role there does not carry the rpc's permission.
    pub fn enter(&self, company_id: CompanyId, absent: Status) -> Result<(), Status> {
        if self.scope().reaches(company_id) {
            return Ok(());
        }
        let belongs = self.grants.iter().any(|grant| grant.company_id == Some(company_id.into()));
        Err(if belongs { forbidden() } else { absent })
    }

    fn roles(&self) -> impl Iterator<Item = Role> {
        let holder = self.user_id().map(|_| Role::Holder);
        self.grants.iter().map(|grant| grant.role).chain(holder)
    }
}

impl Scope {
    /// The scope of a service's own work.
    pub fn everywhere() -> Self {
        Self { everything: true, company_ids: vec![], user_id: None }
    }

    /// Whether a company's things are in it.
    pub fn reaches(&self, company_id: CompanyId) -> bool {
        self.everything || self.company_ids.contains(&company_id.into())
    }
}

/// The caller is known, and may not.
pub(super) fn forbidden() -> Status {
    Status::permission_denied("the caller may not do this")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager_of(company_id: CompanyId, permission: Permission) -> Caller {
        let grants = vec![Grant { role: Role::Manager, company_id: Some(company_id.into()) }];
        let sub = UserId::generate().to_string();
        let claims = Claims::new(sub, SubjectKind::User, grants, 0, 0, 1);
        Caller::new(claims, permission, "/x/y").unwrap()
    }

    fn absent() -> Status {
        Status::not_found("no such company")
    }

    #[test]
    fn another_companys_things_do_not_exist() {
        let (mine, other) = (CompanyId::generate(), CompanyId::generate());
        let caller = manager_of(mine, Permission::LinesManage);
        assert!(caller.enter(mine, absent()).is_ok());
        assert_eq!(caller.enter(other, absent()).unwrap_err().code(), tonic::Code::NotFound);
        assert_eq!(caller.scope().company_ids, [Uuid::from(mine)]);
        assert!(!caller.scope().everything);
    }

    #[test]
    fn what_a_role_does_not_carry_is_forbidden_at_home() {
        let mine = CompanyId::generate();
        let caller = manager_of(mine, Permission::PricesSet);
        assert_eq!(caller.enter(mine, absent()).unwrap_err().code(), tonic::Code::PermissionDenied);
        assert!(!caller.may_ask());
    }

    #[test]
    fn a_person_holds_what_is_their_own() {
        let caller = manager_of(CompanyId::generate(), Permission::UsersUpdate);
        let scope = caller.scope();
        assert_eq!(scope.user_id, caller.user_id().map(Uuid::from));
        assert!(scope.company_ids.is_empty());
    }
}

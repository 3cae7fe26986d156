//! Who sees whom.

use brazil::UserId;
use chassis::Service;
use chassis::auth::{Caller, Role, Subject};
use chassis::refusal::upstream;
use proto::common::v1::Permission;
use proto::company::v1::resolve_schools_request::Viewer;
use proto::company::v1::school_service_client::SchoolServiceClient;
use proto::company::v1::{ResolveSchoolsRequest, School, SchoolsOfPerson};
use tonic::Status;
use uuid::Uuid;

use super::store;
use crate::error::Error;

/// The records that somebody sees, of the schools that [`Seen::schools`] leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// All of them.
    pub(super) everything: bool,
    /// Those of people who use this program's product.
    pub(super) client_id: Option<String>,
    /// All of these schools.
    pub(super) staff_of: Vec<Uuid>,
    /// Those of these accounts: a person's own and their dependents'.
    pub(super) own: Vec<Uuid>,
    /// The schools that a person has a profile in.
    pub(super) school_ids: Vec<Uuid>,
}

impl Seen {
    /// What the caller of an rpc sees. Programs of another kind, and services, see nobody.
    pub(super) async fn by(service: &Service, caller: &Caller) -> Result<Self, Error> {
        match caller.subject() {
            Subject::Partner(client_id) if caller.is(Role::SchoolPartner) => {
                Ok(Self { client_id: Some(client_id.clone()), ..Self::default() })
            }
            Subject::User(user_id) => {
                let scope = caller.scope_of(Permission::SchoolPeopleRead);
                let mut own = store::dependents(&service.db, *user_id).await?;
                own.push(user_id.0);
                Ok(Self {
                    everything: scope.everything,
                    client_id: None,
                    staff_of: scope.company_ids,
                    own,
                    school_ids: caller.scope_of(Permission::SchoolsRead).company_ids,
                })
            }
            Subject::Partner(_) | Subject::Service(_) => Ok(Self::default()),
        }
    }

    fn viewer(&self) -> Viewer {
        match &self.client_id {
            Some(client_id) => Viewer::ClientId(client_id.clone()),
            None if self.everything => Viewer::Operator(true),
            None => {
                let school_ids = self.school_ids.iter().map(ToString::to_string).collect();
                Viewer::Person(SchoolsOfPerson { school_ids })
            }
        }
    }

    /// Which of these schools are seen: active ones, with what ties the caller to them. Asks
    /// company, once, also about none: how long an answer takes must not tell whether there was
    /// somebody to ask about.
    pub(super) async fn schools(
        &self,
        service: &Service,
        mut school_ids: Vec<Uuid>,
    ) -> Result<Vec<School>, Status> {
        school_ids.sort_unstable();
        school_ids.dedup();
        self.resolve(service, None, school_ids).await
    }

    /// The one school that is called so, if it is seen, and is the named one if one is named.
    pub(super) async fn school_called(
        &self,
        service: &Service,
        school_external_id: &str,
        school_id: Option<Uuid>,
    ) -> Result<School, Error> {
        let called = Some(school_external_id.to_owned());
        let schools = self.resolve(service, called, school_id.into_iter().collect()).await?;
        schools.into_iter().next().ok_or(Error::SchoolNotFound)
    }

    async fn resolve(
        &self,
        service: &Service,
        school_external_id: Option<String>,
        school_ids: Vec<Uuid>,
    ) -> Result<Vec<School>, Status> {
        let request = ResolveSchoolsRequest {
            viewer: Some(self.viewer()),
            school_external_id,
            school_ids: school_ids.iter().map(ToString::to_string).collect(),
        };
        let answer = SchoolServiceClient::new(service.company.clone())
            .resolve_schools(request)
            .await
            .map_err(upstream)?;
        Ok(answer.into_inner().schools)
    }
}

/// Whose account it is, by an id that somebody gave.
pub(super) fn account(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| Error::AccountNotFound)
}

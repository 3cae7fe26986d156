//! SchoolPeopleService.

#[cfg(test)]
mod tests;
mod wire;

use std::collections::{HashMap, HashSet};
use std::pin::Pin;

use anyhow::Context;
use brazil::{Email, UserId};
use chassis::auth::Caller;
use chassis::refusal::{Fields, invalid};
use futures::stream::{self, Stream};
use proto::identity::v1 as pb;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::seen::{Seen, account};
use super::store::{self, PAGE, putting};
use super::{Bad, Person, SchoolPersonId, import, input};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations;

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers SchoolPeopleService.
pub(crate) struct SchoolPeople {
    pub(crate) identity: Identity,
}

/// Who reads, and what they see.
struct Reader {
    key: String,
    seen: Seen,
}

impl SchoolPeople {
    async fn reader<T>(&self, request: &Request<T>) -> Result<Reader, Status> {
        let caller = Caller::of(request)?.clone();
        let seen = Seen::by(&self.identity.service, &caller).await?;
        Ok(Reader { key: caller.key(), seen })
    }

    /// The records of accounts that a reader sees, in schools that they see.
    async fn records(&self, reader: &Reader, user_ids: &[Uuid]) -> Result<Vec<Person>, Error> {
        let service = &self.identity.service;
        let (db, keyring) = (&service.db, &service.keyring);
        let mut people = store::of_accounts(db, keyring, &reader.seen, user_ids).await?;
        let school_ids = people.iter().map(|person| person.school_id).collect();
        let schools = reader.seen.schools(service, school_ids).await?;
        let seen: HashSet<Uuid> =
            schools.iter().filter_map(|school| school.school_id.parse().ok()).collect();
        people.retain(|person| seen.contains(&person.school_id));
        Ok(people)
    }

    async fn note(&self, reader: &Reader, operation: &str, people: &[Person]) -> Result<(), Error> {
        let identity = &self.identity;
        let (db, now) = (&identity.service.db, identity.now());
        Ok(store::note_read(db, &reader.key, operation, people, now).await?)
    }
}

#[tonic::async_trait]
impl pb::school_people_service_server::SchoolPeopleService for SchoolPeople {
    async fn list_profiles(
        &self,
        request: Request<pb::ListProfilesRequest>,
    ) -> Result<Response<pb::ListProfilesResponse>, Status> {
        let db = &self.identity.service.reader(&request).await?;
        let profiles = store::profiles(db).await.map_err(Error::from)?;
        let profiles = profiles.iter().map(Into::into).collect();
        Ok(Response::new(pb::ListProfilesResponse { profiles }))
    }

    async fn list_dependents(
        &self,
        request: Request<pb::ListDependentsRequest>,
    ) -> Result<Response<pb::ListDependentsResponse>, Status> {
        let reader = self.reader(&request).await?;
        let guardian = account(&request.get_ref().account_id)?;
        let db = &self.identity.service.db;
        let mut user_ids = store::dependents(db, guardian).await.map_err(Error::from)?;
        user_ids.push(guardian.0);
        let people = self.records(&reader, &user_ids).await?;
        if !people.iter().any(|person| person.user_id == guardian) {
            return Err(Error::AccountNotFound.into());
        }
        self.note(&reader, "list_dependents", &people).await?;
        let mut by_account: HashMap<UserId, Vec<Person>> = HashMap::new();
        for person in people.into_iter().filter(|person| person.user_id != guardian) {
            by_account.entry(person.user_id).or_default().push(person);
        }
        let mut dependents: Vec<pb::SchoolAccount> =
            by_account.into_values().filter_map(|records| wire::account(&records)).collect();
        dependents.sort_by(|a, b| (&a.name, &a.account_id).cmp(&(&b.name, &b.account_id)));
        Ok(Response::new(pb::ListDependentsResponse { dependents }))
    }

    async fn get_school_account(
        &self,
        request: Request<pb::GetSchoolAccountRequest>,
    ) -> Result<Response<pb::GetSchoolAccountResponse>, Status> {
        let reader = self.reader(&request).await?;
        let user_id = account(&request.get_ref().account_id)?;
        let people = self.records(&reader, &[user_id.0]).await?;
        let account = wire::account(&people).ok_or(Error::AccountNotFound)?;
        self.note(&reader, "get_school_account", &people).await?;
        Ok(Response::new(pb::GetSchoolAccountResponse { account: Some(account) }))
    }

    async fn get_partner_account(
        &self,
        request: Request<pb::GetPartnerAccountRequest>,
    ) -> Result<Response<pb::GetPartnerAccountResponse>, Status> {
        let reader = self.reader(&request).await?;
        let pb::GetPartnerAccountRequest { account_id, school_id, school_external_id } =
            request.get_ref();
        let service = &self.identity.service;
        let school_id: Option<Uuid> = match school_id {
            Some(id) => Some(id.parse().map_err(|_| Error::SchoolNotFound)?),
            None => None,
        };
        let school = match (school_external_id, school_id) {
            (Some(called), _) => reader.seen.school_called(service, called, school_id).await?,
            (None, Some(school_id)) => {
                let schools = reader.seen.schools(service, vec![school_id]).await?;
                schools.into_iter().next().ok_or(Error::SchoolNotFound)?
            }
            (None, None) => return Err(invalid("school_id", "or school_external_id is required")),
        };
        let user_id = account(account_id)?;
        let school_id = school.school_id.parse().map_err(|_| Error::SchoolNotFound)?;
        let (db, keyring) = (&service.db, &service.keyring);
        let person = store::in_school(db, keyring, &reader.seen, user_id, school_id)
            .await?
            .filter(|person| person.external_id.is_some())
            .ok_or(Error::AccountNotFound)?;
        let responsible_external_ids =
            store::guardians_in(db, user_id, school_id).await.map_err(Error::from)?;
        let profiles = store::profiles(db).await.map_err(Error::from)?;
        self.note(&reader, "get_partner_account", std::slice::from_ref(&person)).await?;
        Ok(Response::new(pb::GetPartnerAccountResponse {
            person: Some(wire::person(person, &school.tenant_id, &profiles)),
            school_external_id: school.external_id,
            responsible_external_ids,
        }))
    }

    type ListSchoolPeopleStream = Parts<pb::ListSchoolPeopleResponse>;

    async fn list_school_people(
        &self,
        request: Request<pb::ListSchoolPeopleRequest>,
    ) -> Result<Response<Self::ListSchoolPeopleStream>, Status> {
        let reader = self.reader(&request).await?;
        let called = &request.get_ref().school_external_id;
        let service = &self.identity.service;
        let school = reader.seen.school_called(service, called, None).await?;
        let school_id: Uuid = school.school_id.parse().map_err(|_| Error::SchoolNotFound)?;
        let profiles = store::profiles(&service.db).await.map_err(Error::from)?;
        let rpc = Self { identity: self.identity.clone() };
        let db = service.reader(&request).await?;
        let state = Some((rpc, reader, None::<(String, SchoolPersonId)>));
        Ok(Response::new(Box::pin(stream::try_unfold(state, move |state| {
            let (tenant_id, profiles) = (school.tenant_id.clone(), profiles.clone());
            let db = db.clone();
            async move {
                let Some((rpc, reader, after)) = state else { return Ok(None) };
                let keyring = &rpc.identity.service.keyring;
                let start = after.as_ref().map(|(name, id)| (name.as_str(), *id));
                let people = store::of_school(&db, keyring, &reader.seen, school_id, start).await?;
                if people.is_empty() {
                    return Ok(None);
                }
                rpc.note(&reader, "list_school_people", &people).await?;
                let is_last = i64::try_from(people.len()).is_ok_and(|count| count < PAGE);
                let last = people.last().map(|person| (person.name.clone(), person.person_id));
                let people = people
                    .into_iter()
                    .map(|person| wire::person(person, &tenant_id, &profiles))
                    .collect();
                let next = if is_last { None } else { Some((rpc, reader, last)) };
                Ok(Some((pb::ListSchoolPeopleResponse { people }, next)))
            }
        }))))
    }

    async fn put_school_person(
        &self,
        request: Request<pb::PutSchoolPersonRequest>,
    ) -> Result<Response<pb::PutSchoolPersonResponse>, Status> {
        let (identity, now) = (&self.identity, self.identity.now());
        let profiles = &store::profiles(&identity.service.db).await.map_err(Error::from)?;
        let given = request.get_ref().person.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let school_id = school(&mut fields, &request.get_ref().school_id);
        let person = school_id.and_then(|school_id| {
            input::person(&mut fields, "person.", school_id, &given, profiles, now)
        });
        let person = &checked(fields, person)?;
        self.must_exist(person.school_id).await?;
        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    putting::lock(&mut tx).await?;
                    let (keyring, people) =
                        (&identity.service.keyring, std::slice::from_ref(person));
                    let put =
                        putting::people(&mut tx, keyring, profiles, people, true, now).await?;
                    let stored = only(put)?.map_err(|bad| refused("person.", bad))?;
                    if stored.lost_role {
                        identity.withdraw(&mut tx, stored.user_id, person.school_id.into()).await?;
                    }
                    Ok::<_, Error>(pb::PutSchoolPersonResponse {
                        person_id: stored.person_id.to_string(),
                        account_id: stored.user_id.to_string(),
                    })
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }

    async fn put_guardianship(
        &self,
        request: Request<pb::PutGuardianshipRequest>,
    ) -> Result<Response<pb::PutGuardianshipResponse>, Status> {
        let given = request.get_ref().guardianship.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let school_id = school(&mut fields, &request.get_ref().school_id);
        let two =
            school_id.and_then(|id| input::guardianship(&mut fields, "guardianship.", id, &given));
        let (two, now) = (&checked(fields, two)?, self.identity.now());
        self.identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    putting::lock(&mut tx).await?;
                    let put =
                        putting::guardianships(&mut tx, std::slice::from_ref(two), now).await?;
                    only(put)?.map_err(|bad| refused("guardianship.", bad))?;
                    Ok::<_, Error>(pb::PutGuardianshipResponse {})
                })
            })
            .await
    }

    async fn put_product_consumption(
        &self,
        request: Request<pb::PutProductConsumptionRequest>,
    ) -> Result<Response<pb::PutProductConsumptionResponse>, Status> {
        let given = request.get_ref().consumption.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let school_id = school(&mut fields, &request.get_ref().school_id);
        let used =
            school_id.and_then(|id| input::consumption(&mut fields, "consumption.", id, &given));
        let (used, now) = (&checked(fields, used)?, self.identity.now());
        self.identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    putting::lock(&mut tx).await?;
                    let put =
                        putting::consumptions(&mut tx, std::slice::from_ref(used), now).await?;
                    only(put)?.map_err(|bad| refused("consumption.", bad))?;
                    Ok::<_, Error>(pb::PutProductConsumptionResponse {})
                })
            })
            .await
    }

    async fn invite_school_person(
        &self,
        request: Request<pb::InviteSchoolPersonRequest>,
    ) -> Result<Response<pb::InviteSchoolPersonResponse>, Status> {
        let identity = &self.identity;
        let person_id: SchoolPersonId =
            request.get_ref().person_id.parse().map_err(|_| Error::SchoolPersonNotFound)?;
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let person = store::find(&mut *tx, keyring, person_id).await?;
                    let person = person.ok_or(Error::SchoolPersonNotFound)?;
                    if !store::lock_imported(&mut tx, person.user_id).await? {
                        return Err(Error::AccountHasLogin);
                    }
                    let email = person.email.as_deref().unwrap_or_default();
                    let email: Email = email.parse().map_err(|_| Error::NoContactEmail)?;
                    invitations::invite_to_school(
                        identity,
                        &mut tx,
                        person.user_id,
                        &person.name,
                        &email,
                    )
                    .await?;
                    Ok(pb::InviteSchoolPersonResponse {})
                })
            })
            .await
    }

    type ImportSchoolPeopleStream = ReceiverStream<Result<pb::ImportSchoolPeopleResponse, Status>>;

    async fn import_school_people(
        &self,
        request: Request<Streaming<pb::ImportSchoolPeopleRequest>>,
    ) -> Result<Response<Self::ImportSchoolPeopleStream>, Status> {
        let imported_by = Caller::of(&request)?.key();
        let told = import::start(&self.identity, imported_by, request.into_inner());
        Ok(Response::new(ReceiverStream::new(told)))
    }
}

impl SchoolPeople {
    /// An operator may have mistyped it.
    async fn must_exist(&self, school_id: Uuid) -> Result<(), Status> {
        let service = &self.identity.service;
        if chassis::neighbours::company_exists(service, school_id.into()).await? {
            Ok(())
        } else {
            Err(invalid("school_id", "is not known"))
        }
    }
}

fn school(fields: &mut Fields, text: &str) -> Option<Uuid> {
    fields.required("school_id", text)
}

/// Goes on with what was read, unless a field was wrong.
fn checked<T>(fields: Fields, read: Option<T>) -> Result<T, Status> {
    match read {
        Some(read) => fields.check().map(|()| read),
        None => Err(fields.into_status()),
    }
}

fn only<T>(put: Vec<T>) -> Result<T, Error> {
    put.into_iter().next().context("nothing was put").map_err(Error::from)
}

fn refused(prefix: &str, bad: Bad) -> Error {
    invalid(&format!("{prefix}{}", bad.field), bad.reason).into()
}

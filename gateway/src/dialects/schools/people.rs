//! People of schools, and what they are there.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use proto::identity::v1 as pb;

use super::Schools;
use super::documents::{Always, CalledToo, NoAccount, NoSchool, OneSchool, Wrong};
use super::error::Error;
use super::lists::{Frame, list};
use super::parameters::Parameters;
use super::reader::Reader;
use super::wire::Told;
use super::wire::people::{Account, Dependent, PartnerAccount, Profile, SchoolUser, SchoolUsers};

/// List profiles
///
/// All 16, always in this order.
#[utoipa::path(
    get, path = "/v1/profiles", tag = "people", operation_id = "listProfiles",
    responses((status = 200, description = "The profiles", body = Vec<Profile>), Always),
    security(("bearer" = []))
)]
pub(super) async fn profiles(
    State(schools): State<Schools>,
    Reader(caller): Reader,
) -> Result<Told<Vec<Profile>>, Error> {
    let answer = schools
        .ask_people(&caller, pb::ListProfilesRequest {}, |mut to, request| async move {
            to.list_profiles(request).await
        })
        .await?;
    Ok(Told(answer.profiles.into_iter().map(Into::into).collect()))
}

/// List dependents
///
/// Those in sight whom somebody answers for.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/dependents", tag = "people", operation_id = "listDependents",
    params(("id" = String, Path, format = Uuid, description = "The guardian's account")),
    responses(
        (status = 200, description = "By name", body = Vec<Dependent>), NoAccount, Wrong, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn dependents(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
    path: Result<Path<String>, PathRejection>,
) -> Result<Told<Vec<Dependent>>, Error> {
    let mut asked = Parameters::of(&uri);
    let account_id = asked.path_id("account_id", path).unwrap_or_default();
    asked.check()?;
    let answer = schools
        .ask_people(
            &caller,
            pb::ListDependentsRequest { account_id },
            |mut to, request| async move { to.list_dependents(request).await },
        )
        .await?;
    Ok(Told(answer.dependents.into_iter().map(Into::into).collect()))
}

/// Read an account
#[utoipa::path(
    get, path = "/v1/accounts/{account_id}", tag = "people", operation_id = "getAccount",
    params(("account_id" = String, Path, format = Uuid, description = "The account")),
    responses((status = 200, description = "The account", body = Account), NoAccount, Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn account(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
    path: Result<Path<String>, PathRejection>,
) -> Result<Told<Account>, Error> {
    let mut asked = Parameters::of(&uri);
    let account_id = asked.path_id("account_id", path).unwrap_or_default();
    asked.check()?;
    let answer = schools
        .ask_people(
            &caller,
            pb::GetSchoolAccountRequest { account_id },
            |mut to, request| async move { to.get_school_account(request).await },
        )
        .await?;
    Ok(Told(answer.account.unwrap_or_default().into()))
}

/// Read an account in a school
///
/// The school is named by its id, by what the partner calls it, or by both.
#[utoipa::path(
    get, path = "/partner/v1/accounts/{AccountId}", tag = "partner",
    operation_id = "getPartnerAccount",
    params(("AccountId" = String, Path, format = Uuid, description = "The account"), OneSchool),
    responses(
        (status = 200, description = "The account", body = PartnerAccount),
        NoAccount, Wrong, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn partner_account(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
    path: Result<Path<String>, PathRejection>,
) -> Result<Told<PartnerAccount>, Error> {
    let mut asked = Parameters::of(&uri);
    let account_id = asked.path_id("account_id", path).unwrap_or_default();
    let (school_id, school_external_id) = asked.school();
    asked.check()?;
    let request = pb::GetPartnerAccountRequest { account_id, school_id, school_external_id };
    let answer = schools
        .ask_people(&caller, request, |mut to, request| async move {
            to.get_partner_account(request).await
        })
        .await?;
    Ok(Told(answer.into()))
}

/// List users
///
/// Those in sight of a school's people, active and inactive.
#[utoipa::path(
    get, path = "/partner/v1/user", tag = "partner", operation_id = "listUsers",
    params(CalledToo),
    responses((status = 200, description = "By name", body = SchoolUsers), NoSchool, Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn users(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, Error> {
    let mut asked = Parameters::of(&uri);
    let school_external_id = asked.required_school_external_id().unwrap_or_default();
    asked.check()?;
    let request = pb::ListSchoolPeopleRequest { school_external_id };
    let answer = schools
        .ask_people(&caller, request, |mut to, request| async move {
            to.list_school_people(request).await
        })
        .await?;
    list(answer, Frame::Data, schools.patience(), |part: pb::ListSchoolPeopleResponse| {
        part.people.into_iter().map(SchoolUser::from).collect()
    })
    .await
}

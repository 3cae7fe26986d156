//! Tenants, schools, and what schools are made of.

use axum::extract::Path;
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use axum::http::Uri;
use axum::response::Response;
use proto::company::v1 as pb;

use super::Schools;
use super::documents::{Always, Called, MaybeCalled, MaybeIntegrated, NoSchool, NoTenant, Wrong};
use super::error::Error;
use super::lists::{Frame, list};
use super::parameters::Parameters;
use super::reader::Reader;
use super::wire::Told;
use super::wire::companies::{Class, Classes, PartnerSchool, PartnerSchools, School, Tenant, Term};

/// Read a tenant
///
/// An economic group, seen through its schools.
#[utoipa::path(
    get, path = "/v1/tenants/{id}", tag = "schools", operation_id = "getTenant",
    params(("id" = String, Path, format = Uuid, description = "The tenant")),
    responses((status = 200, description = "The tenant", body = Tenant), NoTenant, Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn tenant(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
    path: Result<Path<String>, PathRejection>,
) -> Result<Told<Tenant>, Error> {
    let mut asked = Parameters::of(&uri);
    let tenant_id = asked.path_id("tenant_id", path).unwrap_or_default();
    asked.check()?;
    let answer = schools
        .ask_company(&caller, pb::GetTenantRequest { tenant_id }, |mut to, request| async move {
            to.get_tenant(request).await
        })
        .await?;
    Ok(Told(answer.tenant.unwrap_or_default().into()))
}

/// Read a school
#[utoipa::path(
    get, path = "/v1/schools/{id}", tag = "schools", operation_id = "getSchool",
    params(("id" = String, Path, format = Uuid, description = "The school")),
    responses((status = 200, description = "The school", body = School), NoSchool, Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn school(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
    path: Result<Path<String>, PathRejection>,
) -> Result<Told<School>, Error> {
    let mut asked = Parameters::of(&uri);
    let school_id = asked.path_id("school_id", path).unwrap_or_default();
    asked.check()?;
    let answer = schools
        .ask_company(&caller, pb::GetSchoolRequest { school_id }, |mut to, request| async move {
            to.get_school(request).await
        })
        .await?;
    Ok(Told(answer.school.unwrap_or_default().into()))
}

/// List shifts
///
/// Of a school, or of all in sight, each name and description once.
#[utoipa::path(
    get, path = "/v1/educational-shifts", tag = "schools", operation_id = "listShifts",
    params(MaybeCalled),
    responses((status = 200, description = "By name", body = Vec<Term>), NoSchool, Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn shifts(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, Error> {
    let mut asked = Parameters::of(&uri);
    let school_external_id = asked.school_external_id();
    asked.check()?;
    let answer = schools
        .ask_company(
            &caller,
            pb::ListShiftsRequest { school_external_id },
            |mut to, request| async move { to.list_shifts(request).await },
        )
        .await?;
    list(answer, Frame::Bare, schools.patience(), |part: pb::ListShiftsResponse| {
        part.shifts.into_iter().map(Term::from).collect()
    })
    .await
}

/// List stages
///
/// Of a school, or of all in sight, each name and description once.
#[utoipa::path(
    get, path = "/v1/educational-stages", tag = "schools", operation_id = "listStages",
    params(MaybeCalled),
    responses((status = 200, description = "By name", body = Vec<Term>), NoSchool, Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn stages(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, Error> {
    let mut asked = Parameters::of(&uri);
    let school_external_id = asked.school_external_id();
    asked.check()?;
    let answer = schools
        .ask_company(
            &caller,
            pb::ListStagesRequest { school_external_id },
            |mut to, request| async move { to.list_stages(request).await },
        )
        .await?;
    list(answer, Frame::Bare, schools.patience(), |part: pb::ListStagesResponse| {
        part.stages.into_iter().map(Term::from).collect()
    })
    .await
}

/// List schools
///
/// Active ones that hold the integration; without it, all in sight.
#[utoipa::path(
    get, path = "/partner/v1/schools", tag = "partner", operation_id = "listSchools",
    params(MaybeIntegrated),
    responses((status = 200, description = "By name", body = PartnerSchools), Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn schools(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, Error> {
    let mut asked = Parameters::of(&uri);
    let external_integration_id = asked.external_integration_id();
    asked.check()?;
    let request = pb::ListSchoolsRequest { external_integration_id };
    let answer =
        schools
            .ask_company(&caller, request, |mut to, request| async move {
                to.list_schools(request).await
            })
            .await?;
    list(answer, Frame::Data, schools.patience(), |part: pb::ListSchoolsResponse| {
        part.schools.into_iter().map(PartnerSchool::from).collect()
    })
    .await
}

/// List classes
///
/// Open and closed ones of a school.
#[utoipa::path(
    get, path = "/partner/v1/classes", tag = "partner", operation_id = "listClasses",
    params(Called),
    responses((status = 200, description = "By name", body = Classes), NoSchool, Wrong, Always),
    security(("bearer" = []))
)]
pub(super) async fn classes(
    State(schools): State<Schools>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, Error> {
    let mut asked = Parameters::of(&uri);
    let school_external_id = asked.required_school_external_id().unwrap_or_default();
    asked.check()?;
    let answer = schools
        .ask_company(
            &caller,
            pb::ListClassesRequest { school_external_id },
            |mut to, request| async move { to.list_classes(request).await },
        )
        .await?;
    list(answer, Frame::Data, schools.patience(), |part: pb::ListClassesResponse| {
        part.classes.into_iter().map(Class::from).collect()
    })
    .await
}

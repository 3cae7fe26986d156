//! Employees.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::common::v1::PageRequest;
use proto::company::v1::employee_service_client::EmployeeServiceClient;
use proto::company::v1::{
    CreateEmployeeRequest, Employee as Stored, GetEmployeeRequest, ListEmployeesRequest,
    ListEmployeesResponse, ReplaceEmployeeRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::companies::SEARCH_NAMES;
use super::wire::employees::{Employee, EmployeeData, Employees, NAMES};
use super::wire::{Names, PAGE_SIZE_MAX, Part};
use crate::body::{At, Body, Id, Params};
use crate::caller::Caller;
use crate::clients::Replayed;
use crate::fault::Checks;

/// Employees that are listed at the most where no limit is asked for.
const EMPLOYEES_MAX: usize = 5_000;

/// List a company's employees
///
/// Without `limit` all of them, up to 5,000; with it, that many from `offset` on.
#[utoipa::path(
    get, path = "/companies/{id}/employees", tag = "employees", operation_id = "listEmployees",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        (
            "limit" = Option<i32>, Query, minimum = 1,
            description = "Employees wanted; at most 200 are given"
        ),
        ("offset" = Option<i32>, Query, minimum = 0, description = "Employees to leave out")
    ),
    responses(
        (status = 200, description = "Oldest registration first", body = Employees),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<Json<Employees>, Error> {
    let part = Part::of(&params)?;
    if part.limit.is_some() {
        let page = page(&lines, &caller, &id, part.page().unwrap_or_default()).await?;
        return Ok(Json(page.employees.into()));
    }
    let mut employees: Vec<Stored> = vec![];
    let mut wanted =
        PageRequest { page_size: PAGE_SIZE_MAX, skip: part.offset, ..PageRequest::default() };
    loop {
        let page = page(&lines, &caller, &id, wanted).await?;
        employees.extend(page.employees);
        let next = page.page.unwrap_or_default().next_page_token;
        if next.is_empty() || employees.len() >= EMPLOYEES_MAX {
            return Ok(Json(employees.into()));
        }
        wanted = PageRequest { page_size: PAGE_SIZE_MAX, page_token: next, skip: 0 };
    }
}

async fn page(
    lines: &Lines,
    caller: &Caller,
    id: &Id,
    page: PageRequest,
) -> Result<ListEmployeesResponse, Error> {
    let request = ListEmployeesRequest { company_id: id.clone().into(), page: Some(page) };
    let answer = lines
        .clients()
        .company
        .ask(caller, request, |to, request| async move {
            EmployeeServiceClient::new(to).list_employees(request).await
        })
        .await
        .map_err(|status| Error::of(status, &SEARCH_NAMES))?;
    Ok(answer.message)
}

/// Register an employee
#[utoipa::path(
    post, path = "/employees", tag = "employees", operation_id = "createEmployee",
    params(IdempotencyKey),
    request_body = EmployeeData,
    responses(
        (status = 201, description = "The employee", body = Employee),
        (status = 409, description = "An active colleague has the work e-mail", body = Envelope),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(lines): State<Lines>,
    caller: Caller,
    Body(data, _): Body<EmployeeData>,
) -> Result<(StatusCode, Replayed, Json<Employee>), Error> {
    let mut checks = Checks::new();
    let employee = data.into_employee(String::new(), &mut checks);
    checks.pass()?;
    let request = CreateEmployeeRequest { employee: Some(employee) };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            EmployeeServiceClient::new(to).create_employee(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    let employee = answer.message.employee.unwrap_or_default().into();
    Ok((StatusCode::CREATED, answer.replayed, Json(employee)))
}

/// Read an employee
#[utoipa::path(
    get, path = "/employees/{id}", tag = "employees", operation_id = "getEmployee",
    params(("id" = String, Path, format = Uuid, description = "The employee")),
    responses((status = 200, description = "The employee", body = Employee), Guarded, Named, Always),
    security(("bearer" = []))
)]
pub(super) async fn get(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<Json<Employee>, Error> {
    let answer = lines
        .clients()
        .company
        .ask(&caller, GetEmployeeRequest { employee_id: id.into() }, |to, request| async move {
            EmployeeServiceClient::new(to).get_employee(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.employee.unwrap_or_default().into()))
}

/// Replace an employee's data
///
/// All of it: members that are absent are cleared.
#[utoipa::path(
    put, path = "/employees/{id}", tag = "employees", operation_id = "replaceEmployee",
    params(("id" = String, Path, format = Uuid, description = "The employee"), IdempotencyKey),
    request_body = EmployeeData,
    responses(
        (status = 200, description = "The changed employee", body = Employee),
        (status = 409, description = "An active colleague has the work e-mail", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn replace(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(data, _): Body<EmployeeData>,
) -> Result<(Replayed, Json<Employee>), Error> {
    let mut checks = Checks::new();
    let employee = data.into_employee(id.into(), &mut checks);
    checks.pass()?;
    let request = ReplaceEmployeeRequest { employee: Some(employee) };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            EmployeeServiceClient::new(to).replace_employee(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok((answer.replayed, Json(answer.message.employee.unwrap_or_default().into())))
}

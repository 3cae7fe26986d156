//! `EmployeeService`.

use brazil::{CompanyId, EmployeeId, UserId};
use chassis::Service;
use chassis::address::Address;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule, invalid, upstream};
use chassis::timestamp;
use proto::company::v1 as pb;
use proto::company::v1::employee_service_server::EmployeeService;
use proto::identity::v1::BatchGetUsersRequest;
use proto::identity::v1::user_service_client::UserServiceClient;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use super::{BirthDate, Employee, File, TEXT_MAX, ends_after_it_began, store};
use crate::companies::rpc::{check_company, enter};
use crate::error::Error;

/// The rpcs.
pub(crate) struct Employees {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl EmployeeService for Employees {
    async fn create_employee(
        &self,
        request: Request<pb::CreateEmployeeRequest>,
    ) -> Result<Response<pb::CreateEmployeeResponse>, Status> {
        let given = request.get_ref().employee.clone().unwrap_or_default();
        let now = self.service.clock.now();
        let file = parse(Caller::of(&request)?, &given, now)?;
        self.check_user(file.user_id).await?;

        let employee = &Employee::register(file, now);
        let keyring = &self.service.keyring;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::insert(&mut tx, keyring, employee).await?;
                    let employee = Some(employee.clone().into());
                    Ok::<_, Error>(pb::CreateEmployeeResponse { employee })
                })
            })
            .await
    }

    async fn get_employee(
        &self,
        request: Request<pb::GetEmployeeRequest>,
    ) -> Result<Response<pb::GetEmployeeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let employee_id = id("employee_id", &request.get_ref().employee_id)?;
        let Service { db, keyring, .. } = &self.service;
        let employee = store::find(db, keyring, employee_id, &caller.scope()).await?;
        log_reading(caller, std::slice::from_ref(&employee));
        Ok(Response::new(pb::GetEmployeeResponse { employee: Some(employee.into()) }))
    }

    async fn list_employees(
        &self,
        request: Request<pb::ListEmployeesRequest>,
    ) -> Result<Response<pb::ListEmployeesResponse>, Status> {
        let company_id = enter(&request, "company_id", &request.get_ref().company_id)?;
        let page = Page::parse(request.get_ref().page.clone())?;
        let (db, keyring) = (&self.service.reader(&request).await?, &self.service.keyring);
        let (found, total) = store::list(db, keyring, company_id, &page).await?;
        let (found, page) = page.cut(found, total, |employee| employee.employee_id);
        log_reading(Caller::of(&request)?, &found);
        let employees = found.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListEmployeesResponse { employees, page: Some(page) }))
    }

    async fn replace_employee(
        &self,
        request: Request<pb::ReplaceEmployeeRequest>,
    ) -> Result<Response<pb::ReplaceEmployeeResponse>, Status> {
        let given = request.get_ref().employee.clone().unwrap_or_default();
        let employee_id = id("employee.id", &given.id)?;
        let caller = Caller::of(&request)?;
        // Before the fields: a stranger learns nothing, not even that they are wrong.
        let employer = store::employer(&self.service.db, employee_id).await?;
        enter_employer(caller, employer, employee_id)?;
        let now = self.service.clock.now();
        let file = &parse(caller, &given, now)?;
        self.check_user(file.user_id).await?;

        let keyring = &self.service.keyring;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let (employer, created_at) = store::lock(&mut tx, employee_id).await?;
                    enter_employer(caller, employer, employee_id)?;
                    let file = file.clone();
                    let employee = Employee { employee_id, file, created_at, updated_at: now };
                    store::save(&mut tx, keyring, &employee).await?;
                    let employee = Some(employee.into());
                    Ok::<_, Error>(pb::ReplaceEmployeeResponse { employee })
                })
            })
            .await
    }
}

impl Employees {
    /// Checks that a file's user exists.
    async fn check_user(&self, user_id: Option<UserId>) -> Result<(), Status> {
        let Some(user_id) = user_id else { return Ok(()) };
        let request = BatchGetUsersRequest { user_ids: vec![user_id.to_string()] };
        let found = UserServiceClient::new(self.service.identity.clone())
            .batch_get_users(request)
            .await
            .map_err(upstream)?
            .into_inner();
        if found.users.is_empty() {
            return Err(invalid("employee.user_id", "names no user"));
        }
        Ok(())
    }
}

fn id(field: &str, text: &str) -> Result<EmployeeId, Status> {
    let mut fields = Fields::new();
    fields.required(field, text).ok_or_else(|| fields.into_status())
}

fn enter_employer(
    caller: &Caller,
    employer: CompanyId,
    employee_id: EmployeeId,
) -> Result<(), Status> {
    caller.enter(employer, Error::EmployeeNotFound(employee_id).into())
}

/// Full CPFs are not read unseen.
pub(crate) fn log_reading(caller: &Caller, employees: &[Employee]) {
    let shown = employees.iter().filter(|employee| employee.file.cpf.is_some());
    for Employee { employee_id, .. } in shown {
        tracing::info!(caller = caller.key(), %employee_id, "CPF read");
    }
}

/// What a file is to say, at a company that the caller may use.
fn parse(caller: &Caller, given: &pb::Employee, now: OffsetDateTime) -> Result<File, Status> {
    let mut fields = Fields::new();
    let company_id = fields.required("employee.company_id", &given.company_id);
    if let Some(company_id) = company_id {
        check_company(&mut fields, "employee.company_id", caller, company_id)?;
    }
    let full_name = fields.text("employee.full_name", &given.full_name, 1, TEXT_MAX);
    let status = match given.status() {
        pb::EmployeeStatus::Active => Some(super::Status::Active),
        pb::EmployeeStatus::Terminated => Some(super::Status::Terminated),
        pb::EmployeeStatus::Unspecified => {
            fields.refuse_as("employee.status", Rule::Required, "is required");
            None
        }
    };
    let birth_date: Option<BirthDate> =
        fields.optional("employee.birth_date", given.birth_date.as_deref());
    if birth_date.is_some_and(|date| !date.is_past(now)) {
        fields.refuse("employee.birth_date", "is not in the past");
    }
    let admitted_at =
        timestamp::parse(&mut fields, "employee.admitted_at", given.admitted_at.as_ref());
    let terminated_at =
        timestamp::parse(&mut fields, "employee.terminated_at", given.terminated_at.as_ref());
    if !ends_after_it_began(admitted_at, terminated_at) {
        fields.refuse("employee.terminated_at", "is before admitted_at");
    }
    let mut text = |name: &str, value: &Option<String>| {
        fields.optional_text(&format!("employee.{name}"), value.as_deref(), TEXT_MAX)
    };
    let social_name = text("social_name", &given.social_name);
    let position = text("position", &given.position);
    let area = text("area", &given.area);
    let work_email = fields.optional("employee.work_email", given.work_email.as_deref());
    let personal_email =
        fields.optional("employee.personal_email", given.personal_email.as_deref());
    let work_phone_number =
        fields.optional("employee.work_phone_number", given.work_phone_number.as_deref());
    let personal_phone_number =
        fields.optional("employee.personal_phone_number", given.personal_phone_number.as_deref());
    let cpf = fields.optional("employee.cpf", given.cpf.as_deref());
    let user_id = fields.optional("employee.user_id", given.user_id.as_deref());
    let address = Address::parse(&mut fields, "employee.address", given.address.as_ref());

    let (Some(company_id), Some(full_name), Some(status)) = (company_id, full_name, status) else {
        return Err(fields.into_status());
    };
    fields.check()?;
    Ok(File {
        company_id,
        full_name,
        social_name,
        status,
        work_email,
        personal_email,
        work_phone_number,
        personal_phone_number,
        cpf,
        position,
        area,
        birth_date,
        user_id,
        admitted_at,
        terminated_at,
        address,
    })
}

impl From<Employee> for pb::Employee {
    fn from(employee: Employee) -> Self {
        let Employee { employee_id, file, created_at, updated_at } = employee;
        Self {
            id: employee_id.to_string(),
            full_name: file.full_name,
            social_name: file.social_name,
            status: match file.status {
                super::Status::Active => pb::EmployeeStatus::Active,
                super::Status::Terminated => pb::EmployeeStatus::Terminated,
            }
            .into(),
            work_email: file.work_email.map(|email| email.to_string()),
            personal_email: file.personal_email.map(|email| email.to_string()),
            work_phone_number: file.work_phone_number.map(|number| number.to_string()),
            personal_phone_number: file.personal_phone_number.map(|number| number.to_string()),
            cpf: file.cpf.map(|cpf| cpf.formatted()),
            position: file.position,
            area: file.area,
            birth_date: file.birth_date.map(|date| date.to_string()),
            company_id: file.company_id.to_string(),
            user_id: file.user_id.map(|user_id| user_id.to_string()),
            admitted_at: file.admitted_at.map(timestamp::to_proto),
            terminated_at: file.terminated_at.map(timestamp::to_proto),
            address: file.address.map(Into::into),
            created_at: Some(timestamp::to_proto(created_at)),
            updated_at: Some(timestamp::to_proto(updated_at)),
        }
    }
}

#[cfg(test)]
mod tests;

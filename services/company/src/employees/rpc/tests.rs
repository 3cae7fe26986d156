use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use time::Duration;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;

async fn employees() -> (Employees, TestDatabase) {
    let (service, database) = testing::service("company", &MIGRATIONS, vec![]).await;
    (Employees { service }, database)
}

async fn company(employees: &Employees) -> CompanyId {
    let company_id = CompanyId::generate();
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, cnpj, email, status, search, created_at, updated_at)
         values ($1, 'customer', 'x', $2, 'x@x.com', 'active', 'x', now(), now())",
    )
    .bind(company_id.0)
    .bind(company_id.to_string())
    .execute(&employees.service.db)
    .await
    .unwrap();
    company_id
}

fn at(role: Role, company_id: CompanyId) -> Grant {
    Grant { role, company_id: Some(company_id.0) }
}

fn operator() -> Grant {
    Grant { role: Role::Operator, company_id: None }
}

fn ana(company_id: CompanyId) -> pb::Employee {
    pb::Employee {
        full_name: "Ana Souza".to_owned(),
        status: pb::EmployeeStatus::Active.into(),
        work_email: Some("Ana@Padaria.com.br".to_owned()),
        cpf: Some("52998224725".to_owned()),
        birth_date: Some("1990-02-28".to_owned()),
        company_id: company_id.to_string(),
        ..Default::default()
    }
}

async fn create(
    employees: &Employees,
    grants: Vec<Grant>,
    employee: pb::Employee,
) -> Result<pb::Employee, Status> {
    let request = pb::CreateEmployeeRequest { employee: Some(employee) };
    let request = testing::request(request, grants, Permission::EmployeesManage);
    Ok(employees.create_employee(request).await?.into_inner().employee.unwrap())
}

async fn replace(
    employees: &Employees,
    grants: Vec<Grant>,
    employee: pb::Employee,
) -> Result<pb::Employee, Status> {
    let request = pb::ReplaceEmployeeRequest { employee: Some(employee) };
    let request = testing::request(request, grants, Permission::EmployeesManage);
    Ok(employees.replace_employee(request).await?.into_inner().employee.unwrap())
}

async fn get(
    employees: &Employees,
    grants: Vec<Grant>,
    employee_id: &str,
) -> Result<pb::Employee, Status> {
    let request = pb::GetEmployeeRequest { employee_id: employee_id.to_owned() };
    let request = testing::request(request, grants, Permission::EmployeesRead);
    Ok(employees.get_employee(request).await?.into_inner().employee.unwrap())
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument);
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn a_manager_registers_whom_members_may_read() {
    let (employees, _database) = employees().await;
    let here = company(&employees).await;
    let employee = create(&employees, vec![at(Role::Manager, here)], ana(here)).await.unwrap();
    assert_eq!(employee.cpf.as_deref(), Some("529.982.247-25"));
    assert_eq!(employee.work_email.as_deref(), Some("ana@padaria.com.br"));
    assert_eq!(employee.birth_date.as_deref(), Some("1990-02-28"));
    let member = || vec![at(Role::Member, here)];
    assert_eq!(get(&employees, member(), &employee.id).await.unwrap(), employee);

    let refusal = create(&employees, member(), ana(here)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    let refusal = replace(&employees, member(), employee).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    let taken = create(&employees, vec![operator()], ana(here)).await.unwrap_err();
    assert_eq!(Refusal::of(&taken).reason, "WORK_EMAIL_TAKEN");
}

#[tokio::test]
async fn others_employees_do_not_exist() {
    let (employees, _database) = employees().await;
    let (here, there) = (company(&employees).await, company(&employees).await);
    let employee = create(&employees, vec![operator()], ana(there)).await.unwrap();
    let manager = || vec![at(Role::Manager, here)];
    let of_others = pb::Employee { full_name: String::new(), ..employee.clone() };
    let of_nobody = pb::Employee { id: EmployeeId::generate().to_string(), ..ana(here) };
    for refusal in [
        get(&employees, manager(), &employee.id).await.unwrap_err(),
        replace(&employees, manager(), of_others).await.unwrap_err(),
        replace(&employees, manager(), of_nobody).await.unwrap_err(),
    ] {
        assert_eq!(refusal.code(), Code::NotFound);
        assert_eq!(Refusal::of(&refusal).reason, "EMPLOYEE_NOT_FOUND");
    }

    let request = pb::ListEmployeesRequest { company_id: there.to_string(), page: None };
    let request = testing::request(request, manager(), Permission::EmployeesRead);
    let refusal = employees.list_employees(request).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "COMPANY_NOT_FOUND");
}

#[tokio::test]
async fn anothers_company_and_none_look_the_same() {
    let (employees, _database) = employees().await;
    let (here, there) = (company(&employees).await, company(&employees).await);
    let manager = || vec![at(Role::Manager, here)];
    let foreign = create(&employees, manager(), ana(there)).await.unwrap_err();
    let absent = create(&employees, manager(), ana(CompanyId::generate())).await.unwrap_err();
    let unknown =
        create(&employees, vec![operator()], ana(CompanyId::generate())).await.unwrap_err();
    assert_eq!(wrong_fields(&foreign), ["employee.company_id"]);
    assert_eq!(Refusal::of(&foreign), Refusal::of(&absent));
    assert_eq!(Refusal::of(&foreign), Refusal::of(&unknown));
}

#[tokio::test]
async fn moving_needs_rights_in_both_companies() {
    let (employees, _database) = employees().await;
    let (here, there) = (company(&employees).await, company(&employees).await);
    let employee = create(&employees, vec![operator()], ana(here)).await.unwrap();
    let moved = pb::Employee { id: employee.id.clone(), ..ana(there) };
    let refusal =
        replace(&employees, vec![at(Role::Manager, here)], moved.clone()).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["employee.company_id"]);
    let halfway = vec![at(Role::Manager, here), at(Role::Member, there)];
    let refusal = replace(&employees, halfway, moved.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);

    let both = vec![at(Role::Manager, here), at(Role::Manager, there)];
    let moved = pb::Employee { cpf: None, ..moved };
    let moved = replace(&employees, both, moved).await.unwrap();
    assert_eq!((moved.company_id.clone(), moved.cpf.clone()), (there.to_string(), None));
    assert_eq!(moved.created_at, employee.created_at);
    assert_eq!(get(&employees, vec![operator()], &employee.id).await.unwrap(), moved);
}

#[tokio::test]
async fn every_wrong_field_of_a_file_is_named() {
    let (employees, _database) = employees().await;
    let now = employees.service.clock.now();
    let bad = Some("bad".to_owned());
    let employee = pb::Employee {
        full_name: "\u{7}".to_owned(),
        status: 99,
        work_email: bad.clone(),
        personal_email: bad.clone(),
        work_phone_number: bad.clone(),
        personal_phone_number: bad.clone(),
        cpf: bad.clone(),
        birth_date: Some("2999-01-01".to_owned()),
        user_id: bad,
        admitted_at: Some(timestamp::to_proto(now)),
        terminated_at: Some(timestamp::to_proto(now - Duration::DAY)),
        ..Default::default()
    };
    let refusal = create(&employees, vec![operator()], employee).await.unwrap_err();
    let mut named = wrong_fields(&refusal);
    named.sort();
    let expected = [
        "birth_date",
        "company_id",
        "cpf",
        "full_name",
        "personal_email",
        "personal_phone_number",
        "status",
        "terminated_at",
        "user_id",
        "work_email",
        "work_phone_number",
    ];
    assert_eq!(named, expected.map(|name| format!("employee.{name}")));
}

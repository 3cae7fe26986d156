use chassis::Service;
use chassis::address::Address;
use chassis::resealing::reseal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::PageRequest;
use time::Duration;
use tonic::Code;

use super::*;
use crate::employees::Status;
use crate::employees::tests::file;
use crate::{MIGRATIONS, SEALED};

async fn service() -> (Service, TestDatabase) {
    testing::service("company", &MIGRATIONS, vec![]).await
}

async fn company(service: &Service) -> CompanyId {
    let company_id = CompanyId::generate();
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, cnpj, email, status, search, created_at, updated_at)
         values ($1, 'customer', 'x', $2, 'x@x.com', 'active', 'x', now(), now())",
    )
    .bind(company_id.0)
    .bind(company_id.to_string())
    .execute(&service.db)
    .await
    .unwrap();
    company_id
}

async fn try_insert(service: &Service, file: File) -> Result<Employee, Error> {
    let employee = Employee::register(file, service.clock.now());
    let mut connection = service.db.acquire().await.unwrap();
    insert(&mut connection, &service.keyring, &employee).await.map(|()| employee)
}

fn everything() -> Scope {
    Scope::everywhere()
}

fn complete_file(company_id: CompanyId) -> File {
    File {
        social_name: Some("Nina".to_owned()),
        work_email: "Ana@Padaria.com.br".parse().ok(),
        personal_email: "ana@gmail.com".parse().ok(),
        work_phone_number: "0800 123 4567".parse().ok(),
        personal_phone_number: "+5541991234567".parse().ok(),
        cpf: "529.982.247-25".parse().ok(),
        position: Some("Padeira".to_owned()),
        area: Some("Produção".to_owned()),
        birth_date: "1990-02-28".parse().ok(),
        user_id: Some(brazil::UserId::generate()),
        admitted_at: Some(time::macros::datetime!(2020-01-01 12:00:00.000001 UTC)),
        terminated_at: Some(time::macros::datetime!(2021-01-01 12:00 UTC)),
        address: Some(Address { city: Some("Curitiba".to_owned()), ..Default::default() }),
        status: Status::Terminated,
        ..file(company_id, "Ana Souza")
    }
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_stored_and_is_replaced_whole() {
    let (service, _database) = service().await;
    let company_id = company(&service).await;
    let mut employee = try_insert(&service, complete_file(company_id)).await.unwrap();
    let id = employee.employee_id;
    let read = async || find(&service.db, &service.keyring, id, &everything()).await.unwrap();
    assert_eq!(read().await, employee);

    employee.file = file(company(&service).await, "Ana");
    employee.updated_at += Duration::DAY;
    let mut connection = service.db.acquire().await.unwrap();
    save(&mut connection, &service.keyring, &employee).await.unwrap();
    assert_eq!(read().await, employee);
    let locked = lock(&mut connection, id).await.unwrap();
    assert_eq!(locked, (employee.file.company_id, employee.created_at));
    assert_eq!(employer(&service.db, id).await.unwrap(), employee.file.company_id);
}

#[tokio::test]
async fn personal_numbers_are_sealed() {
    let (service, _database) = service().await;
    let company_id = company(&service).await;
    try_insert(&service, complete_file(company_id)).await.unwrap();
    let row: String = sqlx::query_scalar("select employee::text from employee")
        .fetch_one(&service.db)
        .await
        .unwrap();
    let (cpf, fingerprint): (Vec<u8>, Vec<u8>) =
        sqlx::query_as("select cpf_sealed, cpf_fingerprint from employee")
            .fetch_one(&service.db)
            .await
            .unwrap();
    assert!(!row.contains("52998224725") && !row.contains("1990-02-28"));
    assert!(!String::from_utf8_lossy(&cpf).contains("52998224725"));
    assert_eq!(fingerprint, service.keyring.fingerprint(CPF, b"52998224725"));
}

#[tokio::test]
async fn a_work_email_is_one_active_colleagues() {
    let (service, _database) = service().await;
    let (here, there) = (company(&service).await, company(&service).await);
    let with_email = |company_id| File {
        work_email: "ana@padaria.com.br".parse().ok(),
        ..file(company_id, "Ana")
    };
    let mut first = try_insert(&service, with_email(here)).await.unwrap();
    let second = try_insert(&service, with_email(here)).await;
    assert!(matches!(second, Err(Error::WorkEmailTaken(id)) if id == here));
    try_insert(&service, with_email(there)).await.unwrap();

    first.file.status = Status::Terminated;
    let mut connection = service.db.acquire().await.unwrap();
    save(&mut connection, &service.keyring, &first).await.unwrap();
    try_insert(&service, with_email(here)).await.unwrap();
    first.file.status = Status::Active;
    let back = save(&mut connection, &service.keyring, &first).await;
    assert!(matches!(back, Err(Error::WorkEmailTaken(_))));
}

#[tokio::test]
async fn an_employer_must_exist() {
    let (service, _database) = service().await;
    let refused = try_insert(&service, file(CompanyId::generate(), "Ana")).await;
    let Err(Error::Refused(status)) = refused else { panic!("{refused:?}") };
    assert_eq!(status.code(), Code::InvalidArgument);
    let refusal = chassis::refusal::Refusal::of(&status);
    assert_eq!(refusal.violations[0].field, "employee.company_id");
}

#[tokio::test]
async fn an_employee_outside_the_scope_is_not_found() {
    let (service, _database) = service().await;
    let company_id = company(&service).await;
    let employee = try_insert(&service, file(company_id, "Ana")).await.unwrap();
    let find = async |id, company_ids| {
        let scope = Scope { everything: false, company_ids, user_id: None };
        find(&service.db, &service.keyring, id, &scope).await
    };
    assert_eq!(find(employee.employee_id, vec![company_id.0]).await.unwrap(), employee);
    for (id, company_ids) in [
        (employee.employee_id, vec![CompanyId::generate().0]),
        (EmployeeId::generate(), vec![company_id.0]),
    ] {
        let absent = find(id, company_ids).await;
        assert!(matches!(absent, Err(Error::EmployeeNotFound(named)) if named == id));
    }
}

#[tokio::test]
async fn a_companys_employees_are_listed_oldest_first() {
    let (service, _database) = service().await;
    let (company_id, empty) = (company(&service).await, company(&service).await);
    for name in ["Ana", "Bia", "Caio"] {
        try_insert(&service, file(company_id, name)).await.unwrap();
    }
    let page = |page_token: &str, skip| {
        let request = PageRequest { page_size: 2, page_token: page_token.to_owned(), skip };
        Page::parse(Some(request)).unwrap()
    };
    let list = async |company_id, page: Page<EmployeeId>| {
        list(&service.db, &service.keyring, company_id, &page).await
    };

    let (fetched, total) = list(company_id, page("", 0)).await.unwrap();
    let (shown, response) = page("", 0).cut(fetched, total, |employee| employee.employee_id);
    let (rest, _) = list(company_id, page(&response.next_page_token, 0)).await.unwrap();
    let names: Vec<_> = shown.iter().chain(&rest).map(|e| e.file.full_name.as_str()).collect();
    assert_eq!((names, total), (vec!["Ana", "Bia", "Caio"], 3));

    let (past_the_end, total) = list(company_id, page("", 7)).await.unwrap();
    assert_eq!((past_the_end.len(), total), (0, 3));
    let (nobody, total) = list(empty, page("", 0)).await.unwrap();
    assert_eq!((nobody.len(), total), (0, 0));
    let absent = list(CompanyId::generate(), page("", 0)).await;
    assert!(matches!(absent, Err(Error::CompanyNotFound(_))));
}

#[tokio::test]
async fn a_file_outlives_the_key_that_sealed_it() {
    let (service, _database) = service().await;
    let file = complete_file(company(&service).await);
    let employee = try_insert(&service, file).await.unwrap();
    let (both, alone) = service.keyring.renewed();
    assert!(reseal(&service.db, "company", &both, &SEALED).await.unwrap().is_complete());
    let read = find(&service.db, &alone, employee.employee_id, &everything()).await.unwrap();
    assert_eq!(read, employee);
}

use chassis::Service;
use chassis::testing;
use postgres_local::testing::TestDatabase;

use super::*;
use crate::MIGRATIONS;

async fn service() -> (Service, TestDatabase) {
    testing::service("company", &MIGRATIONS, vec![]).await
}

async fn company(service: &Service, status: &str) -> CompanyId {
    let company_id = CompanyId::generate();
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, cnpj, email, status, search, created_at, updated_at)
         values ($1, 'customer', 'x', $2, 'x@x.com', $3, 'x', now(), now())",
    )
    .bind(company_id.0)
    .bind(company_id.to_string())
    .bind(status)
    .execute(&service.db)
    .await
    .unwrap();
    company_id
}

async fn employee(
    service: &Service,
    company_id: CompanyId,
    status: &str,
    (work_email, personal_email): (&str, &str),
) -> Uuid {
    let employee_id = Uuid::now_v7();
    sqlx::query(
        "insert into employee
             (employee_id, company_id, full_name, status, work_email, personal_email,
              cpf_sealed, cpf_fingerprint, created_at, updated_at)
         values ($1, $2, 'Ana', $3, $4, $5, $6, $6, now(), now())",
    )
    .bind(employee_id)
    .bind(company_id.0)
    .bind(status)
    .bind(work_email)
    .bind(personal_email)
    .bind(service.keyring.seal_text("company.employee.cpf", "52998224725"))
    .execute(&service.db)
    .await
    .unwrap();
    employee_id
}

fn owned_by(company_id: CompanyId) -> OwnedDomain {
    OwnedDomain { company_id, default_plan_id: PlanId::generate() }
}

fn domain() -> EmailDomain {
    "padaria.com.br".parse().unwrap()
}

async fn put_domain(service: &Service, owned: &OwnedDomain) -> Result<(), Error> {
    put(&mut service.db.acquire().await.unwrap(), &domain(), owned).await
}

async fn known_of(service: &Service, email: &str) -> (Vec<Uuid>, Option<OwnedDomain>) {
    let found = affiliations(&service.db, &service.keyring, &email.parse().unwrap()).await.unwrap();
    (found.employees.iter().map(|employee| employee.employee_id.0).collect(), found.domain)
}

#[tokio::test]
async fn a_domain_is_one_companys_whose_plan_may_change() {
    let (service, _database) = service().await;
    let (here, there) = (company(&service, "active").await, company(&service, "active").await);
    put_domain(&service, &owned_by(here)).await.unwrap();
    let changed = owned_by(here);
    put_domain(&service, &changed).await.unwrap();
    assert_eq!(known_of(&service, "ana@padaria.com.br").await.1, Some(changed));

    let taken = put_domain(&service, &owned_by(there)).await;
    assert!(matches!(taken, Err(Error::EmailDomainTaken(taken)) if taken == domain()));
    let absent = put_domain(&service, &owned_by(CompanyId::generate())).await;
    assert!(matches!(absent, Err(Error::EmailDomainTaken(_))));

    let mut connection = service.db.acquire().await.unwrap();
    let refused = delete(&mut connection, there, &domain()).await;
    assert!(matches!(refused, Err(Error::EmailDomainNotFound(_))));
    delete(&mut connection, here, &domain()).await.unwrap();
    let again = delete(&mut connection, here, &domain()).await;
    assert!(matches!(again, Err(Error::EmailDomainNotFound(_))));
    put_domain(&service, &owned_by(there)).await.unwrap();
}

#[tokio::test]
async fn a_domains_company_must_exist() {
    let (service, _database) = service().await;
    let absent = CompanyId::generate();
    let refused = put_domain(&service, &owned_by(absent)).await;
    assert!(matches!(refused, Err(Error::CompanyNotFound(id)) if id == absent));
}

#[tokio::test]
async fn of_companies_that_want_a_domain_at_once_one_gets_it() {
    let (service, _database) = service().await;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let owned = owned_by(company(&service, "active").await);
        let service = service.clone();
        attempts.spawn(async move { put_domain(&service, &owned).await });
    }
    let outcomes = attempts.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refusal in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refusal, Error::EmailDomainTaken(_)), "{refusal}");
    }
}

#[tokio::test]
async fn an_email_is_matched_with_active_files_of_active_companies() {
    let (service, _database) = service().await;
    let (active, inactive) =
        (company(&service, "active").await, company(&service, "inactive").await);
    let other = company(&service, "active").await;
    let (mine, nobodys) = ("ana@padaria.com.br", "x@y.com");
    let at_work = employee(&service, active, "active", (mine, nobodys)).await;
    let in_private = employee(&service, other, "active", (nobodys, mine)).await;
    employee(&service, other, "terminated", (mine, mine)).await;
    employee(&service, inactive, "active", (mine, nobodys)).await;

    assert_eq!(known_of(&service, "ANA@padaria.com.br").await, (vec![at_work, in_private], None));
    assert_eq!(known_of(&service, "bia@padaria.com.br").await, (vec![], None));
    let owned = owned_by(active);
    put_domain(&service, &owned).await.unwrap();
    assert_eq!(known_of(&service, mine).await, (vec![at_work, in_private], Some(owned.clone())));
    assert_eq!(known_of(&service, "bia@padaria.com.br").await, (vec![], Some(owned)));
    assert_eq!(known_of(&service, "bia@mail.padaria.com.br").await, (vec![], None));
}

#[tokio::test]
async fn an_inactive_company_takes_nobody_in() {
    let (service, _database) = service().await;
    let inactive = company(&service, "inactive").await;
    put_domain(&service, &owned_by(inactive)).await.unwrap();
    assert_eq!(known_of(&service, "ana@padaria.com.br").await, (vec![], None));
}

#[tokio::test]
async fn at_most_twenty_files_are_shown() {
    let (service, _database) = service().await;
    let mail = ("w@padaria.com.br", "p@padaria.com.br");
    for _ in 0..21 {
        let company_id = company(&service, "active").await;
        employee(&service, company_id, "active", mail).await;
    }
    assert_eq!(known_of(&service, "w@padaria.com.br").await.0.len(), 20);
    assert_eq!(known_of(&service, "p@padaria.com.br").await.0.len(), 20);
}

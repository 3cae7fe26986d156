use brazil::Cnpj;
use chassis::Service;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::PageRequest;

use super::*;
use crate::MIGRATIONS;
use crate::companies::Status;
use crate::companies::tests::registration;

async fn service() -> (Service, TestDatabase) {
    testing::service("company", &MIGRATIONS, vec![]).await
}

fn cnpj(number: u32) -> Cnpj {
    (0..100).find_map(|check| format!("{number:08}0001{check:02}").parse().ok()).unwrap()
}

async fn stored(service: &Service, number: u32, official_name: &str) -> Company {
    let registration = registration(official_name, cnpj(number).as_str());
    let company = Company::register(registration, service.clock.now());
    let mut connection = service.db.acquire().await.unwrap();
    insert(&mut connection, &company).await.unwrap();
    company
}

fn page(page_size: i32, page_token: &str, skip: i32) -> Page<CompanyId> {
    Page::parse(Some(PageRequest { page_size, page_token: page_token.to_owned(), skip })).unwrap()
}

async fn found(service: &Service, term: &str) -> Vec<String> {
    let term = SearchTerm::new(term);
    let (companies, total) =
        search(&service.db, Some(Kind::Customer), term.as_ref(), &page(200, "", 0)).await.unwrap();
    assert_eq!(total, i64::try_from(companies.len()).unwrap());
    companies.into_iter().map(|company| company.registration.official_name).collect()
}

#[tokio::test]
async fn a_company_comes_back_as_it_was_stored_and_changed() {
    let (service, _database) = service().await;
    let mut company = stored(&service, 1, "Padaria").await;
    assert_eq!(find(&service.db, company.company_id).await.unwrap(), company);

    company.registration.trading_name = Some("Pão d'Ouro \"Ltda\"".to_owned());
    company.registration.phone_number = Some(ContactNumber("+558001234567".to_owned()));
    company.registration.billing_email = "fiscal@padaria.com.br".parse().ok();
    company.registration.address = Some(chassis::address::Address {
        zip_code: "80010-000".parse().ok(),
        street_number: Some("S/N".to_owned()),
        ..Default::default()
    });
    company.updated_at = service.clock.now();
    let mut connection = service.db.acquire().await.unwrap();
    save(&mut connection, &company).await.unwrap();
    assert_eq!(lock(&mut connection, company.company_id).await.unwrap(), company);
    assert_eq!(company.status, Status::Active);
    assert_eq!(found(&service, "d'ouro \"L").await, ["Padaria"]);
}

#[tokio::test]
async fn a_cnpj_is_one_companys() {
    let (service, _database) = service().await;
    let first = stored(&service, 1, "Primeira").await;
    let mut second = stored(&service, 2, "Segunda").await;
    let mut connection = service.db.acquire().await.unwrap();

    second.registration.cnpj = first.registration.cnpj.clone();
    let saved = save(&mut connection, &second).await;
    assert!(
        matches!(saved, Err(Error::CnpjTaken(taken)) if Some(&taken) == first.registration.cnpj.as_ref())
    );
    let third = Company::register(first.registration, service.clock.now());
    assert!(matches!(insert(&mut connection, &third).await, Err(Error::CnpjTaken(_))));
}

#[tokio::test]
async fn what_is_absent_or_out_of_scope_is_not_found() {
    let (service, _database) = service().await;
    let absent = CompanyId::generate();
    assert!(
        matches!(find(&service.db, absent).await, Err(Error::CompanyNotFound(id)) if id == absent)
    );
    let mut connection = service.db.acquire().await.unwrap();
    assert!(matches!(lock(&mut connection, absent).await, Err(Error::CompanyNotFound(_))));
    drop(connection);

    let mine = stored(&service, 1, "Minha").await;
    let other = stored(&service, 2, "Outra").await;
    let ids = [mine.company_id.0, other.company_id.0, absent.0];
    let everything = Scope::everywhere();
    assert_eq!(find_in_scope(&service.db, &ids, &everything).await.unwrap().len(), 2);
    let scope = Scope { everything: false, company_ids: vec![mine.company_id.0], user_id: None };
    assert_eq!(find_in_scope(&service.db, &ids, &scope).await.unwrap(), [mine]);
}

#[tokio::test]
async fn a_term_is_taken_literally_but_for_case_and_accents() {
    let (service, _database) = service().await;
    for (number, name) in
        [(1, "Açaí & Cia 100%"), (2, "Under_score"), (3, r"Back\slash"), (4, "O'Neil \"Irmãos\"")]
    {
        stored(&service, number, name).await;
    }
    assert_eq!(found(&service, "ACAI").await, ["Açaí & Cia 100%"]);
    assert_eq!(found(&service, "açaí").await, ["Açaí & Cia 100%"]);
    assert_eq!(found(&service, "irmaos").await, ["O'Neil \"Irmãos\""]);
    assert_eq!(found(&service, "%").await, ["Açaí & Cia 100%"]);
    assert_eq!(found(&service, "_").await, ["Under_score"]);
    assert_eq!(found(&service, r"k\s").await, [r"Back\slash"]);
    assert_eq!(found(&service, "o'neil \"").await, ["O'Neil \"Irmãos\""]);
    assert_eq!(found(&service, "'; drop table company; --").await, Vec::<String>::new());
    // The end of a name and the beginning of what is stored behind it are no part of either.
    assert_eq!(found(&service, "100% contato").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_company_is_found_by_its_cnpj_written_either_way_and_by_its_email() {
    let (service, _database) = service().await;
    let company = stored(&service, 12_345_678, "Padaria").await;
    let cnpj = company.registration.cnpj.unwrap();
    stored(&service, 87_654_321, "Outra").await;
    for term in [cnpj.as_str(), &cnpj.formatted(), "12345678", "12.345.678/0001"] {
        assert_eq!(found(&service, term).await, ["Padaria"], "{term}");
    }
    assert_eq!(found(&service, "Contato@PADARIA").await.len(), 2);
}

#[tokio::test]
async fn the_list_is_walked_newest_first_and_always_knows_its_size() {
    let (service, _database) = service().await;
    for number in 1..=5 {
        stored(&service, number, &format!("Filial {number}")).await;
    }
    let term = SearchTerm::new("filial");
    let (mut token, mut names) = (String::new(), vec![]);
    loop {
        let page = page(2, &token, 0);
        let (fetched, total) =
            search(&service.db, Some(Kind::Customer), term.as_ref(), &page).await.unwrap();
        assert_eq!(total, 5);
        let (companies, response) = page.cut(fetched, total, |company| company.company_id);
        names.extend(companies.into_iter().map(|company| company.registration.official_name));
        token = response.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["Filial 5", "Filial 4", "Filial 3", "Filial 2", "Filial 1"]);

    let (skipped, total) =
        search(&service.db, Some(Kind::Customer), None, &page(2, "", 4)).await.unwrap();
    assert_eq!((skipped.len(), total), (1, 5));
    let (past_the_end, total) =
        search(&service.db, Some(Kind::Customer), None, &page(2, "", 9)).await.unwrap();
    assert_eq!((past_the_end.len(), total), (0, 5));
    let none = SearchTerm::new("nothing of the kind");
    let (nothing, total) =
        search(&service.db, Some(Kind::Customer), none.as_ref(), &page(2, "", 0)).await.unwrap();
    assert_eq!((nothing.len(), total), (0, 0));
}

#[tokio::test]
async fn a_rare_term_is_found_by_the_index() {
    let (service, _database) = service().await;
    let indexed: bool = sqlx::query_scalar("select to_regclass('company_by_search') is not null")
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert!(indexed, "the tests' Postgres has pg_trgm");
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, cnpj, email, status, search, created_at, updated_at)
         select gen_random_uuid(), 'customer', 'x', n, 'x', 'active', md5(n::text), now(), now()
           from generate_series(1, 10000) as n",
    )
    .execute(&service.db)
    .await
    .unwrap();
    sqlx::query("analyze company").execute(&service.db).await.unwrap();
    let plan: Vec<String> =
        sqlx::query_scalar("explain select count(*) from company where search like '%c4ca42%'")
            .fetch_all(&service.db)
            .await
            .unwrap();
    assert!(plan.join("\n").contains("company_by_search"), "{plan:#?}");
}

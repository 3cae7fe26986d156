use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::PageRequest;
use time::macros::datetime;

use super::*;
use crate::MIGRATIONS;
use crate::organizations::testing::workspace;

async fn database() -> (PgPool, TestDatabase) {
    let (service, database) = testing::service("company", &MIGRATIONS, vec![]).await;
    (service.db, database)
}

async fn address(db: &PgPool, company_id: CompanyId) -> OrganizationAddress {
    let organization_id: String =
        sqlx::query_scalar("select organization_id from workspace where company_id = $1")
            .bind(company_id.0)
            .fetch_one(db)
            .await
            .unwrap();
    let at = datetime!(2026-11-22 15:00 UTC);
    OrganizationAddress {
        address_id: AddressId::generate(),
        organization_id,
        street: "Rua XV de Novembro".to_owned(),
        number: "1".to_owned(),
        complement: Some("Sala 2".to_owned()),
        neighborhood: None,
        city: "Curitiba".to_owned(),
        state: "PR".to_owned(),
        postal_code: "80010-010".to_owned(),
        country: "BR".to_owned(),
        created_at: at,
        updated_at: at,
    }
}

async fn stored(db: &PgPool, company_id: CompanyId) -> OrganizationAddress {
    let address = address(db, company_id).await;
    insert(&mut db.acquire().await.unwrap(), company_id, &address).await.unwrap();
    address
}

fn scope(company_ids: &[CompanyId]) -> Scope {
    let company_ids = company_ids.iter().map(|id| id.0).collect();
    Scope { everything: false, company_ids, user_id: None }
}

fn page(page_size: i32, skip: i32) -> Page<AddressId> {
    Page::parse(Some(PageRequest { page_size, skip, page_token: String::new() })).unwrap()
}

#[tokio::test]
async fn addresses_are_listed_within_the_scope_oldest_first() {
    let (db, _database) = database().await;
    let acme = workspace(&db, "production").await;
    let other = workspace(&db, "production").await;
    let (first, others) = (stored(&db, acme).await, stored(&db, other).await);
    let second = stored(&db, acme).await;
    let own = scope(&[acme]);
    let listed = list(&db, &own, &page(10, 0)).await.unwrap();
    assert_eq!(listed, (vec![first.clone(), second.clone()], 2));
    assert_eq!(list(&db, &own, &page(1, 1)).await.unwrap(), (vec![second.clone()], 2));
    assert_eq!(list(&db, &own, &page(1, 2)).await.unwrap(), (vec![], 2));
    let of_both = list(&db, &scope(&[other, acme]), &page(10, 0)).await.unwrap();
    assert_eq!(of_both, (vec![first, others, second], 3));
    assert_eq!(list(&db, &scope(&[]), &page(10, 0)).await.unwrap(), (vec![], 0));
}

#[tokio::test]
async fn an_address_is_read_and_changed() {
    let (db, _database) = database().await;
    let acme = workspace(&db, "production").await;
    let before = stored(&db, acme).await;
    let tx = &mut *db.acquire().await.unwrap();
    assert_eq!(lock(tx, before.address_id).await.unwrap(), before);
    let changed = OrganizationAddress {
        street: "Calle Florida".to_owned(),
        number: "100".to_owned(),
        complement: None,
        neighborhood: Some("San Nicolás".to_owned()),
        city: "Buenos Aires".to_owned(),
        state: "C".to_owned(),
        postal_code: "C1005".to_owned(),
        country: "AR".to_owned(),
        updated_at: datetime!(2026-11-23 15:00 UTC),
        ..before.clone()
    };
    save(tx, &changed).await.unwrap();
    assert_eq!(find(&db, before.address_id).await.unwrap(), changed);
    for absent in [find(&db, AddressId::generate()).await, lock(tx, AddressId::generate()).await] {
        let reason = Refusal::of(&absent.unwrap_err().into()).reason;
        assert_eq!(reason, "ORGANIZATION_ADDRESS_NOT_FOUND");
    }
}

#[tokio::test]
async fn an_organization_has_a_hundred_addresses_at_the_most() {
    let (db, _database) = database().await;
    let (acme, other) = (workspace(&db, "production").await, workspace(&db, "production").await);
    let known = stored(&db, acme).await;
    sqlx::query(
        "insert into organization_address
             (address_id, company_id, street, number, city, state, postal_code, country,
              created_at, updated_at)
         select gen_random_uuid(), company_id, street, number, city, state, postal_code, country,
                created_at, updated_at
           from organization_address, generate_series(3, 100)",
    )
    .execute(&db)
    .await
    .unwrap();
    let add = async || {
        let address = address(&db, acme).await;
        let mut tx = db.begin().await.unwrap();
        insert(&mut tx, acme, &address).await?;
        tx.commit().await.unwrap();
        Ok::<_, Error>(())
    };
    let outcomes = tokio::join!(add(), add());
    let refused = match outcomes {
        (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
        outcomes => panic!("{outcomes:?}"),
    };
    assert_eq!(Refusal::of(&refused.into()).reason, "TOO_MANY_ADDRESSES");
    assert_eq!(list(&db, &scope(&[acme]), &page(1, 0)).await.unwrap().1, ADDRESSES_MAX);
    save(&mut db.acquire().await.unwrap(), &known).await.unwrap();
    stored(&db, other).await;
}

#[tokio::test]
async fn a_country_that_does_not_exist_leads_nowhere() {
    let (db, _database) = database().await;
    let acme = workspace(&db, "production").await;
    let known = stored(&db, acme).await;
    let nowhere = |address: OrganizationAddress| OrganizationAddress {
        address_id: AddressId::generate(),
        country: "XX".to_owned(),
        ..address
    };
    let tx = &mut *db.acquire().await.unwrap();
    let inserted = insert(tx, acme, &nowhere(known.clone())).await;
    let saved = save(tx, &OrganizationAddress { country: "br".to_owned(), ..known.clone() }).await;
    for refused in [inserted, saved] {
        let refusal = Refusal::of(&refused.unwrap_err().into());
        assert_eq!(refusal.reason, "REFERENCE_NOT_FOUND");
        assert_eq!(refusal.violations[0].field, "country");
    }
    assert_eq!(find(&db, known.address_id).await.unwrap(), known);
}

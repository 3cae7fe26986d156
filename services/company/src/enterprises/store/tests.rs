use super::*;
use crate::enterprises::testing::{service, stored, values};

#[tokio::test]
async fn an_enterprise_is_read_as_it_was_stored() {
    let (service, _database) = service().await;
    let all = Values {
        timezone: Some("America/New_York".parse().unwrap()),
        phone1: Some("(123) 456-7890".to_owned()),
        phone2: Some("(123) 123-4567".to_owned()),
        email: Some("info@example.com".to_owned()),
        contact_name: Some("John Doe".to_owned()),
        webpage: Some("http://example.com".to_owned()),
        assistance_emergency_tel: Some("911".to_owned()),
        theft_emergency_tel: Some("912".to_owned()),
        fantasy_name: Some("Example".to_owned()),
        country_id: Some("c8a098d7b6932c2".parse().unwrap()),
        ..values("Example Company", "12.345/678")
    };
    let enterprise = stored(&service, all, None).await;
    let found = batch_find(&service.db, &[enterprise.company_id.0]).await.unwrap();
    assert_eq!(found.first(), Some(&enterprise));
    let seen = find_seen(&service.db, enterprise.company_id, &enterprise.public_id).await.unwrap();
    assert_eq!(seen, enterprise);

    let other = stored(&service, values("Other", "1"), None).await;
    let unseen = find_seen(&service.db, other.company_id, &enterprise.public_id).await;
    assert!(matches!(unseen, Err(Error::Enterprise(Refusal::NotFound))));
}

#[tokio::test]
async fn a_change_is_stored_and_lists_follow_the_name() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    let mut below = stored(&service, values("Zebra", "2"), Some(top.company_id)).await;
    below.values = values("Água", "3");
    below.is_main_client = true;
    below.updated_at = service.clock.now();
    let mut tx = service.db.begin().await.unwrap();
    lock(&mut tx, below.company_id).await.unwrap();
    save(&mut tx, &below).await.unwrap();
    tx.commit().await.unwrap();
    let found = batch_find(&service.db, &[below.company_id.0]).await.unwrap();
    assert_eq!(found.first(), Some(&below));
    let names: Vec<String> =
        sqlx::query_scalar("select sort_name from enterprise_reach where company_id = $1")
            .bind(below.company_id.0)
            .fetch_all(&service.db)
            .await
            .unwrap();
    assert_eq!(names, ["agua", "agua"]);
}

#[tokio::test]
async fn documents_go_to_whom_a_right_cnpj_and_email_name() {
    let (service, _database) = service().await;
    let registered = async |values| {
        let stored = stored(&service, values, None).await;
        let statement = "select cnpj, email from company where company_id = $1";
        sqlx::query_as::<_, (Option<String>, Option<String>)>(statement)
            .bind(stored.company_id.0)
            .fetch_one(&service.db)
            .await
            .unwrap()
    };
    let with_email =
        |email: &str, cnpj| Values { email: Some(email.to_owned()), ..values("Frota", cnpj) };
    let right = registered(with_email("contas@frota.example", "11.222.333/0001-81")).await;
    assert_eq!(right, (Some("11222333000181".to_owned()), Some("contas@frota.example".to_owned())));
    let shared = registered(with_email("ask John", "11222333000181")).await;
    assert_eq!(shared, (Some("11222333000181".to_owned()), None));
    assert_eq!(registered(values("Frota", "12.345/678")).await, (None, None));
}

#[tokio::test]
async fn a_cnpj_is_taken_nearby_only() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "AA-1"), None).await;
    let child = stored(&service, values("Filha", "bb2"), Some(top.company_id)).await;
    stored(&service, values("Neta", "CC3"), Some(child.company_id)).await;
    let none = CompanyId::generate();
    let taken = async |cnpj: &str, but| {
        let cnpj = FreeCnpj::new(cnpj).unwrap();
        is_cnpj_taken(&service.db, top.company_id, &cnpj, but).await.unwrap()
    };
    assert!(taken("a.a.1", none).await, "its own");
    assert!(taken("BB2", none).await, "a child's");
    assert!(!taken("CC3", none).await, "a grandchild's is far away");
    assert!(!taken("BB2", child.company_id).await, "one keeps what one has");

    let mut tx = service.db.begin().await.unwrap();
    delete(&mut tx, child.company_id, service.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!taken("BB2", none).await, "what is gone has nothing");
    assert_eq!(batch_find(&service.db, &[child.company_id.0]).await.unwrap(), []);
}

#[tokio::test]
async fn who_did_what_is_kept_beyond_the_end() {
    let (service, _database) = service().await;
    let enterprise = stored(&service, values("Topo", "1"), None).await;
    let (id, now) = (enterprise.company_id, service.clock.now());
    let mut tx = service.db.begin().await.unwrap();
    note_change(&mut tx, id, "user:a", "updated", &["name", "cnpj"], now).await.unwrap();
    note_change(&mut tx, id, "user:b", "deleted", &[], now).await.unwrap();
    delete(&mut tx, id, now).await.unwrap();
    tx.commit().await.unwrap();
    let page = Page::parse(None).unwrap();
    let (found, total) = changes(&service.db, enterprise.public_id.as_str(), &page).await.unwrap();
    let told: Vec<_> =
        found.iter().map(|change| (change.actor.as_str(), change.fields.len())).collect();
    assert_eq!((told.as_slice(), total), ([("user:b", 0), ("user:a", 2)].as_slice(), 2));
    let by_company = changes(&service.db, &id.to_string(), &page).await.unwrap();
    assert_eq!(by_company.0, found);
    assert!(changes(&service.db, "nothing", &page).await.is_err());
}

#[tokio::test]
async fn countries_are_known_by_their_ids() {
    let (service, _database) = service().await;
    let known = async |id: &str| country_exists(&service.db, &id.parse().unwrap()).await.unwrap();
    assert!(known("c8a098d7b6932c2").await);
    assert!(!known("abc1234567890de").await);
}

use brazil::CompanyId;
use serde_json::json;
use sqlx::PgPool;

use super::*;
use crate::search::folded;
use crate::search::testing::{Given, find, ids, page, person, tell};
use crate::testing::{iccid, service};

#[tokio::test]
async fn lines_are_found_by_all_that_is_known_of_them() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    let user_id = UserId::generate();
    let line = Given {
        user_id: Some(user_id),
        tag: Some("Suporte 24/7 (São Paulo)"),
        custom_fields: json!({"Equipamento": "Motorola \"Edge\"", "Nota": "100% d'água_\\"}),
        ..Given::new(company_id, 4321)
    };
    let line_id = line.add(&service).await;
    let social = Person {
        social_name: Some("Zezé".to_owned()),
        ..person("jose.silva@example.com", "José da SILVA")
    };
    tell(&service, user_id, &social, 1).await;
    Given::new(company_id, 1111).add(&service).await;
    Given { tag: Some("Suporte 24/7"), ..Given::new(CompanyId::generate(), 4322) }
        .add(&service)
        .await;

    for term in [
        "+5541987654321",
        "(41) 98765-4321",
        "0 41 98765-4321",
        "4321",
        "41 98765 432",
        "jose da silva",
        "JOSÉ DA",
        " zeze ",
        "Jose.Silva@EXAMPLE.com",
        "suporte 24/7 (são",
        "24-7",
        "24/",
        "motorola",
        "\"edge\"",
        "100%",
        "d'agua_",
        "a_\\",
        "\\",
        iccid(4321).as_str(),
        iccid(4321).last_seven(),
    ] {
        assert_eq!(ids(&find(&service, company_id, term).await), [line_id], "{term}");
    }
    for term in [
        "5542",
        "silva jose",
        "equipamento",
        "silva\nzeze",
        "1_0",
        "50%",
        "suporte%",
        "89551000",
        "' or '1'='1",
        "ABCD",
        "João",
    ] {
        let found = find(&service, company_id, term).await;
        assert_eq!((ids(&found), found.total), (vec![], 0), "{term}");
    }
    let all = find(&service, company_id, "").await;
    assert_eq!(all.total, 2);
    let user = all.lines[1].user.as_ref().unwrap();
    assert_eq!((user, all.lines[1].line.custom_fields().len()), (&social, 2));
    assert!(all.lines[0].user.is_none());
}

#[tokio::test]
async fn what_is_found_changes_with_lines_and_people() {
    let (service, _database) = service().await;
    let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
    let (user_id, heir) = (UserId::generate(), UserId::generate());
    tell(&service, user_id, &person("ana@example.com", "Ana"), 1).await;
    let line = Given { user_id: Some(user_id), ..Given::new(company_id, 1) };
    let line_id = line.add(&service).await;
    let total = async |company_id, term| find(&service, company_id, term).await.total;
    assert_eq!(total(company_id, "ana").await, 1);

    tell(&service, user_id, &person("ana@example.com", "Beatriz"), 3).await;
    tell(&service, user_id, &person("old@example.com", "Old"), 2).await;
    assert_eq!(total(company_id, "beatriz").await, 1);
    assert_eq!(total(company_id, "old").await, 0);

    let change = async |statement: &'static str| {
        let changed = sqlx::query(statement).bind(line_id.0).bind(other.0).bind(heir.0);
        changed.execute(&service.db).await.unwrap();
    };
    change(
        "update line set user_id = $3, updated_at = now() where line_id = $1 and $2 is not null",
    )
    .await;
    assert_eq!(total(company_id, "beatriz").await, 0);
    tell(&service, heir, &person("heir@example.com", "Carla"), 1).await;
    assert_eq!(total(company_id, "carla").await, 1);

    change("update line set company_id = $2 where line_id = $1 and $3 is not null").await;
    assert_eq!((total(company_id, "carla").await, total(other, "carla").await), (0, 1));
    change("update line set company_id = null where line_id = $1 and $2 <> $3").await;
    assert_eq!(total(other, "").await, 0);
    change("update line set company_id = $2, tag = 'Back' where line_id = $1 and $3 is not null")
        .await;
    assert_eq!(total(other, "back").await, 1);
}

/// Whoever comes first: the other waits, and writes what both have made of it.
#[tokio::test]
async fn a_text_is_never_made_of_an_outdated_half() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    for line_first in [true, false] {
        let user_id = UserId::generate();
        let index = u32::from(line_first);
        let line = Given { user_id: Some(user_id), ..Given::new(company_id, index) };
        let line_id = line.add(&service).await;

        let mut first = service.db.begin().await.unwrap();
        let mut second = service.db.begin().await.unwrap();
        let name = person("x@example.com", if line_first { "Nova" } else { "Novo" });
        let tag = "update line set tag = 'Vendas' where line_id = $1";
        let waiting = if line_first {
            sqlx::query(tag).bind(line_id.0).execute(&mut *first).await.unwrap();
            tokio::spawn(async move {
                change_person(&mut second, user_id, &name, 1).await.unwrap();
                second.commit().await.unwrap();
            })
        } else {
            change_person(&mut first, user_id, &name, 1).await.unwrap();
            tokio::spawn(async move {
                sqlx::query(tag).bind(line_id.0).execute(&mut *second).await.unwrap();
                second.commit().await.unwrap();
            })
        };
        until_somebody_waits(&service.db).await;
        first.commit().await.unwrap();
        waiting.await.unwrap();
        let name = if line_first { "nova" } else { "novo" };
        assert_eq!(ids(&find(&service, company_id, name).await), [line_id]);
        assert!(ids(&find(&service, company_id, "vendas").await).contains(&line_id));
    }
}

async fn until_somebody_waits(db: &PgPool) {
    let waiting = "select exists (select from pg_locks where not granted)";
    while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(db).await.unwrap() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_list_is_walked_by_tokens_and_by_skipping() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    let mut all = vec![];
    for index in 0..7 {
        all.insert(0, Given::new(company_id, index).add(&service).await);
    }
    let term = Term::new("98765");
    let mut token = String::new();
    let mut walked = vec![];
    loop {
        let page = page(3, &token, 0);
        let found = search(&service.db, company_id, &term, &page).await.unwrap();
        assert_eq!(found.total, 7);
        let (lines, answer) = page.cut(found.lines, 7, |found| found.line.line_id());
        walked.extend(lines.iter().map(|found| found.line.line_id()));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(walked, all);
    let skipped = search(&service.db, company_id, &term, &page(3, "", 5)).await.unwrap();
    assert_eq!(ids(&skipped), all[5..]);
    let beyond = search(&service.db, company_id, &term, &page(3, "", 7)).await.unwrap();
    assert_eq!((ids(&beyond), beyond.total), (vec![], 7));
}

#[tokio::test]
async fn the_database_folds_texts_as_terms_are_folded() {
    let (service, _database) = service().await;
    let letters = ('!'..='\u{24f}')
        .chain('\u{370}'..='\u{3ff}')
        .chain('\u{400}'..='\u{4ff}')
        .chain('\u{1e00}'..='\u{1eff}')
        .chain('\u{2000}'..='\u{203f}')
        .chain('\u{ff01}'..='\u{ff5e}');
    let letters: Vec<String> = letters.map(|letter| format!("a{letter}B")).collect();
    let database: Vec<String> =
        sqlx::query_scalar("select search_fold(letter) from unnest($1::text[]) as letter")
            .bind(&letters)
            .fetch_all(&service.db)
            .await
            .unwrap();
    let differences: Vec<_> =
        letters.iter().zip(database).filter(|(letter, there)| folded(letter) != *there).collect();
    assert_eq!(differences, []);
}

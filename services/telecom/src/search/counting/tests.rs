use brazil::{LineId, UserId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::search::Term;
use crate::search::store::search;
use crate::search::testing::{Given, find, ids, page, person, tell};
use crate::testing::service;

const NAMES: [&str; 6] = ["Ana Silva", "João Silva", "Silvana Dias", "Ça 11", "B", "Ana Sílvia"];
const TAGS: [Option<&str>; 4] = [Some("Vendas 12-3"), Some("vendas"), None, Some("V%_\\")];
const TERMS: [&str; 24] = [
    "",
    "a",
    "s",
    "si",
    "silva",
    "ana s",
    "ça",
    "1",
    "12",
    "9",
    "98",
    "123",
    "0000",
    "765",
    "v%",
    "vendas",
    "x@",
    "@example.com",
    "zz",
    "z",
    "%",
    "_\\",
    "7000",
    "moto",
];

fn counting() -> Counting {
    Counting {
        lines_min: 1,
        term_lines_min: 3,
        term_share: i64::MAX,
        stretch_lines: 4,
        changes_min: 0,
        changes_share: i64::MAX,
        sample_lines: i64::MAX,
    }
}

async fn count(service: &Service, company_id: CompanyId) {
    let context = CountingContext { service: service.clone(), counting: counting() };
    CountTerms { company_id }.run(context).await.unwrap();
}

/// What a search must find, by looking at every line.
async fn expected(service: &Service, company_id: CompanyId, term: &Term) -> Vec<LineId> {
    let texts: Vec<(Uuid, String)> = sqlx::query_as(
        "select line_id, text from line_search where company_id = $1 order by line_id desc",
    )
    .bind(company_id.0)
    .fetch_all(&service.db)
    .await
    .unwrap();
    texts
        .into_iter()
        .filter(|(_, text)| {
            text.contains(term.text()) || term.card_text().is_some_and(|end| text.contains(&end))
        })
        .map(|(line_id, _)| LineId(line_id))
        .collect()
}

async fn assert_exact(service: &Service, company_id: CompanyId, after: &str) {
    for text in TERMS {
        let term = Term::new(text);
        let expected = expected(service, company_id, &term).await;
        for skip in [0, 1, expected.len() / 2, expected.len()] {
            let page = page(3, "", i32::try_from(skip).unwrap());
            let found = search(&service.db, company_id, &term, &page).await.unwrap();
            assert_eq!(found.total, i64::try_from(expected.len()).unwrap(), "{text} {after}");
            let part: Vec<_> = expected.iter().copied().skip(skip).take(4).collect();
            assert_eq!(ids(&found), part, "{text} {skip} {after}");
            let (_, answer) = page.cut(found.lines, 0, |found| found.line.line_id());
            if !answer.next_page_token.is_empty() {
                let next = super::super::testing::page(200, &answer.next_page_token, 1);
                let found = search(&service.db, company_id, &term, &next).await.unwrap();
                let rest: Vec<_> = expected.iter().copied().skip(skip + 4).collect();
                assert_eq!(ids(&found), rest, "{text} after {skip} {after}");
                assert_eq!(found.total, i64::try_from(expected.len()).unwrap());
            }
        }
    }
}

async fn add(service: &Service, company_id: CompanyId, index: u32, random: &mut StdRng) -> LineId {
    let user_id = UserId::generate();
    let name = NAMES.choose(random).unwrap();
    tell(service, user_id, &person("x@example.com", name), 1).await;
    let line = Given {
        user_id: Some(user_id).filter(|_| random.random_bool(0.8)),
        tag: TAGS.choose(random).copied().unwrap(),
        custom_fields: if random.random() { json!({"a": "Moto"}) } else { json!({}) },
        ..Given::new(company_id, index * 37)
    };
    line.add(service).await
}

#[tokio::test]
async fn counts_and_changes_are_exact_together() {
    let (service, _database) = service().await;
    let random = &mut StdRng::seed_from_u64(7);
    let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
    let mut lines = vec![];
    for index in 0..40 {
        lines.push(add(&service, company_id, index, random).await);
    }
    assert_exact(&service, company_id, "uncounted").await;
    count(&service, company_id).await;
    let found = find(&service, company_id, "").await;
    assert_eq!((found.lines_counted, found.changes), (Some(40), 0));
    assert_exact(&service, company_id, "counted").await;

    for round in 0..3 {
        for index in 0..6 {
            lines.push(add(&service, company_id, 40 + round * 6 + index, random).await);
        }
        for _ in 0..8 {
            let line_id = lines.choose(random).unwrap().0;
            let statement = [
                "update line set tag = 'Silva 123' where line_id = $1 and $2 is not null",
                "update line set tag = null where line_id = $1 and $2 is not null",
                "update line set company_id = $2 where line_id = $1",
                "update line set iccid = null where line_id = $1 and $2 is not null",
            ]
            .choose(random)
            .copied()
            .unwrap();
            let change = sqlx::query(statement).bind(line_id).bind(other.0);
            change.execute(&service.db).await.unwrap();
        }
        assert_exact(&service, company_id, "changed").await;
        assert_exact(&service, other, "moved").await;
        if round == 1 {
            count(&service, company_id).await;
            count(&service, other).await;
            assert_exact(&service, company_id, "counted again").await;
        }
    }
}

#[tokio::test]
async fn what_is_not_yet_to_be_seen_is_not_forgotten() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    for index in 0..5 {
        Given::new(company_id, index).add(&service).await;
    }
    count(&service, company_id).await;

    let mut late = service.db.begin().await.unwrap();
    let change = sqlx::query("update line set tag = 'Silva' where company_id = $1");
    change.bind(company_id.0).execute(&mut *late).await.unwrap();
    count(&service, company_id).await;
    assert_exact(&service, company_id, "before the commit").await;
    late.commit().await.unwrap();
    assert_exact(&service, company_id, "after the commit").await;
    assert_eq!(find(&service, company_id, "silva").await.total, 5);
}

#[tokio::test]
async fn a_company_is_counted_when_it_is_large_and_again_when_it_has_changed() {
    let counting = Counting::default();
    let found =
        |lines_counted, changes, total| Found { lines: vec![], total, lines_counted, changes };
    assert!(!counting.is_due(&found(None, 0, 4_999)));
    assert!(counting.is_due(&found(None, 0, 5_000)));
    assert!(!counting.is_due(&found(Some(6_000), 999, 6_000)));
    assert!(counting.is_due(&found(Some(6_000), 1_000, 6_000)));
    assert!(!counting.is_due(&found(Some(1_000_000), 9_999, 3)));
    assert!(counting.is_due(&found(Some(1_000_000), 10_000, 3)));

    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    Given::new(company_id, 1).add(&service).await;
    let context = CountingContext { service: service.clone(), counting };
    CountTerms { company_id }.run(context.clone()).await.unwrap();
    Given::new(company_id, 2).add(&service).await;
    CountTerms { company_id }.run(context).await.unwrap();
    assert_eq!(find(&service, company_id, "").await.changes, 1, "too few changes");
}

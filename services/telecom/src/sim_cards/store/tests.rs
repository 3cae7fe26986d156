use chassis::Service;
use proto::common::v1::PageRequest;
use sqlx::AssertSqlSafe;

use super::*;
use crate::testing::{iccid, service};

async fn deliver(
    service: &Service,
    company_id: CompanyId,
    cards: &[Iccid],
) -> HashMap<Iccid, Rejection> {
    let iccids: Vec<&str> = cards.iter().map(Iccid::as_str).collect();
    let mut connection = service.db.acquire().await.unwrap();
    add(
        &mut connection,
        company_id,
        Origin { provider: "americanet", ..Origin::default() },
        &iccids,
        service.clock.now(),
    )
    .await
    .unwrap()
}

async fn take_one(
    service: &Service,
    company_id: CompanyId,
    name: &str,
    line_id: LineId,
) -> Result<Iccid, Error> {
    let name: &SimCardName = &name.parse().unwrap();
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                let card = lock(&mut tx, company_id, name).await?;
                put(&mut tx, card, line_id, service.clock.now()).await
            })
        })
        .await
}

#[tokio::test]
async fn good_cards_join_and_the_others_are_told_apart() {
    let (service, _database) = service().await;
    let (mine, other) = (CompanyId::generate(), CompanyId::generate());
    assert!(deliver(&service, mine, &[iccid(1), iccid(2)]).await.is_empty());
    assert!(deliver(&service, other, &[iccid(3)]).await.is_empty());

    let refused = deliver(&service, mine, &[iccid(4), iccid(3), iccid(2)]).await;
    let expected = [(iccid(2), Rejection::Duplicate), (iccid(3), Rejection::OtherCompany)];
    assert_eq!(refused, HashMap::from(expected));
    let page = Page::parse(None).unwrap();
    assert_eq!(list(&service.db, mine, &page).await.unwrap().1, 3);
}

#[tokio::test]
async fn deliveries_of_the_same_cards_do_not_block_each_other() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    let mut cards: Vec<Iccid> = (0..500).map(iccid).collect();
    let deliveries = (0..4).map(|_| {
        cards.reverse();
        let (service, cards) = (service.clone(), cards.clone());
        tokio::spawn(async move { 500 - deliver(&service, company_id, &cards).await.len() })
    });
    let joined = futures::future::join_all(deliveries).await;
    assert_eq!(joined.into_iter().map(Result::unwrap).sum::<usize>(), 500);
}

#[tokio::test]
async fn a_stock_is_listed_by_number_page_by_page() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    let cards: Vec<Iccid> = (0..5).map(iccid).collect();
    deliver(&service, company_id, &cards).await;
    deliver(&service, CompanyId::generate(), &[iccid(9)]).await;

    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = PageRequest { page_size: 2, page_token, skip: 0 };
        let page = Page::<String>::parse(Some(request)).unwrap();
        let (found, total) = list(&service.db, company_id, &page).await.unwrap();
        assert_eq!(total, 5);
        let (found, response) = page.cut(found, total, |card| card.iccid.to_string());
        seen.extend(found.into_iter().map(|card| card.iccid));
        page_token = response.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let mut sorted = cards;
    sorted.sort();
    assert_eq!(seen, sorted);

    let beyond = Page { size: 2, skip: 5, after: None };
    assert_eq!(list(&service.db, company_id, &beyond).await.unwrap(), (vec![], 5));
}

#[tokio::test]
async fn a_card_is_taken_by_its_number_or_its_end_from_its_own_stock() {
    let (service, _database) = service().await;
    let (mine, other) = (CompanyId::generate(), CompanyId::generate());
    deliver(&service, mine, &[iccid(1), iccid(2)]).await;
    let line_id = LineId::generate();

    let absent = take_one(&service, other, iccid(1).as_str(), line_id).await;
    assert!(matches!(absent, Err(Error::SimCardNotFound)));
    let absent = take_one(&service, mine, iccid(3).last_seven(), line_id).await;
    assert!(matches!(absent, Err(Error::SimCardNotFound)));

    let taken = take_one(&service, mine, iccid(1).as_str(), line_id).await;
    assert_eq!(taken.unwrap(), iccid(1));
    let taken = take_one(&service, mine, iccid(2).last_seven(), LineId::generate()).await;
    assert_eq!(taken.unwrap(), iccid(2));
    let twice = take_one(&service, mine, iccid(1).as_str(), LineId::generate()).await;
    assert!(matches!(twice, Err(Error::SimCardInUse)));
}

#[tokio::test]
async fn an_end_that_several_cards_have_names_none() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    // The check digit is the same again after some ten cards a million numbers apart.
    let end = iccid(1).last_seven().to_owned();
    let twin = (1..100)
        .map(|index| iccid(index * 10_000_000 + 1))
        .find(|card| card.last_seven() == end)
        .unwrap();
    deliver(&service, company_id, &[iccid(1), twin.clone()]).await;
    let ambiguous = take_one(&service, company_id, &end, LineId::generate()).await;
    assert!(matches!(ambiguous, Err(Error::AmbiguousSimCard)));

    sqlx::query("update sim_card set status = 'retired' where iccid = $1")
        .bind(twin.as_str())
        .execute(&service.db)
        .await
        .unwrap();
    let taken = take_one(&service, company_id, &end, LineId::generate()).await;
    assert_eq!(taken.unwrap(), iccid(1));
    let retired = take_one(&service, company_id, twin.as_str(), LineId::generate()).await;
    assert!(matches!(retired, Err(Error::SimCardNotFound)));
}

#[tokio::test]
async fn a_card_that_many_want_goes_to_one() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    deliver(&service, company_id, &[iccid(1)]).await;
    let asking = (0..20).map(|index| {
        let service = service.clone();
        tokio::spawn(async move {
            let card = iccid(1);
            let name = if index % 2 == 0 { card.as_str() } else { card.last_seven() };
            take_one(&service, company_id, name, LineId::generate()).await
        })
    });
    let mut taken = 0;
    for answer in futures::future::join_all(asking).await {
        match answer.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => assert!(matches!(error, Error::SimCardInUse), "{error}"),
        }
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn cards_are_found_by_index() {
    let (service, _database) = service().await;
    // Cards as they come from a factory, for a hundred companies.
    sqlx::query(
        "insert into sim_card (iccid, company_id, provider, status, created_at, updated_at)
         select '8955' || lpad(card::text, 16, '0'),
                ('00000000-0000-7000-8000-' || lpad((card % 100)::text, 12, '0'))::uuid,
                'americanet', 'available', $1, $1
           from generate_series(1, 20000) as card",
    )
    .bind(service.clock.now())
    .execute(&service.db)
    .await
    .unwrap();
    sqlx::query("analyze sim_card").execute(&service.db).await.unwrap();
    let company_id = CompanyId("00000000-0000-7000-8000-000000000007".parse().unwrap());
    let explain = async |statement: &str, text: &str| {
        let statement = AssertSqlSafe(format!("explain {statement}"));
        let mut query = sqlx::query_scalar(statement).bind(company_id.0).bind(text);
        if text.is_empty() {
            query = query.bind(0_i64).bind(51_i64);
        }
        let plan: Vec<String> = query.fetch_all(&service.db).await.unwrap();
        plan.join("\n")
    };
    for (statement, text, index) in [
        (LIST, "", "sim_card_by_company"),
        (LOCK_BY_ICCID, "89550000000000000007", "using sim_card_"),
        (LOCK_BY_LAST_SEVEN, "0000007", "sim_card_by_last_seven"),
    ] {
        let plan = explain(statement, text).await;
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{plan}");
    }
}

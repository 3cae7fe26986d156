use brazil::CompanyId;
use chassis::Service;
use proptest::prelude::*;

use super::*;
use crate::devices::testing::add_device;
use crate::sim_cards::{self, Origin};
use crate::testing::{iccid, service};

fn wanted(operator: TextOperator, value: &str) -> Option<TextMatch> {
    Some(TextMatch { operator: operator.into(), value: value.to_owned() })
}

fn chips(given: &[(pb::ChipField, TextOperator, &str)]) -> Vec<Condition> {
    let given: Vec<_> = given
        .iter()
        .map(|(field, operator, value)| pb::ChipCondition {
            field: (*field).into(),
            r#match: wanted(*operator, value),
        })
        .collect();
    let mut fields = Fields::new();
    let conditions = chip_conditions(&mut fields, &given);
    fields.check().unwrap();
    conditions
}

fn names(operator: TextOperator, value: &str) -> Vec<Condition> {
    let field = pb::DeviceField::Name.into();
    let given = [pb::DeviceCondition { field, r#match: wanted(operator, value) }];
    let mut fields = Fields::new();
    let conditions = device_conditions(&mut fields, &given);
    fields.check().unwrap();
    conditions
}

async fn add_card(service: &Service, company_id: CompanyId, index: u32, origin: Origin<'_>) {
    let mut connection = service.db.acquire().await.unwrap();
    let (card, now) = (iccid(index), service.clock.now());
    let cards = [card.as_str()];
    sim_cards::store::add(&mut connection, company_id, origin, &cards, now).await.unwrap();
}

#[tokio::test]
async fn one_chip_must_fulfil_everything() {
    let (service, _database) = service().await;
    let ids = [CompanyId::generate(), CompanyId::generate(), CompanyId::generate()];
    let [one, two, three] = ids;
    let origin = |provider, batch| Origin { provider, service_provider: None, batch };
    add_card(&service, one, 1, origin("Vivo", Some("L1"))).await;
    add_card(&service, one, 2, origin("Claro", Some("L2"))).await;
    add_card(&service, two, 3, origin("Vivo", Some("L2"))).await;
    add_card(&service, three, 4, origin("Vivo", None)).await;
    let company_ids = ids.map(|id| id.0);
    let db = &service.db;
    let found = async |given: &[_]| {
        let mut found = with_chips(db, &company_ids, &chips(given)).await.unwrap();
        found.sort();
        found
    };
    use TextOperator::{Contains, EndsWith, Equal, NotEqual, StartsWith};
    use pb::ChipField::{Batch, Carrier, Serial};

    assert_eq!(found(&[(Carrier, Equal, "Vivo"), (Batch, Equal, "L2")]).await, [two.0]);
    assert_eq!(found(&[(Carrier, Equal, "vivo")]).await, Vec::<Uuid>::new(), "case counts");
    assert_eq!(found(&[(Carrier, Contains, "LAR")]).await, [one.0]);
    assert_eq!(found(&[(Carrier, StartsWith, "viv"), (Batch, EndsWith, "1")]).await, [one.0]);
    assert_eq!(found(&[(Batch, NotEqual, "L2")]).await, [one.0], "no batch is no other batch");
    assert_eq!(found(&[(Carrier, Contains, "%")]).await, Vec::<Uuid>::new());
    let serial = iccid(3);
    assert_eq!(found(&[(Serial, EndsWith, &serial.as_str()[12..])]).await, [two.0]);
    let elsewhere = chips(&[(Carrier, Equal, "Vivo")]);
    assert_eq!(with_chips(db, &[one.0], &elsewhere).await.unwrap(), [one.0], "only the asked ones");
}

#[tokio::test]
async fn devices_are_found_by_their_names() {
    let (service, _database) = service().await;
    let (one, two) = (CompanyId::generate(), CompanyId::generate());
    add_device(&service, one, "Rastreador 50%").await.unwrap();
    add_device(&service, two, "Antena").await.unwrap();
    let company_ids = [one.0, two.0];
    for (operator, value, expected) in [
        (TextOperator::Contains, "0%", vec![one.0]),
        (TextOperator::StartsWith, "ANT", vec![two.0]),
        (TextOperator::EndsWith, "NA", vec![two.0]),
        (TextOperator::EndsWith, "_", vec![]),
        (TextOperator::Equal, "Antena", vec![two.0]),
        (TextOperator::NotEqual, "Antena", vec![one.0]),
    ] {
        let found = with_devices(&service.db, &company_ids, &names(operator, value)).await.unwrap();
        assert_eq!(found, expected, "{operator:?} {value}");
    }
}

#[tokio::test]
async fn among_many_companies_the_same_are_found() {
    let (service, _database) = service().await;
    let (one, two, other) = (CompanyId::generate(), CompanyId::generate(), CompanyId::generate());
    for company_id in [one, other] {
        add_device(&service, company_id, "Antena").await.unwrap();
    }
    add_device(&service, two, "Rastreador").await.unwrap();
    let mut company_ids = vec![one.0, two.0];
    company_ids.resize_with(LOOK_UPS_MAX + 1, Uuid::now_v7);
    let conditions = names(TextOperator::Equal, "Antena");
    let found = with_devices(&service.db, &company_ids, &conditions).await.unwrap();
    assert_eq!(found, [one.0]);
}

#[tokio::test]
async fn few_companies_are_named_whoever_they_are() {
    let (service, _database) = service().await;
    let ids = [CompanyId::generate(), CompanyId::generate(), CompanyId::generate()];
    let origin = |batch| Origin { provider: "Vivo", service_provider: None, batch: Some(batch) };
    for (index, (company_id, batch)) in
        (1..).zip([(ids[0], "L1"), (ids[0], "L1"), (ids[1], "L1"), (ids[1], "L2"), (ids[2], "L2")])
    {
        add_card(&service, company_id, index, origin(batch)).await;
    }
    add_device(&service, ids[1], "Antena").await.unwrap();
    add_device(&service, CompanyId::generate(), "Antena").await.unwrap();
    let of_batch = |batch| chips(&[(pb::ChipField::Batch, TextOperator::Equal, batch)]);
    let antennas = names(TextOperator::Equal, "Antena");
    let found = async |chips: &[Condition], devices: &[Condition], max| {
        let mut found = anywhere(&service.db, chips, devices, max).await.unwrap();
        found.iter_mut().for_each(|ids| ids.sort());
        found
    };
    let expected = |some: &[CompanyId]| Some(some.iter().map(|id| id.0).collect::<Vec<_>>());
    assert_eq!(found(&[], &[], 5).await, None, "nothing is asked for");
    assert_eq!(found(&of_batch("L1"), &[], 2).await, expected(&ids[..2]));
    assert_eq!(found(&of_batch("L1"), &[], 1).await, None);
    for index in 10..20 {
        add_card(&service, ids[2], index, origin("L4")).await;
    }
    assert_eq!(found(&of_batch("L4"), &[], 1).await, expected(&ids[2..]), "ten rows are looked at");
    add_card(&service, ids[2], 20, origin("L4")).await;
    assert_eq!(found(&of_batch("L4"), &[], 1).await, None);
    assert_eq!(found(&of_batch("L3"), &[], 1).await, expected(&[]));
    assert_eq!(found(&of_batch("L2"), &antennas, 2).await, expected(&ids[1..2]));
    assert_eq!(found(&of_batch("L3"), &antennas, 1).await, expected(&[]), "one is few enough");
    assert_eq!(found(&[], &antennas, 1).await, None);
}

#[tokio::test]
async fn a_company_s_oldest_devices_come_first() {
    let (service, _database) = service().await;
    let (one, two) = (CompanyId::generate(), CompanyId::generate());
    for name in ["B", "A", "C"] {
        add_device(&service, one, name).await.unwrap();
    }
    add_device(&service, two, "D").await.unwrap();
    let mut found =
        crate::devices::store::batch_devices(&service.db, &[one.0, two.0], 2).await.unwrap();
    found.retain(|device| device.company_id == one);
    let names: Vec<_> = found.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, ["B", "A"]);
}

proptest! {
    #[test]
    fn what_is_no_condition_is_refused(field in 0i32..9, operator in 0i32..8, value in "\\PC{0,5}\n?") {
        let matched = TextMatch { operator, value: value.clone() };
        let given = [pb::ChipCondition { field, r#match: Some(matched) }];
        let mut fields = Fields::new();
        let conditions = chip_conditions(&mut fields, &given);
        let is_one = (1..=5).contains(&field) && (1..=5).contains(&operator)
            && !value.ends_with('\n');
        prop_assert_eq!(conditions.len() == 1, is_one);
        prop_assert_eq!(fields.check().is_ok(), is_one);
    }
}

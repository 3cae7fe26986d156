use brazil::CompanyId;
use chassis::Service;

use super::*;
use crate::sim_cards::{self, Origin};
use crate::testing::{iccid, service};

async fn add_card(service: &Service, company_id: CompanyId, index: u32) {
    let mut connection = service.db.acquire().await.unwrap();
    let (card, now) = (iccid(index), service.clock.now());
    let (origin, cards) = (Origin { provider: "Vivo", ..Origin::default() }, [card.as_str()]);
    sim_cards::store::add(&mut connection, company_id, origin, &cards, now).await.unwrap();
}

#[tokio::test]
async fn companies_are_sorted_by_the_lowest_of_their_chips() {
    let (service, _database) = service().await;
    let [one, two, three] = [CompanyId::generate(), CompanyId::generate(), CompanyId::generate()];
    for (company_id, index) in [(one, 2), (one, 9), (two, 1), (two, 5), (three, 3)] {
        add_card(&service, company_id, index).await;
    }
    let db = &service.db;
    let found = lowest(db, &[one.0, three.0, Uuid::now_v7()]).await.unwrap();
    assert_eq!(found.len(), 2);
    let expected = Lowest { number: None, serial: iccid(2).as_str().to_owned() };
    assert_eq!(found[&one.0], expected);

    let sorted = async |order: &[(Key, bool)], max| {
        let found = first(db, order, max).await.unwrap();
        found.into_iter().map(|(company_id, _)| company_id).collect::<Vec<_>>()
    };
    assert_eq!(sorted(&[(Key::Serial, false)], 9).await, [two.0, one.0, three.0]);
    assert_eq!(sorted(&[(Key::Serial, true)], 2).await, [three.0, one.0]);
    let by_both = [(Key::Number, true), (Key::Serial, false)];
    assert_eq!(sorted(&by_both, 9).await, [two.0, one.0, three.0], "no number is no difference");
    let found = first(db, &[(Key::Serial, false)], 1).await.unwrap();
    assert_eq!(found[0].1.serial, iccid(1).as_str());
}

#[test]
fn only_what_companies_are_sorted_by_is_taken_and_once() {
    let by = |field: pb::ChipField, descending| pb::ChipOrder { field: field.into(), descending };
    let read = |given: &[pb::ChipOrder]| {
        let mut fields = Fields::new();
        let order = order(&mut fields, given);
        fields.check().map(|()| order)
    };
    let both = [by(pb::ChipField::Serial, true), by(pb::ChipField::Number, false)];
    assert_eq!(read(&both).unwrap(), [(Key::Serial, true), (Key::Number, false)]);
    assert!(read(&[by(pb::ChipField::Batch, true)]).is_err());
    assert!(read(&[both[0], both[0]]).is_err());
}

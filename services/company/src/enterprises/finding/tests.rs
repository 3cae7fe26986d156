use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::enterprises::testing::{service, stored, values};

const NUMBERS: (Key, bool) = (Key::Number, false);
const SERIALS: (Key, bool) = (Key::Serial, true);
const NAMES: (Key, bool) = (Key::Name, false);

fn question(own: CompanyId, order: &[(Key, bool)]) -> Question {
    Question {
        own,
        filters: vec![],
        search: String::new(),
        part: Part::All,
        order: order.to_vec(),
        skip: 0,
        limit: 100,
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Chips' numbers and ICCIDs of three of five enterprises, and of somebody else.
async fn family(service: &Service) -> (CompanyId, [Uuid; 5], Matched) {
    let top = stored(service, values("e", "0"), None).await.company_id;
    let mut ids = [top.0; 5];
    for (place, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        ids[place] = stored(service, values(name, name), Some(top)).await.company_id.0;
    }
    let matched = Matched {
        company_ids: vec![ids[3], ids[1], Uuid::now_v7(), ids[2]],
        numbers: vec![some("2"), some("1"), some("0"), None],
        serials: vec![some("7"), some("8"), some("9"), some("6")],
    };
    (top, ids, matched)
}

/// The first so many of those that telecom knows, in order.
fn named(matched: &Matched, keys: &[(Key, bool)], count: usize) -> Matched {
    let mut places: Vec<usize> = (0..matched.company_ids.len()).collect();
    places.sort_by(|one, other| {
        let compare = |(key, is_descending): &(Key, bool)| {
            let texts = if *key == Key::Number { &matched.numbers } else { &matched.serials };
            let [one, other] = [&texts[*one], &texts[*other]];
            let order = one.cmp(other);
            let order = if *is_descending { order.reverse() } else { order };
            one.is_none().cmp(&other.is_none()).then(order)
        };
        keys.iter().map(compare).fold(Ordering::Equal, Ordering::then)
    });
    places.truncate(count);
    Matched {
        company_ids: places.iter().map(|place| matched.company_ids[*place]).collect(),
        numbers: places.iter().map(|place| matched.numbers[*place].clone()).collect(),
        serials: places.iter().map(|place| matched.serials[*place].clone()).collect(),
    }
}

#[tokio::test]
async fn those_with_chips_come_first_and_the_others_in_the_order_of_the_rest() {
    let (service, _database) = service().await;
    let (top, [a, b, c, d, e], matched) = family(&service).await;
    for (keys, rest, expected) in [
        (&[NUMBERS][..], &[NAMES][..], [b, d, a, c, e]),
        (&[NUMBERS, SERIALS], &[NAMES], [b, d, c, a, e]),
        (&[SERIALS], &[NAMES], [b, d, c, a, e]),
        (&[NUMBERS], &[(Key::Name, true)], [b, d, e, c, a]),
    ] {
        let asked = question(top, &[keys, rest].concat());
        for limit in 1..=6 {
            for skip in 0..=6 {
                let asked = Question { skip, limit, ..asked.clone() };
                let page: Vec<Uuid> =
                    expected.into_iter().skip(skip as usize).take(limit as usize).collect();
                for count in 0..=4 {
                    let first = named(&matched, keys, count);
                    let (db, are_all) = (&service.db, count == 4);
                    let found = ranked_page(db, &asked, keys, first, are_all).await.unwrap();
                    let is_right = found == Some(page.clone()) || (found.is_none() && !are_all);
                    assert!(is_right, "{keys:?} {rest:?} {skip} {limit} {count}: {found:?}");
                }
            }
        }
        let first = Question { limit: 1, ..asked };
        let three = named(&matched, keys, 4);
        let found = ranked_page(&service.db, &first, keys, three, false).await.unwrap();
        assert_eq!(found, Some(vec![b]), "the first is known without all");
    }
}

#[test]
fn those_who_sort_as_the_last_are_not_relied_on() {
    let ids = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let matched = |numbers: [&str; 3]| Matched {
        company_ids: ids.to_vec(),
        numbers: numbers.map(some).to_vec(),
        serials: vec![None; 3],
    };
    assert_eq!(before_last(matched(["1", "2", "2"])).company_ids, ids[..1]);
    assert_eq!(before_last(matched(["1", "2", "3"])).company_ids, ids[..2]);
    assert!(before_last(matched(["1", "1", "1"])).company_ids.is_empty());
    assert_eq!(before_last(Matched::default()), Matched::default());
}

#[tokio::test]
async fn a_stretch_needs_nothing_that_telecom_knows() {
    let (service, _database) = service().await;
    let (top, ids, _) = family(&service).await;
    let asked = question(top, &[NUMBERS]);
    assert_eq!(look(&service.db, &asked, 1, 2).await.unwrap(), ids[1..3]);
    let asked = question(top, &[NUMBERS, (Key::Name, true)]);
    assert_eq!(look(&service.db, &asked, 0, 2).await.unwrap(), [ids[4], ids[3]]);
}

proptest! {
    #[test]
    fn what_is_found_keeps_the_order_of_the_stretch(
        stretch in prop::collection::vec(any::<u128>().prop_map(Uuid::from_u128), 0..20),
        is_matched in prop::collection::vec(any::<bool>(), 20),
    ) {
        let some: Vec<Uuid> = stretch
            .iter()
            .zip(&is_matched)
            .filter(|(_, is_matched)| **is_matched)
            .map(|(id, _)| *id)
            .collect();
        let company_ids = some.iter().rev().copied().chain([Uuid::nil()]).collect();
        let matched = Matched { company_ids, ..Matched::default() };
        prop_assert_eq!(in_order(&stretch, &matched), some);
    }
}

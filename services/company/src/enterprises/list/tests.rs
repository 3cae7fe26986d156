use chassis::Service;
use proptest::prelude::*;

use super::*;
use crate::enterprises::Values;
use crate::enterprises::testing::{service, stored, values};

fn question(own: CompanyId) -> Question {
    Question {
        own,
        filters: vec![],
        search: String::new(),
        part: Part::All,
        order: vec![(Key::Name, false)],
        skip: 0,
        limit: 100,
    }
}

/// The names of what a question finds.
async fn names(service: &Service, question: &Question) -> Vec<String> {
    let page = question.page(&service.db).await.unwrap();
    let total = question.total(&service.db).await.unwrap();
    assert!(total >= page.len() as i64);
    sqlx::query_scalar(
        "select c.official_name from unnest($1::uuid[]) with ordinality as p (company_id, place)
           join company c on c.company_id = p.company_id order by p.place",
    )
    .bind(page)
    .fetch_all(&service.db)
    .await
    .unwrap()
}

async fn family(service: &Service) -> (CompanyId, Vec<Uuid>) {
    let top = stored(service, values("Grupo", "00"), None).await.company_id;
    let mut ids = Vec::new();
    for (name, cnpj, fantasy_name, email) in [
        ("zeta", "11.AA", None, None),
        ("Água 50%", "22-bb", Some("Fonte"), None),
        ("alfa_x", "33", None, Some("Zeta@Example.com")),
    ] {
        let values = Values {
            fantasy_name: fantasy_name.map(str::to_owned),
            email: email.map(str::to_owned),
            ..values(name, cnpj)
        };
        ids.push(stored(service, values, Some(top)).await.company_id.0);
    }
    stored(service, values("Outra", "99"), None).await;
    (top, ids)
}

#[tokio::test]
async fn lists_are_sorted_paged_and_counted() {
    let (service, _database) = service().await;
    let (top, ids) = family(&service).await;
    let all = question(top);
    assert_eq!(names(&service, &all).await, ["Água 50%", "alfa_x", "Grupo", "zeta"]);
    assert_eq!(all.total(&service.db).await.unwrap(), 4);
    let newest = Question { order: vec![(Key::CreatedAt, true)], limit: 2, ..all.clone() };
    assert_eq!(names(&service, &newest).await, ["alfa_x", "Água 50%"]);
    let last = Question { skip: 3, ..all.clone() };
    assert_eq!(names(&service, &last).await, ["zeta"]);
    let beyond = Question { skip: i64::MAX, ..all.clone() };
    assert_eq!(names(&service, &beyond).await, Vec::<String>::new());

    let some = |text: &str| Some(text.to_owned());
    let matched =
        Matched { company_ids: ids, numbers: vec![some("2"), None, some("1")], serials: vec![] };
    let only = Part::Only(matched.clone());
    let order = vec![(Key::Number, false)];
    let by_number = Question { part: only, order, ..all.clone() };
    assert_eq!(names(&service, &by_number).await, ["alfa_x", "zeta", "Água 50%"]);
    let downwards = Question { order: vec![(Key::Number, true)], ..by_number.clone() };
    assert_eq!(names(&service, &downwards).await, ["zeta", "alfa_x", "Água 50%"]);
    let filters = vec![Filter::Name(Operator::Contains, "ALF".into())];
    let some = Question { filters, ..by_number };
    assert_eq!(names(&service, &some).await, ["alfa_x"], "filters hold as well");

    let without = Question { part: Part::Without(matched.company_ids), ..all };
    assert_eq!(names(&service, &without).await, ["Grupo"]);
}

#[tokio::test]
async fn filters_compare_names_and_cnpjs() {
    let (service, _database) = service().await;
    let (top, _) = family(&service).await;
    use Filter::{Cnpj, Name};
    use Operator::{Contains, EndsWith, Equal, NotEqual, StartsWith};
    let none: [&str; 0] = [];
    for (filters, expected) in [
        (vec![Name(Equal, "zeta".into())], &["zeta"][..]),
        (vec![Name(Equal, "Zeta".into())], &none),
        (vec![Name(NotEqual, "zeta".into())], &["Água 50%", "alfa_x", "Grupo"]),
        (vec![Name(Contains, "ÁGUA".into())], &["Água 50%"]),
        (vec![Name(Contains, "%".into())], &["Água 50%"]),
        (vec![Name(Contains, "_".into())], &["alfa_x"]),
        (vec![Name(StartsWith, "ALFA".into())], &["alfa_x"]),
        (vec![Name(StartsWith, "água 5".into())], &["Água 50%"]),
        (vec![Name(StartsWith, "agua".into())], &none),
        (vec![Name(EndsWith, "TA".into())], &["zeta"]),
        (vec![Name(EndsWith, "a".into()), Name(StartsWith, "a".into())], &none),
        (vec![Cnpj(Equal, "2/2.B b".into())], &["Água 50%"]),
        (vec![Cnpj(NotEqual, "22BB".into())], &["alfa_x", "Grupo", "zeta"]),
        (vec![Cnpj(StartsWith, "11a".into())], &["zeta"]),
        (vec![Cnpj(Contains, "./-".into())], &none),
        (vec![Cnpj(NotEqual, "./-".into())], &none),
    ] {
        let asked = Question { filters: filters.clone(), ..question(top) };
        assert_eq!(names(&service, &asked).await, expected, "{filters:?}");
        assert_eq!(asked.all(&service.db).await.unwrap().len(), expected.len());
    }
}

#[tokio::test]
async fn a_search_looks_in_names_cnpj_and_email() {
    let (service, _database) = service().await;
    let (top, _) = family(&service).await;
    for (search, expected) in [
        ("ZETA", &["alfa_x", "zeta"][..]),
        ("fonte", &["Água 50%"]),
        ("2.2/b", &["Água 50%"]),
        ("50%", &["Água 50%"]),
        ("./", &[]),
        ("outra", &[]),
    ] {
        let asked = Question { search: search.to_owned(), ..question(top) };
        assert_eq!(names(&service, &asked).await, expected, "{search}");
    }
}

#[tokio::test]
async fn a_beginning_is_found_however_it_is_written() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Grupo", "00"), None).await.company_id;
    for name in ["ΑΣ", "ας", "ασα", "İzmir", "ẞ", "한국"] {
        stored(&service, values(name, "1"), Some(top)).await;
    }
    for (beginning, expected) in [
        ("ΑΣ", &["ΑΣ", "ας"][..]),
        ("ας", &["ΑΣ", "ας"]),
        ("ασ", &["ασα"]),
        ("İZ", &["İzmir"]),
        ("ß", &["ẞ"]),
        ("한", &["한국"]),
    ] {
        let filters = vec![Filter::Name(Operator::StartsWith, beginning.into())];
        let asked = Question { filters, ..question(top) };
        let mut found = names(&service, &asked).await;
        found.sort();
        assert_eq!(found, expected, "{beginning}");
    }
}

proptest! {
    #[test]
    fn a_pattern_takes_the_text_literally(text in "[a%_\\\\]{0,8}") {
        let literal: String = pattern(Operator::Equal, &text);
        let mut characters = literal.chars();
        let mut read = String::new();
        while let Some(character) = characters.next() {
            prop_assert!(character != '%' && character != '_');
            read.push(if character == '\\' { characters.next().unwrap() } else { character });
        }
        prop_assert_eq!(read, text);
    }
}

use proptest::prelude::*;

use super::*;

fn asked(query: &str) -> Result<Question, Error> {
    Question::of(&pairs::parse(query).map_err(|_| Error::from(BAD_REQUEST))?)
}

fn good(query: &str) -> Question {
    asked(query).unwrap_or_else(|_| panic!("{query}"))
}

fn is_bad(query: &str) {
    assert_eq!(asked(query), Err(BAD_REQUEST.into()), "{query}");
}

#[test]
fn nothing_asks_for_the_first_page_of_all() {
    let Question { selection, request } = good("");
    assert_eq!((request.page, request.limit, request.count), (1, 15, false));
    assert_eq!((request.filters.len(), request.order_by.len()), (0, 0));
    assert!(ATTRIBUTES.iter().all(|name| selection.attributes.contain(name)));
    assert_eq!(selection.includes(), Vec::<i32>::new());
}

#[test]
fn attributes_are_a_list_however_it_is_written() {
    for query in [
        "attributes[]=name&attributes[]=cnpj",
        "attributes[0]=name&attributes[1]=cnpj",
        "attributes=name&attributes=cnpj",
        "attributes%5B%5D=name&attributes%5B%5D=cnpj",
    ] {
        let names = good(query).selection.attributes;
        let shown: Vec<_> = ATTRIBUTES.iter().filter(|name| names.contain(name)).collect();
        assert_eq!(shown, [&"name", &"cnpj"], "{query}");
    }
    for all in ["attributes", "attributes=", "attributes[]=", "attributes=null"] {
        assert!(good(all).selection.attributes.contain("webpage"), "{all}");
    }
    let chips = good("attributes[]=serial&attributes[]=batch").selection.attributes;
    assert!(!ATTRIBUTES.iter().any(|name| chips.contain(name)), "they select nothing");
    is_bad("attributes[]=colour");
    is_bad("attributes[name]=name");
    is_bad("attributes[]=name&attributes[]=");
    is_bad("attributes[][]=name");
}

#[test]
fn includes_name_a_relation_and_its_attributes() {
    let selection = good("includes[device][]=imei&includes[enterprise][0]=name").selection;
    let device = selection.of_relation(EnterpriseInclude::Devices).unwrap();
    assert!(device.contain("imei") && !device.contain("name"));
    assert!(selection.of_relation(EnterpriseInclude::Country).is_none());
    for all in ["includes[country]=", "includes[country][]=", "includes[country]"] {
        let selection = good(all).selection;
        assert!(selection.of_relation(EnterpriseInclude::Country).unwrap().contain("code"));
    }
    let all = "includes[device]=&includes[enterprise]=&includes[addresses]=&includes[document]=\
               &includes[country]=";
    assert_eq!(good(all).selection.includes().len(), 5);
    assert_eq!(good("includes=").selection.includes().len(), 0);
    for bad in [
        "includes=device",
        "includes[]=device",
        "includes[lines][]=name",
        "includes[device][]=cnpj",
        "includes[device][][]=imei",
        "includes[device][imei]=imei",
    ] {
        is_bad(bad);
    }
}

#[test]
fn every_field_and_operator_of_the_page_is_a_filter() {
    for (name, field) in FIELDS {
        for (operator, expected) in OPERATORS {
            let request = good(&format!("filters[{name}][{operator}]=a%25b")).request;
            let [filter] = request.filters.as_slice() else { panic!("{name} {operator}") };
            let wanted = filter.r#match.as_ref().unwrap();
            assert_eq!(
                (filter.field(), wanted.operator(), wanted.value.as_str()),
                (*field, *expected, "a%b")
            );
        }
    }
    let several = "filters[enterprise.name][sw]=a&filters[enterprise.name][ew]=b\
                   &filters[chips.number][eq]=1";
    assert_eq!(good(several).request.filters.len(), 3);
    assert_eq!(good("filters=").request.filters.len(), 0);
    for bad in [
        "filters[enterprise.name]=a",
        "filters[enterprise.colour][eq]=a",
        "filters[enterprise][name][eq]=a",
        "filters[enterprise.name][like]=a",
        "filters[enterprise.name][eq]=a&filters[enterprise.name][eq]=b",
        "filters[enterprise.name][eq][]=a",
        "filters=a",
        "filters[enterprise.name][eq][a][b]=c",
    ] {
        is_bad(bad);
    }
}

#[test]
fn numbers_and_answers_are_exact() {
    assert_eq!(good("page=0").request.page, 1);
    assert_eq!(good("page=7&limit=100").request.page, 7);
    assert_eq!(good("page=99999999999999999999999").request.page, u64::MAX);
    assert!(good("count=1").request.count && good("count=true").request.count);
    assert!(!good("count=0").request.count && !good("count=false").request.count);
    assert_eq!(good(&format!("search={}", "%C3%A9".repeat(100))).request.search.len(), 200);
    for bad in [
        "page=-1",
        "page=",
        "page=1.5",
        "page=a",
        "page=1&page=2",
        "page[]=1",
        "limit=0",
        "limit=101",
        "limit=",
        "limit=+1",
        "count=yes",
        "count=",
        "count=TRUE",
        "search[]=a",
    ] {
        is_bad(bad);
    }
    is_bad(&format!("search={}", "a".repeat(101)));
}

#[test]
fn sort_keys_apply_in_the_order_sent() {
    let request = good("sort[number]=-1&sort[name]=1").request;
    let order: Vec<_> = request.order_by.iter().map(|by| (by.key(), by.descending)).collect();
    assert_eq!(order, [(EnterpriseSortKey::Number, true), (EnterpriseSortKey::Name, false)]);
    assert_eq!(good("sort[serial]=1&sort[created_at]=-1").request.order_by.len(), 2);
    for bad in [
        "sort[name]=0",
        "sort[name]=asc",
        "sort[cnpj]=1",
        "sort=name",
        "sort[name]=1&sort[name]=1",
        "sort[name][]=1",
        "sort[name]=",
    ] {
        is_bad(bad);
    }
}

#[test]
fn what_is_unknown_is_ignored_unless_it_cannot_be_read() {
    assert_eq!(good("colour=red&x[y][z]=1"), good(""));
    is_bad("x[a][b][c][d]=1");
    is_bad("x[a=1");
}

proptest! {
    #[test]
    fn whatever_is_asked_stays_within_bounds(query in "(attributes|includes|filters|sort|page|limit|search|count|\\[\\]|\\[device\\]|\\[name\\]|\\[eq\\]|=|&|1|-1|null|name){0,20}") {
        if let Ok(Question { request, .. }) = asked(&query) {
            prop_assert!((1..=100).contains(&request.limit));
            prop_assert!(request.page >= 1);
            prop_assert!(request.order_by.len() <= 4);
        }
    }
}

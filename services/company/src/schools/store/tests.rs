use chassis::Service;
use chassis::refusal::Fields;
use postgres_local::testing::TestDatabase;
use proto::company::v1 as pb;

use super::*;
use crate::MIGRATIONS;
use crate::schools::testing::{client, put, try_put};
use crate::schools::{Input, input, testing};

async fn service() -> (Service, TestDatabase) {
    chassis::testing::service("company", &MIGRATIONS, vec![]).await
}

fn tenant_of(given: &pb::TenantInput) -> Input {
    Input::Tenant(input::tenant(&mut Fields::new(), "", given).unwrap())
}

fn school_of(given: &pb::SchoolInput) -> Input {
    Input::School(input::school(&mut Fields::new(), "", given).unwrap())
}

fn integration_of(given: &pb::SchoolIntegrationInput) -> Input {
    Input::Integration(input::integration(&mut Fields::new(), "", given).unwrap())
}

fn term_of(kind: TermKind, given: &pb::SchoolTermInput) -> Input {
    Input::Term(input::term(&mut Fields::new(), "", kind, given).unwrap())
}

fn class_of(given: &pb::SchoolClassInput) -> Input {
    Input::Class(input::class(&mut Fields::new(), "", given).unwrap())
}

fn person(school_ids: &[Uuid]) -> Viewer {
    Viewer { school_ids: school_ids.to_vec(), ..Viewer::default() }
}

fn operator() -> Viewer {
    Viewer { everything: true, ..Viewer::default() }
}

struct World {
    tenant_id: Uuid,
    one: Uuid,
    two: Uuid,
    inactive: Uuid,
}

/// Two schools of one tenant: the first with an integration of client "a", the second with one of
/// "b"; and an inactive one, with an integration of "a".
async fn world(service: &Service) -> World {
    let tenant_id = put(service, tenant_of(&testing::tenant("t"))).await;
    let one = put(service, school_of(&testing::school("s1", "t"))).await;
    let two = put(service, school_of(&testing::school("s2", "t"))).await;
    let gone = pb::SchoolInput { inactive: true, ..testing::school("s3", "t") };
    let inactive = put(service, school_of(&gone)).await;
    for (client_id, school, called) in [("a", "s1", "ONE"), ("b", "s2", "TWO"), ("a", "s3", "X")] {
        put(service, integration_of(&testing::integration(client_id, school, called))).await;
    }
    for (school, name) in [("s1", "Manhã"), ("s2", "Noite"), ("s2", "Manhã"), ("s3", "Tarde")] {
        put(service, term_of(TermKind::Shift, &testing::term(school, name, "x"))).await;
    }
    World { tenant_id, one, two, inactive }
}

#[tokio::test]
async fn a_put_finds_by_its_key_what_it_changes() {
    let (service, _database) = service().await;
    let tenant_id = put(&service, tenant_of(&testing::tenant("t"))).await;
    let renamed = pb::TenantInput { name: "Outro".to_owned(), ..testing::tenant("t") };
    assert_eq!(put(&service, tenant_of(&renamed)).await, tenant_id);
    let school_id = put(&service, school_of(&testing::school("s", "t"))).await;
    let changed = pb::SchoolInput { document: None, ..testing::school("s", "t") };
    assert_eq!(put(&service, school_of(&changed)).await, school_id);

    let read = school(&service.db, &operator(), school_id).await.unwrap();
    assert_eq!((read.tenant_id, read.tenant_name.as_str()), (tenant_id, "Outro"));
    assert_eq!((read.document_type, read.external_id), (None, None));
    assert_eq!(read.addresses[0].street, "Rua Principal");
    let orphan = school_of(&testing::school("s", "nobody"));
    assert_eq!(try_put(&service, orphan).await, Err("tenant_reference".to_owned()));
}

#[tokio::test]
async fn a_school_is_seen_through_what_ties_somebody_to_it() {
    let (service, _database) = service().await;
    let (db, world) = (&service.db, world(&service).await);
    let all = [world.one, world.two, world.inactive];
    for (viewer, expected) in [
        (client("a"), vec![world.one]),
        (client("b"), vec![world.two]),
        (client("c"), vec![]),
        (person(&[world.two, world.inactive]), vec![world.two]),
        (person(&[]), vec![]),
        (Viewer::default(), vec![]),
        (operator(), vec![world.one, world.two]),
    ] {
        let seen = sighted(db, &viewer, &all).await.unwrap();
        let ids: Vec<Uuid> = seen.iter().map(|school| school.school_id).collect();
        assert_eq!(ids, expected, "{viewer:?}");
        for id in all {
            let read = school(db, &viewer, id).await;
            assert_eq!(read.is_ok(), expected.contains(&id), "{viewer:?}");
        }
        let listed = schools(db, &viewer, None, None).await.unwrap();
        let ids: Vec<Uuid> = listed.iter().map(|school| school.school_id).collect();
        assert_eq!(ids, expected, "{viewer:?}");
        let read = tenant(db, &viewer, world.tenant_id).await;
        assert_eq!(read.is_ok(), !expected.is_empty(), "{viewer:?}");
    }
}

#[tokio::test]
async fn schools_of_an_inactive_tenant_are_out_of_sight() {
    let (service, _database) = service().await;
    let world = world(&service).await;
    let closed = pb::TenantInput { inactive: true, ..testing::tenant("t") };
    put(&service, tenant_of(&closed)).await;
    assert!(school(&service.db, &operator(), world.one).await.is_err());
    assert!(tenant(&service.db, &operator(), world.tenant_id).await.is_err());
    assert_eq!(called(&service.db, &client("a"), "ONE").await.unwrap(), None);
    assert!(schools(&service.db, &operator(), None, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_external_id_names_one_school_or_none() {
    let (service, _database) = service().await;
    let (db, world) = (&service.db, world(&service).await);
    let find = async |viewer: Viewer, text: &str| {
        called(db, &viewer, text).await.unwrap().map(|school| school.school_id)
    };
    assert_eq!(find(client("a"), "ONE").await, Some(world.one));
    assert_eq!(find(client("a"), "one").await, None, "case counts");
    assert_eq!(find(client("a"), "ONE\0").await, None);
    assert_eq!(find(client("b"), "ONE").await, None);
    assert_eq!(find(client("a"), "X").await, None, "it is inactive");
    assert_eq!(find(operator(), "TWO").await, Some(world.two));
    // Another program may call the other school the same.
    put(&service, integration_of(&testing::integration("b", "s2", "ONE"))).await;
    assert_eq!(find(client("a"), "ONE").await, Some(world.one));
    assert_eq!(find(client("b"), "ONE").await, Some(world.two));
    assert_eq!(find(person(&[world.one]), "ONE").await, Some(world.one));
    assert_eq!(find(person(&[world.one, world.two]), "ONE").await, None, "two match");
    assert_eq!(find(operator(), "ONE").await, None);
    // The same program may not, in the same integration.
    let taken = integration_of(&testing::integration("a", "s2", "ONE"));
    assert_eq!(try_put(&service, taken.clone()).await, Err("school_external_id".to_owned()));
    let gone =
        pb::SchoolIntegrationInput { inactive: true, ..testing::integration("a", "s1", "ONE") };
    put(&service, integration_of(&gone)).await;
    assert_eq!(find(client("a"), "ONE").await, None);
    put(&service, taken).await;
    assert_eq!(find(client("a"), "ONE").await, Some(world.two));
}

#[tokio::test]
async fn a_person_meets_what_the_oldest_program_calls_a_school() {
    let (service, _database) = service().await;
    let (db, world) = (&service.db, world(&service).await);
    put(&service, integration_of(&testing::integration("b", "s1", "UM"))).await;
    let of = async |viewer: Viewer| school(db, &viewer, world.one).await.unwrap().external_id;
    assert_eq!(of(client("b")).await.as_deref(), Some("UM"));
    assert_eq!(of(person(&[world.one])).await.as_deref(), Some("ONE"));
    assert_eq!(of(operator()).await.as_deref(), Some("ONE"));

    let other = pb::SchoolIntegrationInput {
        external_integration_id: "INT-2".to_owned(),
        ..testing::integration("b", "s1", "UNO")
    };
    put(&service, integration_of(&other)).await;
    let held = schools(db, &client("b"), Some("INT-2"), None).await.unwrap();
    let held: Vec<_> =
        held.iter().map(|s| (s.school_id, s.external_id.as_deref().unwrap())).collect();
    assert_eq!(held, [(world.one, "UNO")]);
    assert!(schools(db, &client("a"), Some("INT-2"), None).await.unwrap().is_empty());
    assert!(schools(db, &client("a"), Some("nothing"), None).await.unwrap().is_empty());
    assert!(schools(db, &client("a"), Some("\0"), None).await.unwrap().is_empty());
    let seen = schools(db, &operator(), Some("INT-1"), None).await.unwrap();
    assert_eq!(seen.len(), 2, "the inactive one is not");
}

#[tokio::test]
async fn lists_go_on_after_their_last_row() {
    let (service, _database) = service().await;
    let (db, world) = (&service.db, world(&service).await);
    let listed = schools(db, &operator(), None, Some(("Escola s1", world.one))).await.unwrap();
    assert_eq!(listed.iter().map(|school| school.school_id).collect::<Vec<_>>(), [world.two]);

    let names = |terms: Vec<Term>| terms.into_iter().map(|term| term.name).collect::<Vec<_>>();
    let own = async |after| names(terms(db, TermKind::Shift, world.two, after).await.unwrap());
    assert_eq!(own(None).await, ["Manhã", "Noite"]);
    assert_eq!(own(Some("Manhã")).await, ["Noite"]);
    let all = async |viewer: Viewer, after| {
        names(all_terms(db, TermKind::Shift, &viewer, after).await.unwrap())
    };
    assert_eq!(all(operator(), None).await, ["Manhã", "Noite"], "each once");
    assert_eq!(all(operator(), Some(("Manhã", "x"))).await, ["Noite"]);
    assert_eq!(all(client("a"), None).await, ["Manhã"]);
    assert_eq!(all(client("c"), None).await, Vec::<String>::new());
    assert!(all_terms(db, TermKind::Stage, &operator(), None).await.unwrap().is_empty());
    let gone = pb::SchoolTermInput { inactive: true, ..testing::term("s2", "Noite", "x") };
    put(&service, term_of(TermKind::Shift, &gone)).await;
    assert_eq!(own(None).await, ["Manhã"]);
}

#[tokio::test]
async fn a_class_has_a_stage_and_perhaps_a_shift_of_its_school() {
    let (service, _database) = service().await;
    let (db, world) = (&service.db, world(&service).await);
    let given = testing::class("s1", "c1", Some("Manhã"));
    assert_eq!(try_put(&service, class_of(&given)).await, Err("stage_name".to_owned()));
    let stage = testing::term("s1", "EF8", "FUNDAMENTAL 02 - 8º ANO");
    put(&service, term_of(TermKind::Stage, &stage)).await;
    let night = testing::class("s1", "c1", Some("Noite"));
    assert_eq!(try_put(&service, class_of(&night)).await, Err("shift_name".to_owned()));
    let nowhere = testing::class("nowhere", "c1", None);
    assert_eq!(try_put(&service, class_of(&nowhere)).await, Err("school_reference".to_owned()));

    let first = put(&service, class_of(&given)).await;
    put(&service, class_of(&testing::class("s1", "c2", None))).await;
    let closed = pb::SchoolClassInput { closed: true, ..given };
    assert_eq!(put(&service, class_of(&closed)).await, first);
    let read = classes(db, world.one, None).await.unwrap();
    let told: Vec<_> = read
        .iter()
        .map(|class| (class.external_id.as_str(), class.open, class.shift.as_deref()))
        .collect();
    assert_eq!(told, [("c1", false, Some("Manhã")), ("c2", true, None)]);
    assert_eq!(read[0].grade, "FUNDAMENTAL 02 - 8º ANO");
    assert_eq!(classes(db, world.one, Some(("Turma XPTO", first))).await.unwrap().len(), 1);
    assert!(classes(db, world.two, None).await.unwrap().is_empty());
}

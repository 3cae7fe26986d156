use chassis::refusal::Fields;
use chassis::resealing::reseal;
use postgres_local::testing::TestDatabase;
use proto::identity::v1 as pb;
use time::macros::date;

use super::putting::{Stored, consumptions, guardianships, people};
use super::*;
use crate::SEALED;
use crate::client_apps::{self, ClientApp, Kind};
use crate::identity::Identity;
use crate::school_people::{Bad, ConsumptionInput, GuardianshipInput, PersonInput, input, testing};
use crate::testing::{connection, identity};

struct World {
    identity: Identity,
    one: Uuid,
    two: Uuid,
    _database: TestDatabase,
}

async fn world() -> World {
    let (identity, _database) = identity().await;
    World { identity, one: Uuid::now_v7(), two: Uuid::now_v7(), _database }
}

impl World {
    async fn parse(&self, school_id: Uuid, given: &pb::SchoolPersonInput) -> PersonInput {
        let profiles = profiles(&self.identity.service.db).await.unwrap();
        let (mut fields, now) = (Fields::new(), self.identity.now());
        input::person(&mut fields, "", school_id, given, &profiles, now).unwrap()
    }

    async fn try_put(&self, inputs: &[PersonInput]) -> Vec<Result<Stored, Bad>> {
        let profiles = profiles(&self.identity.service.db).await.unwrap();
        let (keyring, now) = (&self.identity.service.keyring, self.identity.now());
        let tx = &mut *connection(&self.identity).await;
        people(tx, keyring, &profiles, inputs, true, now).await.unwrap()
    }

    async fn put(&self, school_id: Uuid, given: pb::SchoolPersonInput) -> Stored {
        let input = self.parse(school_id, &given).await;
        self.try_put(&[input]).await.remove(0).unwrap()
    }

    async fn guard(&self, guardian: &str, dependent: &str, active: bool) -> Result<(), Bad> {
        let two = GuardianshipInput {
            school_id: self.one,
            guardian_reference: guardian.to_owned(),
            dependent_reference: dependent.to_owned(),
            active,
        };
        let (tx, now) = (&mut *connection(&self.identity).await, self.identity.now());
        guardianships(tx, &[two], now).await.unwrap().remove(0)
    }

    async fn consume(&self, school_id: Uuid, person: &str, client: &str, active: bool) {
        self.try_consume(school_id, person, client, active).await.unwrap();
    }

    async fn try_consume(
        &self,
        school_id: Uuid,
        person: &str,
        client: &str,
        active: bool,
    ) -> Result<(), Bad> {
        let used = ConsumptionInput {
            school_id,
            person_reference: person.to_owned(),
            client_id: client.to_owned(),
            active,
        };
        let (tx, now) = (&mut *connection(&self.identity).await, self.identity.now());
        consumptions(tx, &[used], now).await.unwrap().remove(0)
    }

    async fn client(&self, client_id: &str) {
        let text = |text: &str| text.to_owned();
        let app = ClientApp::new(text(client_id), Kind::Schools, text("App"), text("agenda"));
        let (tx, now) = (&mut *connection(&self.identity).await, self.identity.now());
        client_apps::store::insert(tx, &app, "user:x", now).await.unwrap();
    }

    /// References of the records that are seen of a school, and of accounts one by one.
    async fn seen(&self, seen: &Seen, school_id: Uuid) -> Vec<String> {
        let service = &self.identity.service;
        let (db, keyring) = (&service.db, &service.keyring);
        let listed = of_school(db, keyring, seen, school_id, None).await.unwrap();
        for person in &listed {
            let of_account = of_accounts(db, keyring, seen, &[person.user_id.0]).await.unwrap();
            assert!(of_account.contains(person));
            let alone = in_school(db, keyring, seen, person.user_id, school_id).await.unwrap();
            assert_eq!(alone.as_ref(), Some(person));
        }
        listed.into_iter().map(|person| person.name.replace("Pessoa ", "")).collect()
    }
}

fn client(client_id: &str) -> Seen {
    Seen { client_id: Some(client_id.to_owned()), ..Seen::default() }
}

/// Somebody whose CPF is one.
fn human(reference: &str) -> pb::SchoolPersonInput {
    let document =
        pb::PersonDocument { r#type: "CPF".to_owned(), value: "529.982.247-25".to_owned() };
    pb::SchoolPersonInput { document: Some(document), ..testing::person(reference, &["Student"]) }
}

#[tokio::test]
async fn the_sixteen_are_in_their_order() {
    let world = world().await;
    let kinds: Vec<String> =
        profiles(&world.identity.service.db).await.unwrap().into_iter().map(|p| p.kind).collect();
    let expected = "SchoolAdmin Manager Secretary Marketing FinancialOperator Coordinator \
                    Assistant Operator Student Nutritionist Reviewer Commercial Sponsor \
                    OperationAdmin Teacher Nurse";
    assert_eq!(kinds.join(" "), expected);
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_put_and_is_changed_by_its_key() {
    let world = world().await;
    let first = world.put(world.one, testing::person("p1", &["Student"])).await;
    let service = &world.identity.service;
    let read = find(&service.db, &service.keyring, first.person_id).await.unwrap().unwrap();
    assert_eq!(read.private.birth_date, Some(date!(2005 - 06 - 15)));
    assert_eq!(read.private.document.as_ref().unwrap().value, "123.456.789-00");
    assert_eq!((read.phone().as_str(), read.made_here), ("11912345678", true));
    let sealed: Vec<u8> = sqlx::query_scalar("select private_sealed from school_person")
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("123.456"));

    let changed = pb::SchoolPersonInput {
        name: "Outra".to_owned(),
        external_id: None,
        ..testing::person("p1", &["Student", "Manager"])
    };
    let again = world.put(world.one, changed).await;
    assert_eq!((again.person_id, again.user_id), (first.person_id, first.user_id));
    let read = find(&service.db, &service.keyring, first.person_id).await.unwrap().unwrap();
    assert_eq!((read.name.as_str(), read.external_id), ("Outra", None));
    assert_eq!(read.profiles, [3, 1]);
}

#[tokio::test]
async fn one_human_has_one_account_and_nobody_else_shares_it() {
    let world = world().await;
    let first = world.put(world.one, human("p1")).await;
    assert_eq!(world.put(world.two, human("x")).await.user_id, first.user_id);
    // A parent's number on a child's record.
    let child =
        pb::SchoolPersonInput { birth_date: Some("2015-01-01".to_owned()), ..human("child") };
    assert_ne!(world.put(world.two, child).await.user_id, first.user_id);
    // Twins with one number, in one school.
    let third = Uuid::now_v7();
    let twins =
        [world.parse(third, &human("twin1")).await, world.parse(third, &human("twin2")).await];
    let put: Vec<_> = world.try_put(&twins).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(put[0].user_id, first.user_id);
    assert_ne!(put[1].user_id, first.user_id);
    // The same e-mail, phone and bad document mean nothing.
    let one = world.put(world.one, testing::person("a", &["Student"])).await;
    let other = world.put(world.two, testing::person("a", &["Student"])).await;
    assert_ne!(one.user_id, other.user_id);

    let named = |reference: &str, account_id: String| pb::SchoolPersonInput {
        account_id: Some(account_id),
        ..testing::person(reference, &["Student"])
    };
    let account_id = one.user_id.to_string();
    let moved = world.put(third, named("b", account_id.clone())).await;
    assert_eq!(moved.user_id, one.user_id);
    for (given, school_id) in
        [(named("c", account_id), third), (named("d", UserId::generate().to_string()), third)]
    {
        let input = world.parse(school_id, &given).await;
        let bad = world.try_put(&[input]).await.remove(0).unwrap_err();
        assert_eq!(bad.field, "account_id");
    }
}

#[tokio::test]
async fn an_external_id_is_one_persons_in_a_school() {
    let world = world().await;
    world.put(world.one, testing::person("p1", &["Student"])).await;
    let other = pb::SchoolPersonInput {
        external_id: Some("EXT-p1".to_owned()),
        ..testing::person("p2", &["Student"])
    };
    world.put(world.two, other.clone()).await;
    let inputs = [
        world.parse(world.one, &other).await,
        world.parse(world.one, &testing::person("p3", &["Student"])).await,
    ];
    let put = world.try_put(&inputs).await;
    assert_eq!(put[0].as_ref().unwrap_err().field, "external_id");
    assert!(put[1].is_ok(), "the others stand");
}

#[tokio::test]
async fn a_program_sees_those_who_use_its_product_where_they_use_it() {
    let world = world().await;
    world.client("a").await;
    world.client("b").await;
    for reference in ["p1", "p2"] {
        world.put(world.one, testing::person(reference, &["Student"])).await;
        world.put(world.two, testing::person(reference, &["Student"])).await;
    }
    world.consume(world.one, "p1", "a", true).await;
    world.consume(world.two, "p2", "a", true).await;
    world.consume(world.one, "p2", "b", true).await;
    assert_eq!(world.seen(&client("a"), world.one).await, ["p1"]);
    assert_eq!(world.seen(&client("a"), world.two).await, ["p2"]);
    assert_eq!(world.seen(&client("b"), world.one).await, ["p2"]);
    assert_eq!(world.seen(&client("c"), world.one).await, Vec::<String>::new());
    assert_eq!(world.seen(&Seen::default(), world.one).await, Vec::<String>::new());
    // A new name is listed where it belongs.
    world.consume(world.one, "p2", "a", true).await;
    let renamed = pb::SchoolPersonInput {
        name: "Pessoa z".to_owned(),
        ..testing::person("p1", &["Student"])
    };
    world.put(world.one, renamed).await;
    assert_eq!(world.seen(&client("a"), world.one).await, ["p2", "z"]);
    world.consume(world.one, "p2", "a", false).await;
    world.consume(world.one, "p1", "a", false).await;
    assert_eq!(world.seen(&client("a"), world.one).await, Vec::<String>::new());
    for (person, client, field) in [("p9", "a", "person_reference"), ("p1", "z", "client_id")] {
        let bad = world.try_consume(world.one, person, client, true).await.unwrap_err();
        assert_eq!(bad.field, field);
    }
}

#[tokio::test]
async fn a_person_sees_their_own_and_those_who_look_after_a_school_all_of_it() {
    let world = world().await;
    let guardian = world.put(world.one, testing::person("guardian", &["Sponsor"])).await;
    world.put(world.one, testing::person("child", &["Student"])).await;
    world.put(world.one, testing::person("other", &["Student"])).await;
    assert_eq!(world.guard("guardian", "child", true).await, Ok(()));
    let own = |own: Vec<Uuid>| Seen { own, ..Seen::default() };
    let db = &world.identity.service.db;
    let mut family = dependents(db, guardian.user_id).await.unwrap();
    assert_eq!(family.len(), 1);
    family.push(guardian.user_id.0);
    assert_eq!(world.seen(&own(family), world.one).await, ["child", "guardian"]);
    let staff = Seen { staff_of: vec![world.one], ..Seen::default() };
    assert_eq!(world.seen(&staff, world.one).await, ["child", "guardian", "other"]);
    let elsewhere = Seen { staff_of: vec![world.two], ..Seen::default() };
    assert_eq!(world.seen(&elsewhere, world.one).await, Vec::<String>::new());

    let child = in_school(
        db,
        &world.identity.service.keyring,
        &staff,
        UserId(dependents(db, guardian.user_id).await.unwrap()[0]),
        world.one,
    );
    let child = child.await.unwrap().unwrap().user_id;
    assert_eq!(guardians_in(db, child, world.one).await.unwrap(), ["EXT-guardian"]);
    assert!(guardians_in(db, child, world.two).await.unwrap().is_empty());
    assert_eq!(world.guard("guardian", "child", false).await, Ok(()));
    assert!(dependents(db, guardian.user_id).await.unwrap().is_empty());
    assert!(guardians_in(db, child, world.one).await.unwrap().is_empty());
    for (guardian, dependent, field) in [
        ("nobody", "child", "guardian_reference"),
        ("guardian", "nobody", "dependent_reference"),
        ("child", "child", "dependent_reference"),
    ] {
        assert_eq!(world.guard(guardian, dependent, true).await.unwrap_err().field, field);
    }
}

#[tokio::test]
async fn a_list_goes_on_after_its_last_record() {
    let world = world().await;
    let mut inputs = vec![];
    for number in 0..600 {
        let given = testing::person(&format!("{number:03}"), &["Student"]);
        inputs.push(world.parse(world.one, &given).await);
    }
    assert!(world.try_put(&inputs).await.iter().all(Result::is_ok));
    let all = Seen { everything: true, ..Seen::default() };
    let service = &world.identity.service;
    let (db, keyring) = (&service.db, &service.keyring);
    let first = of_school(db, keyring, &all, world.one, None).await.unwrap();
    assert_eq!(first.len(), 500);
    let last = first.last().unwrap();
    let after = Some((last.name.as_str(), last.person_id));
    let rest = of_school(db, keyring, &all, world.one, after).await.unwrap();
    assert_eq!((rest.len(), rest[0].name.as_str()), (100, "Pessoa 500"));

    // The same for a program, and for one of them.
    world.client("a").await;
    for number in [7, 300, 599] {
        world.consume(world.one, &format!("{number:03}"), "a", true).await;
    }
    let names = async |seen: &Seen, after| -> Vec<String> {
        let listed = of_school(db, keyring, seen, world.one, after).await.unwrap();
        listed.into_iter().map(|person| person.name).collect()
    };
    assert_eq!(names(&client("a"), None).await, ["Pessoa 007", "Pessoa 300", "Pessoa 599"]);
    assert_eq!(names(&client("a"), after).await, ["Pessoa 599"]);
    let own = Seen { own: vec![rest[1].user_id.0, first[3].user_id.0], ..Seen::default() };
    assert_eq!(names(&own, None).await, ["Pessoa 003", "Pessoa 501"]);
    assert_eq!(names(&own, after).await, ["Pessoa 501"]);
}

#[tokio::test]
async fn a_read_is_noted_without_what_was_read() {
    let world = world().await;
    let put = world.put(world.one, testing::person("p1", &["Student"])).await;
    let service = &world.identity.service;
    let (db, keyring) = (&service.db, &service.keyring);
    let person = find(db, keyring, put.person_id).await.unwrap().unwrap();
    let twice = [person.clone(), person];
    note_read(db, "partner:a", "get", &twice, world.identity.now()).await.unwrap();
    let (reader, schools, accounts): (String, Vec<Uuid>, Vec<Uuid>) = sqlx::query_as(
        "select reader, school_ids, account_ids from school_people_read where account_ids @> $1",
    )
    .bind(vec![put.user_id.0])
    .fetch_one(db)
    .await
    .unwrap();
    assert_eq!(
        (reader.as_str(), schools, accounts),
        ("partner:a", vec![world.one], vec![put.user_id.0])
    );
}

#[tokio::test]
async fn one_human_keeps_one_account_while_keys_are_exchanged() {
    let mut world = world().await;
    let first = world.put(world.one, human("p1")).await;
    let (both, alone) = world.identity.service.keyring.renewed();
    world.identity.service.keyring = both.clone();
    assert_eq!(world.put(world.two, human("p2")).await.user_id, first.user_id);

    let db = world.identity.service.db.clone();
    assert!(reseal(&db, "identity", &both, &SEALED).await.unwrap().is_complete());
    world.identity.service.keyring = alone.clone();
    let third = Uuid::now_v7();
    assert_eq!(world.put(third, human("p3")).await.user_id, first.user_id);
    let read = find(&db, &alone, first.person_id).await.unwrap().unwrap();
    assert_eq!(read.private.document.unwrap().value, "529.982.247-25");
}

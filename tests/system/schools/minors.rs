//! Whoever has nothing to do with a student sees nothing of them, on any of the eleven reads: not
//! by status, not by body, not by how long it takes.

use std::time::{Duration, Instant};

use harness::{Rest, World};
use serde_json::Value;
use uuid::Uuid;

use super::cast::{Operator, Place, other_partner, program_of};

const ROUNDS: usize = 25;
const NOBODY: &str = "nobody";
/// Less than a look into another table would add; more than chance does.
const SLACK: Duration = Duration::from_millis(15);

/// A read, about things that are there and about others that are not.
struct Read {
    name: &'static str,
    theirs: String,
    absent: String,
    /// Answers whoever asks, with what they see of their own.
    is_open: bool,
}

struct Student {
    place: Place,
    tenant_id: String,
    account_id: String,
    guardian_id: String,
    /// Texts that only this school and its people have.
    secrets: Vec<String>,
}

async fn student(operator: &Operator<'_>) -> Student {
    let place = operator.place().await;
    let school = &place.school_id;
    let student = operator.person(school, "aluno", "Student", |_| ()).await;
    let guardian = operator.person(school, "mae", "Sponsor", |_| ()).await;
    operator.guards(school, "mae", "aluno").await;
    for person in ["aluno", "mae"] {
        operator.consumes(school, person, &place.client_id, true).await;
    }
    let tenant_id = place.program.get(&format!("/data/v1/schools/{school}")).await.expect(200);
    let tenant_id = tenant_id["tenant_id"].as_str().unwrap().to_owned();
    let secrets = vec![
        school.clone(),
        place.called.clone(),
        place.reference.clone(),
        student.account_id.clone(),
        student.person_id.clone(),
        guardian.account_id.clone(),
    ];
    let (account_id, guardian_id) = (student.account_id, guardian.account_id);
    Student { place, tenant_id, account_id, guardian_id, secrets }
}

fn reads(student: &Student) -> Vec<Read> {
    let no_id = Uuid::now_v7();
    let Student { place, tenant_id, account_id, guardian_id, .. } = student;
    let Place { school_id, called, .. } = place;
    let read = |name, theirs: String, absent: String| Read { name, theirs, absent, is_open: false };
    let open = |name, path: &str| Read {
        name,
        theirs: path.to_owned(),
        absent: path.to_owned(),
        is_open: true,
    };
    vec![
        read("1", format!("/data/v1/tenants/{tenant_id}"), format!("/data/v1/tenants/{no_id}")),
        read("2", format!("/data/v1/schools/{school_id}"), format!("/data/v1/schools/{no_id}")),
        open("3", "/data/v1/profiles"),
        read(
            "4",
            format!("/data/v1/accounts/{guardian_id}/dependents"),
            format!("/data/v1/accounts/{no_id}/dependents"),
        ),
        read("5", format!("/data/v1/accounts/{account_id}"), format!("/data/v1/accounts/{no_id}")),
        read(
            "6 by id",
            format!("/data/partner/v1/accounts/{account_id}?school_id={school_id}"),
            format!("/data/partner/v1/accounts/{no_id}?school_id={no_id}"),
        ),
        read(
            "6 by external id",
            format!("/data/partner/v1/accounts/{account_id}?school_external_id={called}"),
            format!("/data/partner/v1/accounts/{no_id}?school_external_id=NONE"),
        ),
        read(
            "7",
            format!("/data/v1/educational-shifts?school_external_id={called}"),
            "/data/v1/educational-shifts?school_external_id=NONE".to_owned(),
        ),
        open("7 of all", "/data/v1/educational-shifts"),
        read(
            "8",
            format!("/data/v1/educational-stages?school_external_id={called}"),
            "/data/v1/educational-stages?school_external_id=NONE".to_owned(),
        ),
        open("8 of all", "/data/v1/educational-stages"),
        open("9", "/data/partner/v1/schools"),
        read(
            "10",
            format!("/data/partner/v1/classes?school_external_id={called}"),
            "/data/partner/v1/classes?school_external_id=NONE".to_owned(),
        ),
        read(
            "11",
            format!("/data/partner/v1/user?schoolExternalId={called}"),
            "/data/partner/v1/user?schoolExternalId=NONE".to_owned(),
        ),
    ]
}

/// Asserts that `rest` is told the same of what is theirs as of what is nobody's.
async fn sees_nothing(who: &str, rest: &Rest, student: &Student) {
    for Read { name, theirs, absent, is_open } in reads(student) {
        let (seen, nothing) = (rest.get(&theirs).await, rest.get(&absent).await);
        assert_eq!(seen.status, nothing.status, "{name} by {who}: {}", seen.body);
        assert_eq!(seen.body, nothing.body, "{name} by {who}");
        let names = |answer: &harness::Answer| -> Vec<String> {
            answer.headers.keys().map(ToString::to_string).collect()
        };
        assert_eq!(names(&seen), names(&nothing), "{name} by {who}");
        let expected = match (who, is_open) {
            (NOBODY, _) => 401,
            (_, true) => 200,
            (_, false) => 400,
        };
        assert_eq!(seen.status, expected, "{name} by {who}");
        let text = seen.body.to_string();
        for secret in &student.secrets {
            assert!(!text.contains(secret.as_str()), "{name} by {who}: {text}");
        }
    }
}

#[tokio::test]
async fn the_student_is_there_for_their_own_program() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let student = student(&operator).await;
    for Read { name, theirs, .. } in reads(&student) {
        let answer = student.place.program.get(&theirs).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_foreign_partner_sees_nothing_of_a_student() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let student = student(&operator).await;
    let foreign = program_of(world, other_partner(world)).await;
    sees_nothing("a foreign partner", &foreign, &student).await;
    let neighbour = operator.place().await;
    sees_nothing("the neighbour's partner", &neighbour.program, &student).await;
}

#[tokio::test]
async fn a_partner_that_lost_the_integration_sees_nothing_of_a_student() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let student = student(&operator).await;
    let Place { reference, called, client_id, program, .. } = &student.place;
    // Its product is still in use.
    operator.no_integration(client_id, reference, called).await;
    sees_nothing("a partner of before", program, &student).await;
    operator.integration(client_id, reference, called).await;
    program.get(&format!("/data/v1/accounts/{}", student.account_id)).await.expect(200);
}

#[tokio::test]
async fn a_partner_sees_nothing_of_a_student_who_does_not_use_its_product() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let student = student(&operator).await;
    let Place { school_id, called, client_id, program, .. } = &student.place;
    operator.consumes(school_id, "aluno", client_id, false).await;
    let no_id = Uuid::now_v7().to_string();
    let paths = |id: &str| {
        [
            format!("/data/v1/accounts/{id}"),
            format!("/data/v1/accounts/{id}/dependents"),
            format!("/data/partner/v1/accounts/{id}?school_id={school_id}"),
        ]
    };
    for (theirs, absent) in paths(&student.account_id).into_iter().zip(paths(&no_id)) {
        let (seen, nothing) = (program.get(&theirs).await, program.get(&absent).await);
        assert_eq!((seen.status, &seen.body), (nothing.status, &nothing.body), "{theirs}");
        super::absent(seen, "Account not found.");
    }
    let dependents = format!("/data/v1/accounts/{}/dependents", student.guardian_id);
    assert_eq!(program.get(&dependents).await.expect(200), Value::Array(vec![]));
    let users = format!("/data/partner/v1/user?schoolExternalId={called}");
    let users = program.get(&users).await.expect(200);
    assert_eq!(super::column(&users["data"], "name"), ["Pessoa mae"]);
}

#[tokio::test]
async fn a_manager_of_another_school_sees_nothing_of_a_student() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let student = student(&operator).await;
    let neighbour = operator.place().await;
    for profile in ["Manager", "SchoolAdmin", "OperationAdmin"] {
        let reference = profile.to_lowercase();
        let (_, rest) = operator.logged_in(&neighbour.school_id, &reference, profile).await;
        rest.get(&format!("/data/v1/schools/{}", neighbour.school_id)).await.expect(200);
        sees_nothing(profile, &rest, &student).await;
    }
}

#[tokio::test]
async fn people_and_programs_of_other_dialects_see_nothing_of_a_student() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let student = student(&operator).await;
    sees_nothing("a company's manager", &world.manager().await, &student).await;
    sees_nothing("a holder", &world.holder().await, &student).await;
    sees_nothing(NOBODY, &world.rest(), &student).await;
    let body = serde_json::json!({"name": "Outro Parceiro", "product": "lines"});
    let made = world.operator().await.post("/partners", &body).await.expect(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let lines = super::cast::program(world, &text("client_id"), &text("client_secret")).await;
    sees_nothing("a program of the lines dialect", &lines, &student).await;
}

/// That it takes the same way, call by call, is shown by the traces.
#[tokio::test]
async fn what_is_out_of_sight_takes_no_longer_than_what_is_not_there() {
    let world = World::own().await;
    let operator = Operator::of(&world).await;
    let student = student(&operator).await;
    let foreign = program_of(&world, other_partner(&world)).await;
    for Read { name, theirs, absent, is_open } in reads(&student) {
        if is_open {
            continue;
        }
        let (mut of_theirs, mut of_nothing) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            for (path, times) in [(&theirs, &mut of_theirs), (&absent, &mut of_nothing)] {
                let start = Instant::now();
                foreign.get(path).await;
                times.push(start.elapsed());
            }
        }
        let median = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            times[times.len() / 2]
        };
        let (seen, nothing) = (median(&mut of_theirs), median(&mut of_nothing));
        assert!(seen.abs_diff(nothing) < SLACK, "{name}: {seen:?} and {nothing:?}");
    }
}

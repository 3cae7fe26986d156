//! 100,000 people come in within a bounded memory, and a read among 1,000,000 of a school takes no
//! longer than among 10,000.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use harness::{Rest, World, with_token};
use local::Part;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use proto::company::v1::import_schools_request::Part as Sent;
use proto::company::v1::import_schools_response::Part as Told;
use proto::company::v1::school_import_service_client::SchoolImportServiceClient;
use proto::identity::v1::client_app_service_client::ClientAppServiceClient;
use proto::identity::v1::school_people_service_client::SchoolPeopleServiceClient;
use proto::identity::v1::{
    ClientAppInput, CreateClientSecretRequest, InviteSchoolPersonRequest, ListSchoolPeopleRequest,
    PersonDocument, ProductConsumptionInput, SchoolPersonInput,
};
use serde_json::json;
use sqlx::PgPool;
use tokio_stream::StreamExt;
use uuid::Uuid;

const IMPORTED: u32 = 99_990;
const AT_A_TIME: usize = 500;
const MEMORY_MAX_KB: u64 = 256 * 1024;
const SMALL: i64 = 10_000;
const LARGE: i64 = 1_000_000;
/// Programs whose products half of a school's people use, and ten of them.
const COMMON: &str = "medida";
const RARE: &str = "medida-rara";
const REPEATS: usize = 25;
const RATIO_MAX: f64 = 3.0;

#[expect(clippy::print_stdout, reason = "what a benchmark is for")]
fn say(text: &str) {
    println!("{text}");
}

/// The most memory that the process had, services and all.
fn memory_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn operator(world: &World) -> String {
    let account = &world.demo.operator;
    let body = json!({ "email": account.email, "password": account.password });
    let session = world.rest().post("/login", &body).await.expect(200);
    session["access_token"].as_str().unwrap().to_owned()
}

/// What a school and a program consist of, in rows.
fn school(name: &str) -> [Row; 6] {
    [
        Row::Tenant(pb::TenantInput {
            reference: name.to_owned(),
            name: name.to_owned(),
            brand: name.to_owned(),
            inactive: false,
        }),
        Row::School(pb::SchoolInput {
            reference: name.to_owned(),
            tenant_reference: name.to_owned(),
            trade_name: name.to_owned(),
            company_name: name.to_owned(),
            ..pb::SchoolInput::default()
        }),
        app(COMMON),
        app(RARE),
        integration(name, COMMON),
        integration(name, RARE),
    ]
}

fn app(client_id: &str) -> Row {
    Row::ClientApp(ClientAppInput {
        client_id: client_id.to_owned(),
        name: client_id.to_owned(),
        product: client_id.to_owned(),
        inactive: false,
    })
}

fn integration(school: &str, client_id: &str) -> Row {
    Row::Integration(pb::SchoolIntegrationInput {
        client_id: client_id.to_owned(),
        school_reference: school.to_owned(),
        external_integration_id: "INT".to_owned(),
        school_external_id: school.to_owned(),
        inactive: false,
    })
}

fn person(school: &str, reference: String) -> Row {
    let person = SchoolPersonInput {
        external_id: Some(format!("EXT-{reference}")),
        name: format!("Pessoa {reference} da Silva"),
        birth_date: Some("2012-06-15".to_owned()),
        document: Some(PersonDocument { r#type: "RG".to_owned(), value: reference.clone() }),
        email: Some(format!("{reference}.{school}@familia.example")),
        cell_phone_number: Some("(41) 98888-0001".to_owned()),
        profiles: vec!["Student".to_owned()],
        reference,
        ..SchoolPersonInput::default()
    };
    Row::Person(pb::ImportPerson { school_reference: school.to_owned(), person: Some(person) })
}

fn consumption(school: &str, reference: &str) -> Row {
    let consumption = ProductConsumptionInput {
        person_reference: reference.to_owned(),
        client_id: COMMON.to_owned(),
        inactive: false,
    };
    let consumption = Some(consumption);
    Row::Consumption(pb::ImportProductConsumption {
        school_reference: school.to_owned(),
        consumption,
    })
}

async fn import(
    world: &World,
    token: &str,
    rows: impl Iterator<Item = Row> + Send + 'static,
) -> pb::ImportSummary {
    let message = |part| pb::ImportSchoolsRequest { part: Some(part) };
    let start = pb::ImportStart { import_id: Uuid::now_v7().to_string(), dry_run: false };
    let mut rows = (1..).zip(rows).peekable();
    let parts = std::iter::from_fn(move || {
        rows.peek()?;
        let part = rows.by_ref().take(AT_A_TIME);
        let rows =
            part.map(|(row_number, row)| pb::ImportRow { row_number, row: Some(row) }).collect();
        Some(message(Sent::Rows(pb::ImportRows { rows })))
    });
    let sent = tokio_stream::once(message(Sent::Start(start)))
        .chain(tokio_stream::iter(parts))
        .chain(tokio_stream::once(message(Sent::End(pb::ImportEnd {}))));
    let mut told = SchoolImportServiceClient::new(world.channel(Part::Company))
        .import_schools(with_token(sent, token))
        .await
        .unwrap()
        .into_inner();
    while let Some(message) = told.message().await.unwrap() {
        if let Some(Told::Summary(summary)) = message.part {
            return summary;
        }
    }
    panic!("no summary");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark"]
async fn a_hundred_thousand_people_come_in_within_a_bounded_memory() {
    let world = World::own().await;
    let token = operator(&world).await;
    let few =
        school("escola").into_iter().chain((0..1_000).map(|n| person("escola", n.to_string())));
    import(&world, &token, few).await;
    let (before, begun) = (memory_kb(), Instant::now());
    let rows =
        school("escola").into_iter().chain((0..IMPORTED).map(|n| person("escola", n.to_string())));
    let summary = import(&world, &token, rows).await;
    let grown = memory_kb() - before;
    say(&format!("{summary:?} in {:.0?}, {grown} kB more", begun.elapsed()));
    assert_eq!((summary.applied, summary.refused), (IMPORTED + 6, 0));
    assert!(grown < MEMORY_MAX_KB, "{grown} kB more");
}

/// People who are copies of one that was imported.
async fn fill(database: &PgPool, school: &str, count: i64) {
    for statement in [
        "create temporary table made as
         select gen_random_uuid() as user_id, gen_random_uuid() as person_id, n, p.school_id,
                p.private_sealed
           from generate_series(1, $2) n
           join company.school s on s.reference = $1
           join identity.school_person p on p.school_id = s.company_id and p.reference = 'p'",
        "insert into identity.app_user (user_id, state, created_at, updated_at)
         select user_id, 'imported', now(), now() from made",
        "insert into identity.school_person
             (person_id, school_id, reference, user_id, external_id, name, private_sealed,
              profiles, active, made_here, created_at, updated_at)
         select person_id, school_id, n::text, user_id, 'E' || n, 'Pessoa ' || md5(n::text),
                private_sealed, '{1}', true, false, now(), now()
           from made",
        "insert into identity.school_consumption
             (client_id, person_id, school_id, name, active, updated_at)
         select 'medida', person_id, school_id, 'Pessoa ' || md5(n::text), n % 2 = 0, now()
           from made
         union all
         select 'medida-rara', person_id, school_id, 'Pessoa ' || md5(n::text), true, now()
           from made
          where n <= 10",
        "drop table made",
    ] {
        let mut query = sqlx::query(statement);
        if statement.starts_with("create") {
            query = query.bind(school).bind(count);
        }
        query.execute(database).await.unwrap();
    }
}

/// How the lists of users are read, first those of a program, then those of a person.
const PLANS: [&str; 3] = [
    "explain (analyze, costs off)
     select p.person_id, p.name
       from identity.school_consumption c
       join identity.school_person p using (person_id)
      where c.school_id = (select company_id from company.school where reference = 'grande')
        and (c.name, c.person_id) > ('', '00000000-0000-0000-0000-000000000000')
        and c.client_id = 'medida' and c.active
      order by c.name, c.person_id limit 500",
    "explain (analyze, costs off)
     select p.person_id, p.name
       from identity.school_consumption c
       join identity.school_person p using (person_id)
      where c.school_id = (select company_id from company.school where reference = 'grande')
        and (c.name, c.person_id) > ('', '00000000-0000-0000-0000-000000000000')
        and c.client_id = 'medida-rara' and c.active
      order by c.name, c.person_id limit 500",
    "explain (analyze, costs off)
     select person_id, name
       from identity.school_person
      where school_id = (select company_id from company.school where reference = 'grande')
        and (name, person_id) > ('', '00000000-0000-0000-0000-000000000000')
        and user_id = any(array(
            select user_id from identity.school_person where reference = 'p'))
      order by name, person_id limit 500",
];

async fn program(world: &World, operator: &str, client_id: &str) -> String {
    let create = CreateClientSecretRequest { client_id: client_id.to_owned() };
    let secret = ClientAppServiceClient::new(world.channel(Part::Identity))
        .create_client_secret(with_token(create, operator))
        .await
        .unwrap()
        .into_inner()
        .client_secret;
    let form =
        format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}");
    let form_type = "application/x-www-form-urlencoded";
    let answer = world.rest().post_raw("/oauth2/token", form_type, form).await.expect(200);
    answer["access_token"].as_str().unwrap().to_owned()
}

/// The session of a school's first person, who sees themselves.
async fn log_in(world: &World, operator: &str, database: &PgPool, school: &str) -> String {
    let person_id: Uuid = sqlx::query_scalar(
        "select p.person_id
           from identity.school_person p
           join company.school s on s.company_id = p.school_id
          where s.reference = $1 and p.reference = 'p'",
    )
    .bind(school)
    .fetch_one(database)
    .await
    .unwrap();
    let invite = InviteSchoolPersonRequest { person_id: person_id.to_string() };
    SchoolPeopleServiceClient::new(world.channel(Part::Identity))
        .invite_school_person(with_token(invite, operator))
        .await
        .unwrap();
    let email = format!("p.{school}@familia.example");
    let link = world.mailed_path(&email).await;
    let (path, secret) = link.split_once("?token=").unwrap();
    let body = json!({"token": secret, "password": "Passw0rd!"});
    let answer = world.rest().post(&format!("{path}/accept"), &body).await.expect(200);
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn median<F: Future<Output = ()>>(ask: impl Fn() -> F) -> Duration {
    let mut times = vec![];
    for _ in 0..REPEATS {
        let begun = Instant::now();
        ask().await;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark"]
async fn a_read_takes_no_longer_however_many_people_a_school_has() {
    let world = World::own().await;
    let token = operator(&world).await;
    let (mut accounts, mut own) = (vec![], HashMap::new());
    let database = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect(&world.stack.addresses().postgres)
        .await
        .unwrap();
    for (name, count) in [("pequena", SMALL), ("grande", LARGE)] {
        let rows =
            school(name).into_iter().chain([person(name, "p".to_owned()), consumption(name, "p")]);
        import(&world, &token, rows).await;
        fill(&database, name, count).await;
        let account: Uuid = sqlx::query_scalar(
            "select p.user_id
               from identity.school_person p
               join company.school s on s.company_id = p.school_id
              where s.reference = $1 and p.reference = '5000'",
        )
        .bind(name)
        .fetch_one(&database)
        .await
        .unwrap();
        accounts.push((name, account));
        own.insert(name, log_in(&world, &token, &database, name).await);
    }
    sqlx::raw_sql("analyze").execute(&database).await.unwrap();

    let common = program(&world, &token, COMMON).await;
    let rare = program(&world, &token, RARE).await;
    let rest = world.rest().with_token(&common);

    let read = async |rest: &Rest, path: String| {
        median(|| async {
            rest.get(&path).await.expect(200);
        })
        .await
    };
    let first_part = async |name: &str, token: &str, people: usize| {
        median(|| async {
            let request = ListSchoolPeopleRequest { school_external_id: name.to_owned() };
            let mut parts = SchoolPeopleServiceClient::new(world.channel(Part::Identity))
                .list_school_people(with_token(request, token))
                .await
                .unwrap()
                .into_inner();
            assert_eq!(parts.message().await.unwrap().unwrap().people.len(), people);
        })
        .await
    };
    let mut worst = 0.0_f64;
    let mut times: Vec<Vec<(&str, Duration)>> = vec![];
    for (name, account) in accounts {
        times.push(vec![
            ("account", read(&rest, format!("/data/v1/accounts/{account}")).await),
            ("dependents", read(&rest, format!("/data/v1/accounts/{account}/dependents")).await),
            (
                "account in school",
                read(
                    &rest,
                    format!("/data/partner/v1/accounts/{account}?school_external_id={name}"),
                )
                .await,
            ),
            ("users of a common product", first_part(name, &common, 500).await),
            ("users of a rare product", first_part(name, &rare, 10).await),
            ("users, for the operator", first_part(name, &token, 500).await),
            ("users, for one of them", first_part(name, &own[name], 1).await),
        ]);
    }
    for ((name, small), (_, large)) in times[0].iter().zip(&times[1]) {
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        worst = worst.max(ratio);
        say(&format!(
            "{name:<27} {small:>8.1?} among {SMALL}, {large:>8.1?} among {LARGE}, ratio {ratio:.2}"
        ));
    }
    for plan in PLANS {
        let plan: Vec<String> = sqlx::query_scalar(plan).fetch_all(&database).await.unwrap();
        say(&plan.join("\n"));
    }
    assert!(worst <= RATIO_MAX, "the worst ratio is {worst:.2}");
}

//! An import that dies half-way is brought in whole by the next attempt, and nothing twice.

use harness::invariants::assert_invariants;
use harness::{World, unique, with_token};
use local::Part;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use proto::company::v1::import_schools_request::Part as Sent;
use proto::company::v1::import_schools_response::Part as Told;
use proto::company::v1::school_import_service_client::SchoolImportServiceClient;
use proto::identity::v1::SchoolPersonInput;
use serde_json::json;
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::crash_at;

pub(crate) const POINTS: [(&str, Part); 2] = [
    ("company.schools_imported", Part::Company),
    ("company.school_people_imported", Part::Company),
];

fn rows(name: &str) -> Vec<pb::ImportRow> {
    let person = SchoolPersonInput {
        reference: "p1".to_owned(),
        name: "Maria Souza".to_owned(),
        profiles: vec!["Student".to_owned()],
        ..SchoolPersonInput::default()
    };
    let rows = [
        Row::Person(pb::ImportPerson { school_reference: name.to_owned(), person: Some(person) }),
        Row::School(pb::SchoolInput {
            reference: name.to_owned(),
            tenant_reference: name.to_owned(),
            trade_name: "Escola".to_owned(),
            company_name: "Escola Ltda".to_owned(),
            ..pb::SchoolInput::default()
        }),
        Row::Tenant(pb::TenantInput {
            reference: name.to_owned(),
            name: "Grupo".to_owned(),
            brand: "GRUPO".to_owned(),
            inactive: false,
        }),
        Row::Unreadable("is no row".to_owned()),
    ];
    (1..).zip(rows).map(|(row_number, row)| pb::ImportRow { row_number, row: Some(row) }).collect()
}

async fn import(
    channel: Channel,
    token: String,
    import_id: Uuid,
    name: String,
) -> Result<pb::ImportSummary, Status> {
    let message = |part| pb::ImportSchoolsRequest { part: Some(part) };
    let start = pb::ImportStart { import_id: import_id.to_string(), dry_run: false };
    let rows = pb::ImportRows { rows: rows(&name) };
    let end = message(Sent::End(pb::ImportEnd {}));
    let sent = [message(Sent::Start(start)), message(Sent::Rows(rows)), end];
    let request = with_token(tokio_stream::iter(sent), &token);
    let mut told =
        SchoolImportServiceClient::new(channel).import_schools(request).await?.into_inner();
    while let Some(message) = told.message().await? {
        if let Some(Told::Summary(summary)) = message.part {
            return Ok(summary);
        }
    }
    Err(Status::unavailable("the report breaks off"))
}

/// What a careful operator does: the same import until there is a report.
async fn insist(
    channel: Channel,
    token: String,
    import_id: Uuid,
    name: String,
) -> pb::ImportSummary {
    loop {
        let tried = import(channel.clone(), token.clone(), import_id, name.clone()).await;
        match tried {
            Ok(summary) => return summary,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test]
async fn an_import_survives_the_death_of_company_at_any_step() {
    let mut world = World::own().await;
    let account = &world.demo.operator;
    let body = json!({ "email": account.email, "password": account.password });
    let session = world.rest().post("/login", &body).await.expect(200);
    let token = session["access_token"].as_str().unwrap().to_owned();
    for (point, part) in POINTS {
        let (name, import_id) = (format!("escola-{}", unique()), Uuid::now_v7());
        let channel = world.channel(Part::Company);
        let importing = insist(channel, token.clone(), import_id, name.clone());
        let summary = crash_at(&mut world, point, part, importing).await;
        let expected = pb::ImportSummary { rows: 4, applied: 3, refused: 1, replayed: false };
        assert_eq!(summary, expected, "after a crash at {point}");

        let channel = world.channel(Part::Company);
        let again = import(channel, token.clone(), import_id, name.clone()).await.unwrap();
        assert_eq!(again, pb::ImportSummary { replayed: true, ..expected });
        let people: i64 = sqlx::query_scalar(
            "select count(*)
               from identity.school_person p
               join company.school s on s.company_id = p.school_id
              where s.reference = $1",
        )
        .bind(&name)
        .fetch_one(&world.database().await)
        .await
        .unwrap();
        assert_eq!(people, 1, "after a crash at {point}");
        assert_invariants(&world.database().await, point).await;
    }
}

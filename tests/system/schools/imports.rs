//! Whole schools, brought in at once.

use chassis::refusal::Refusal;
use harness::{World, unique, with_token};
use local::Part;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use proto::company::v1::import_schools_request::Part as Sent;
use proto::company::v1::import_schools_response::Part as Told;
use proto::company::v1::school_import_service_client::SchoolImportServiceClient;
use proto::identity::v1::{
    ClientAppInput, CreateClientSecretRequest, GuardianshipInput, PersonDocument,
    ProductConsumptionInput, SchoolPersonInput,
};
use serde_json::json;
use tonic::{Code, Status};
use uuid::Uuid;

use super::cast::{Operator, program};
use super::column;

/// What an import was answered with.
struct Report {
    refused: Vec<(u32, String)>,
    summary: pb::ImportSummary,
}

async fn import(
    operator: &Operator<'_>,
    import_id: Uuid,
    dry_run: bool,
    rows: Vec<pb::ImportRow>,
) -> Result<Report, Status> {
    let message = |part| pb::ImportSchoolsRequest { part: Some(part) };
    let start = pb::ImportStart { import_id: import_id.to_string(), dry_run };
    let mut sent = vec![message(Sent::Start(start))];
    for rows in rows.chunks(400) {
        sent.push(message(Sent::Rows(pb::ImportRows { rows: rows.to_vec() })));
    }
    sent.push(message(Sent::End(pb::ImportEnd {})));
    let request = with_token(tokio_stream::iter(sent), &operator.token);
    let mut told = SchoolImportServiceClient::new(operator.world.channel(Part::Company))
        .import_schools(request)
        .await?
        .into_inner();
    let mut refused = vec![];
    let mut summary = None;
    while let Some(message) = told.message().await? {
        match message.part.expect("a part") {
            Told::Refused(part) => {
                refused.extend(part.rows.into_iter().map(|row| (row.row_number, row.field)));
            }
            Told::Summary(part) => summary = Some(part),
        }
    }
    Ok(Report { refused, summary: summary.expect("a summary") })
}

struct Rows {
    name: String,
    rows: Vec<pb::ImportRow>,
}

impl Rows {
    fn new() -> Self {
        Self { name: unique().to_string(), rows: vec![] }
    }

    fn add(&mut self, row: Row) -> u32 {
        let row_number = u32::try_from(self.rows.len()).unwrap() + 1;
        self.rows.push(pb::ImportRow { row_number, row: Some(row) });
        row_number
    }

    fn of(&self, text: &str) -> String {
        format!("{text}-{}", self.name)
    }

    fn person(&self, reference: &str, profile: &str) -> Row {
        Row::Person(pb::ImportPerson {
            school_reference: self.of("escola"),
            person: Some(SchoolPersonInput {
                reference: reference.to_owned(),
                external_id: Some(format!("EXT-{reference}")),
                name: format!("Pessoa {reference}"),
                birth_date: Some("2012-06-15".to_owned()),
                document: Some(PersonDocument {
                    r#type: "CPF".to_owned(),
                    value: "123.456.789-00".to_owned(),
                }),
                email: Some("familia@familia.example".to_owned()),
                cell_phone_number: Some(String::new()),
                profiles: vec![profile.to_owned()],
                ..SchoolPersonInput::default()
            }),
        })
    }

    fn consumption(&self, reference: &str) -> Row {
        Row::Consumption(pb::ImportProductConsumption {
            school_reference: self.of("escola"),
            consumption: Some(ProductConsumptionInput {
                person_reference: reference.to_owned(),
                client_id: self.of("app"),
                inactive: false,
            }),
        })
    }

    fn guardianship(&self, guardian: &str, dependent: &str) -> Row {
        Row::Guardianship(pb::ImportGuardianship {
            school_reference: self.of("escola"),
            guardianship: Some(GuardianshipInput {
                guardian_reference: guardian.to_owned(),
                dependent_reference: dependent.to_owned(),
                inactive: false,
            }),
        })
    }

    /// What a school and a program consist of, from the end to the beginning.
    fn school(&mut self) {
        let term = |school: String, name: &str, description: &str| pb::SchoolTermInput {
            school_reference: school,
            name: name.to_owned(),
            description: description.to_owned(),
            inactive: false,
        };
        let school = self.of("escola");
        self.add(Row::Class(pb::SchoolClassInput {
            school_reference: school.clone(),
            external_id: "T1".to_owned(),
            name: "Turma 1".to_owned(),
            educational_stage: "ENSINO FUNDAMENTAL II".to_owned(),
            stage_name: "EF6".to_owned(),
            shift_name: Some("Manhã".to_owned()),
            closed: false,
        }));
        self.add(Row::Stage(term(school.clone(), "EF6", "FUNDAMENTAL 02 - 6º ANO")));
        self.add(Row::Shift(term(school.clone(), "Manhã", "Matutino")));
        self.add(Row::Integration(pb::SchoolIntegrationInput {
            client_id: self.of("app"),
            school_reference: school.clone(),
            external_integration_id: "INT".to_owned(),
            school_external_id: self.of("ESC"),
            inactive: false,
        }));
        self.add(Row::ClientApp(ClientAppInput {
            client_id: self.of("app"),
            name: "App".to_owned(),
            product: "produto".to_owned(),
            inactive: false,
        }));
        self.add(Row::School(pb::SchoolInput {
            reference: school,
            tenant_reference: self.of("grupo"),
            trade_name: "Escola Importada".to_owned(),
            company_name: "Escola Importada Ltda".to_owned(),
            ..pb::SchoolInput::default()
        }));
        self.add(Row::Tenant(pb::TenantInput {
            reference: self.of("grupo"),
            name: "Grupo Importado".to_owned(),
            brand: "IMPORTADO".to_owned(),
            inactive: false,
        }));
    }

    async fn program(&self, operator: &Operator<'_>) -> harness::Rest {
        let create = CreateClientSecretRequest { client_id: self.of("app") };
        let secret = operator
            .apps()
            .create_client_secret(with_token(create, &operator.token))
            .await
            .expect("a secret")
            .into_inner()
            .client_secret;
        program(operator.world, &self.of("app"), &secret).await
    }
}

#[tokio::test]
async fn rows_come_in_any_order_and_bad_ones_are_reported_and_skipped() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let mut rows = Rows::new();
    rows.add(rows.consumption("aluno"));
    rows.add(rows.guardianship("mae", "aluno"));
    rows.add(rows.person("aluno", "Student"));
    rows.add(rows.person("mae", "Sponsor"));
    rows.add(rows.consumption("mae"));
    rows.school();
    let mut bad = vec![
        (rows.add(rows.person("aluno", "Student")), "person.reference"),
        (rows.add(rows.person("x", "Alumni")), "person.profiles"),
        (rows.add(rows.consumption("ninguem")), "consumption.person_reference"),
        (rows.add(rows.guardianship("aluno", "aluno")), "guardianship.dependent_reference"),
    ];
    let mut nowhere = rows.person("y", "Student");
    if let Row::Person(person) = &mut nowhere {
        person.school_reference = "nenhuma".to_owned();
    }
    bad.push((rows.add(nowhere), "school_reference"));
    let integration = pb::SchoolIntegrationInput {
        client_id: "app-de-ninguem".to_owned(),
        school_reference: rows.of("escola"),
        external_integration_id: "INT".to_owned(),
        school_external_id: "X".to_owned(),
        inactive: false,
    };
    bad.push((rows.add(Row::Integration(integration)), "integration.client_id"));
    bad.push((rows.add(Row::Unreadable("is no JSON".to_owned())), "row"));
    let long = pb::SchoolTermInput {
        school_reference: rows.of("escola"),
        name: "x".repeat(81),
        description: "x".to_owned(),
        inactive: false,
    };
    bad.push((rows.add(Row::Shift(long)), "shift.name"));

    let import_id = Uuid::now_v7();
    let expected: Vec<(u32, String)> =
        bad.iter().map(|(number, field)| (*number, (*field).to_owned())).collect();
    let count = u32::try_from(rows.rows.len()).unwrap();

    // Trying it changes nothing, and finds the same.
    let tried = import(&operator, import_id, true, rows.rows.clone()).await.unwrap();
    assert_eq!(tried.refused, expected);
    let known: bool =
        sqlx::query_scalar("select exists (select from company.school where reference = $1)")
            .bind(rows.of("escola"))
            .fetch_one(&world.database().await)
            .await
            .unwrap();
    assert!(!known);

    let done = import(&operator, import_id, false, rows.rows.clone()).await.unwrap();
    assert_eq!(done.refused, expected);
    let summary =
        pb::ImportSummary { rows: count, applied: count - 8, refused: 8, replayed: false };
    assert_eq!(done.summary, summary);

    let rest = rows.program(&operator).await;
    let called = rows.of("ESC");
    let users = format!("/data/partner/v1/user?schoolExternalId={called}");
    let users = rest.get(&users).await.expect(200);
    assert_eq!(column(&users["data"], "name"), ["Pessoa aluno", "Pessoa mae"]);
    let student = &users["data"][0];
    assert_eq!(student["registration_origin"], "Undefined");
    assert_eq!(
        (&student["cell_phone_number"], &student["email"]),
        (&json!(""), &json!("familia@familia.example"))
    );
    let classes = format!("/data/partner/v1/classes?school_external_id={called}");
    let classes = rest.get(&classes).await.expect(200);
    assert_eq!(classes["data"][0]["shift"], "Manhã");
    let guardian = users["data"][1]["account_id"].as_str().unwrap();
    let dependents =
        rest.get(&format!("/data/v1/accounts/{guardian}/dependents")).await.expect(200);
    assert_eq!(column(&dependents, "name"), ["Pessoa aluno"]);

    // Once more with the same id: the first report, whatever the rows are now.
    let mut other = Rows::new();
    other.add(other.person("outro", "Student"));
    let again = import(&operator, import_id, false, other.rows).await.unwrap();
    assert_eq!(again.refused, expected);
    assert_eq!(again.summary, pb::ImportSummary { replayed: true, ..summary });

    // And with another id: the same records, the same accounts.
    let twice = import(&operator, Uuid::now_v7(), false, rows.rows).await.unwrap();
    assert_eq!(twice.refused, expected);
    let path = format!("/data/partner/v1/user?schoolExternalId={called}");
    assert_eq!(rest.get(&path).await.expect(200), users);
    let left: i64 = sqlx::query_scalar("select count(*) from company.school_import_row")
        .fetch_one(&world.database().await)
        .await
        .unwrap();
    assert_eq!(left, 0, "nothing of the rows stays");
}

#[tokio::test]
async fn an_integration_is_of_a_program_that_is_there_in_the_end() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let body = json!({"name": "Outro Parceiro", "product": "lines"});
    let made = world.operator().await.post("/partners", &body).await.expect(201);
    let of_lines = made["client_id"].as_str().unwrap();
    let mut rows = Rows::new();
    let integration = |client_id: &str, rows: &Rows| {
        Row::Integration(pb::SchoolIntegrationInput {
            client_id: client_id.to_owned(),
            school_reference: rows.of("escola"),
            external_integration_id: format!("INT-{client_id}"),
            school_external_id: "X".to_owned(),
            inactive: false,
        })
    };
    let app = |client_id: &str, name: &str| {
        Row::ClientApp(ClientAppInput {
            client_id: client_id.to_owned(),
            name: name.to_owned(),
            product: "produto".to_owned(),
            inactive: false,
        })
    };
    let nameless = rows.of("sem-nome");
    let expected: Vec<(u32, String)> = [
        (rows.add(integration(of_lines, &rows)), "integration.client_id"),
        (rows.add(app(of_lines, "App")), "client_app.client_id"),
        (rows.add(integration(&nameless, &rows)), "integration.client_id"),
        (rows.add(app(&nameless, "")), "client_app.name"),
    ]
    .map(|(number, field)| (number, field.to_owned()))
    .into();
    rows.school();
    for dry_run in [true, false] {
        let done = import(&operator, Uuid::now_v7(), dry_run, rows.rows.clone()).await.unwrap();
        assert_eq!(done.refused, expected, "dry run: {dry_run}");
    }
}

#[tokio::test]
async fn a_stream_that_is_wrong_changes_nothing() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let mut rows = Rows::new();
    rows.school();
    rows.rows[3].row_number = 1;
    let Err(refused) = import(&operator, Uuid::now_v7(), false, rows.rows).await else {
        panic!("row numbers must grow")
    };
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(Refusal::of(&refused).violations[0].field, "rows.row_number");

    let message = pb::ImportSchoolsRequest { part: Some(Sent::Rows(pb::ImportRows::default())) };
    let request = with_token(tokio_stream::iter([message]), &operator.token);
    let refused = SchoolImportServiceClient::new(world.channel(Part::Company))
        .import_schools(request)
        .await
        .unwrap_err();
    assert_eq!(Refusal::of(&refused).violations[0].field, "start");

    // Rows that nobody said were all may not be all.
    let mut rows = Rows::new();
    rows.school();
    let reference = rows.of("escola");
    let message = |part| pb::ImportSchoolsRequest { part: Some(part) };
    let start = pb::ImportStart { import_id: Uuid::now_v7().to_string(), dry_run: false };
    let sent =
        [message(Sent::Start(start)), message(Sent::Rows(pb::ImportRows { rows: rows.rows }))];
    let mut told = SchoolImportServiceClient::new(world.channel(Part::Company))
        .import_schools(with_token(tokio_stream::iter(sent), &operator.token))
        .await
        .unwrap()
        .into_inner();
    let refused = told.message().await.unwrap_err();
    assert_eq!(Refusal::of(&refused).violations[0].field, "end");
    let known: bool =
        sqlx::query_scalar("select exists (select from company.school where reference = $1)")
            .bind(reference)
            .fetch_one(&world.database().await)
            .await
            .unwrap();
    assert!(!known);
}

#[tokio::test]
async fn more_rows_than_an_import_may_have_are_refused() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let mut rows = Rows::new();
    for _ in 0..=100_000 {
        rows.add(Row::Unreadable("x".to_owned()));
    }
    let Err(refused) = import(&operator, Uuid::now_v7(), false, rows.rows).await else {
        panic!("too many rows")
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(Refusal::of(&refused).reason, "TOO_MANY_ROWS");
}

#[tokio::test]
async fn nobody_but_an_operator_imports() {
    let world = World::shared().await;
    let mut operator = Operator::of(world).await;
    let manager = &world.demo.manager;
    let body = json!({"email": manager.email, "password": manager.password});
    let answer = world.rest().post("/login", &body).await.expect(200);
    operator.token = answer["access_token"].as_str().unwrap().to_owned();
    let Err(refused) = import(&operator, Uuid::now_v7(), true, vec![]).await else {
        panic!("imported")
    };
    assert_eq!(refused.code(), Code::PermissionDenied);
}

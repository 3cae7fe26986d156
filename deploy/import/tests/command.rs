//! The command as an operator runs it, on all of Linha.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use harness::invariants::assert_invariants;
use harness::{World, unique};
use local::Part;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// An operator at the command line, with a folder of their own.
struct Operator<'a> {
    world: &'a World,
    token: String,
    folder: tempfile::TempDir,
}

/// What the command said.
#[derive(Debug)]
struct Told {
    code: Option<i32>,
    lines: Vec<String>,
    error: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let lines = text(output.stdout).lines().map(str::to_owned).collect();
        Self { code: output.status.code(), lines, error: text(output.stderr) }
    }
}

async fn token(world: &World, email: &str, password: &str) -> String {
    let body = json!({ "email": email, "password": password });
    let session = world.rest().post("/login", &body).await.expect(200);
    session["access_token"].as_str().expect("a token").to_owned()
}

impl<'a> Operator<'a> {
    async fn of(world: &'a World) -> Self {
        let account = &world.demo.operator;
        let token = token(world, &account.email, &account.password).await;
        Self { world, token, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo").success());
        path
    }

    fn command(&self, file: &Path, options: &[&str]) -> Command {
        let company = self.world.stack.addresses().grpc[&Part::Company];
        let mut command = Command::new(env!("CARGO_BIN_EXE_linha-import-schools"));
        command
            .arg(file)
            .args(options)
            .env("LINHA_TOKEN", &self.token)
            .env("LINHA_COMPANY_URL", format!("http://{company}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn import(&self, file: &Path, options: &[&str]) -> Told {
        self.command(file, options).output().await.expect("the command runs").into()
    }

    /// Begins to import from a pipe that is still open when the service has some of its rows.
    async fn begin(&self, import_id: &str, rows: String) -> (Child, std::fs::File) {
        let pipe = self.pipe(&format!("{}.csv", unique()));
        let options = ["--import-id", import_id];
        let child = self.command(&pipe, &options).spawn().expect("the command runs");
        let written = tokio::task::spawn_blocking(move || {
            let mut pipe = OpenOptions::new().write(true).open(pipe)?;
            pipe.write_all(rows.as_bytes())?;
            pipe.flush().map(|()| pipe)
        });
        let pipe = written.await.expect("written").expect("a pipe");
        self.until(async || self.kept_rows().await > 0).await;
        (child, pipe)
    }

    async fn kept_rows(&self) -> i64 {
        sqlx::query_scalar("select count(*) from company.school_import_row")
            .fetch_one(&self.world.database().await)
            .await
            .expect("the rows")
    }

    async fn knows(&self, school: &str) -> bool {
        sqlx::query_scalar("select exists (select from company.school where reference = $1)")
            .bind(school)
            .fetch_one(&self.world.database().await)
            .await
            .expect("the schools")
    }

    async fn until(&self, is_so: impl AsyncFn() -> bool) {
        let waiting = async {
            while !is_so().await {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it becomes so");
    }

    /// The people of a school, as its partner lists them.
    async fn people(&self, called: &str) -> Vec<Value> {
        let rest = self.world.rest().with_token(&self.token);
        let path = format!("/data/partner/v1/user?schoolExternalId={called}");
        rest.get(&path).await.expect(200)["data"].as_array().expect("people").clone()
    }
}

const COLUMNS: &str = "kind,reference,school_reference,tenant_reference,name,brand,trade_name,\
                       company_name,client_id,product,external_integration_id,school_external_id,\
                       profiles,birth_date,document_type,document_value,person_reference,\
                       guardian_reference,dependent_reference,cell_phone_number";

/// A row of CSV with these cells.
fn cells(values: &[(&str, &str)]) -> String {
    let value = |column: &str| values.iter().find(|(name, _)| *name == column).map(|(_, v)| *v);
    let row: Vec<&str> = COLUMNS.split(',').map(|name| value(name).unwrap_or_default()).collect();
    format!("{}\r\n", row.join(","))
}

/// A school with a program, from the end to the beginning.
fn school(name: &str) -> String {
    let (app, called) = (format!("app-{name}"), format!("ESC-{name}"));
    [
        cells(&[
            ("kind", "integration"),
            ("client_id", &app),
            ("school_reference", name),
            ("external_integration_id", "INT"),
            ("school_external_id", &called),
        ]),
        cells(&[("kind", "client_app"), ("client_id", &app), ("name", "App"), ("product", "p")]),
        cells(&[
            ("kind", "school"),
            ("reference", name),
            ("tenant_reference", name),
            ("trade_name", "\"Escola \"\"Sol\"\", Matriz\""),
            ("company_name", "Escola Sol Ltda"),
        ]),
        cells(&[("kind", "tenant"), ("reference", name), ("name", "Grupo Sol"), ("brand", "SOL")]),
    ]
    .concat()
}

fn person(school: &str, reference: &str, profile: &str) -> String {
    cells(&[
        ("kind", "person"),
        ("reference", reference),
        ("school_reference", school),
        ("name", &format!("Pessoa {reference}")),
        ("profiles", profile),
        ("birth_date", "2012-06-15"),
        ("document_type", "RG"),
        ("document_value", "MG-12.345.678"),
    ])
}

fn guardianship(school: &str, guardian: &str, dependent: &str) -> String {
    cells(&[
        ("kind", "guardianship"),
        ("school_reference", school),
        ("guardian_reference", guardian),
        ("dependent_reference", dependent),
    ])
}

#[tokio::test]
async fn a_file_of_a_spreadsheet_is_tried_and_then_brought_in() {
    let operator = Operator::of(World::shared().await).await;
    let name = unique().to_string();
    let consumption = cells(&[
        ("kind", "consumption"),
        ("school_reference", &name),
        ("person_reference", "aluno"),
        ("client_id", &format!("app-{name}")),
    ]);
    let rows = [
        format!("\u{FEFF}{COLUMNS}\r\n"),
        guardianship(&name, "mae", "aluno"),
        consumption,
        person(&name, "aluno", "Student"),
        person(&name, "mae", "Sponsor|Teacher"),
        school(&name),
        // Rows 10 to 16 are wrong.
        person(&name, "aluno", "Student"),
        person(&name, "x", "Alumni"),
        person("nenhuma", "y", "Student"),
        guardianship(&name, "aluno", "ninguem"),
        "pupil,x\r\n".to_owned(),
    ];
    let mut content = rows.concat().into_bytes();
    content.extend(b"person,z,S\xE3o\r\n");
    content.extend(format!("{},one,more\r\n", ",".repeat(COLUMNS.split(',').count())).bytes());
    let file = operator.file("escola.csv", content);
    let import_id = Uuid::now_v7().to_string();
    let faults = [
        "row 10: person.reference is that of row 4 already",
        "row 11: person.profiles has one that is not among the 16",
        "row 12: school_reference is not known",
        "row 13: guardianship.dependent_reference is nobody's in the school",
        "row 14: row has no known kind",
        "row 15: row is not UTF-8",
        "row 16: row has more cells than the first line",
    ];
    let report = |last: &str| {
        let mut lines = vec![format!("import {import_id}")];
        lines.extend(faults.map(str::to_owned));
        lines.push(last.to_owned());
        lines
    };

    let tried = operator.import(&file, &["--import-id", &import_id, "--dry-run"]).await;
    let last = "15 rows: 8 put, 7 skipped, and nothing was changed";
    assert_eq!((tried.code, tried.lines), (Some(1), report(last)), "{}", tried.error);
    assert!(!operator.knows(&name).await);

    let done = operator.import(&file, &["--import-id", &import_id]).await;
    let last = "15 rows: 8 put, 7 skipped";
    assert_eq!((done.code, done.lines), (Some(1), report(last)), "{}", done.error);
    let people = operator.people(&format!("ESC-{name}")).await;
    let profiles = |person: &Value| -> Vec<String> {
        let profiles = person["profiles"].as_array().expect("profiles");
        profiles.iter().map(|profile| profile["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(people.len(), 2);
    assert_eq!(
        (&people[0]["name"], &people[1]["name"]),
        (&json!("Pessoa aluno"), &json!("Pessoa mae"))
    );
    assert_eq!(profiles(&people[1]), ["Sponsor", "Teacher"]);
    let trade_name: String =
        sqlx::query_scalar("select trading_name from company.company where official_name = $1")
            .bind("Escola Sol Ltda")
            .fetch_one(&operator.world.database().await)
            .await
            .expect("the school");
    assert_eq!(trade_name, "Escola \"Sol\", Matriz");

    // The same import again, whatever is in the file now.
    let other =
        operator.file("outra.csv", format!("{COLUMNS}\n{}", person(&name, "novo", "Student")));
    let again = operator.import(&other, &["--import-id", &import_id]).await;
    let last = "15 rows: 8 put, 7 skipped, as told the first time";
    assert_eq!((again.code, again.lines), (Some(1), report(last)), "{}", again.error);
    assert_eq!(operator.people(&format!("ESC-{name}")).await, people);
}

#[tokio::test]
async fn json_lines_and_semicolons_are_read_as_well() {
    let operator = Operator::of(World::shared().await).await;
    let name = unique().to_string();
    let semicolons = "kind;reference;name;brand\r\ntenant;REF;Grupo, o Sol;SOL\r\n";
    let file = operator.file("grupo.txt", semicolons.replace("REF", &name));
    let done = operator.import(&file, &["--format", "csv", "--separator", ";"]).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.lines[1], "1 rows: 1 put, 0 skipped");

    let address = json!({
        "street": "Rua A", "number": "1", "neighborhood": "Centro", "city": "Recife",
        "state": "PE", "postal_code": "50000-000"
    });
    let rows = [
        json!({
            "kind": "school", "reference": name, "tenant_reference": name, "trade_name": "Sol",
            "company_name": "Sol Ltda", "addresses": [address, address], "document_type": null
        }),
        json!({
            "kind": "person", "reference": "p1", "school_reference": name, "name": "Ana",
            "profiles": ["Student"], "document_value": 12_345_678_909_i64
        }),
        json!({
            "kind": "person", "reference": "p2", "school_reference": name, "name": "Rui",
            "profiles": ["Teacher", "Manager"], "inactive": true
        }),
    ];
    let text: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let file =
        operator.file("escola.jsonl", format!("{}\r\n\r\n{}\n{}", text[0], text[1], text[2]));
    let done = operator.import(&file, &[]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    let expected =
        ["row 3: row cannot be read: document_value must be a string", "3 rows: 2 put, 1 skipped"];
    assert_eq!(done.lines[1..], expected);
    let kept: Vec<String> = sqlx::query_scalar("select reason from company.school_import_refusal")
        .fetch_all(&operator.world.database().await)
        .await
        .expect("the reports");
    assert!(kept.iter().all(|reason| !reason.contains("12345678909")), "{kept:?}");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_and_changes_nothing() {
    let operator = Operator::of(World::shared().await).await;
    let name = unique().to_string();
    let rows = format!("{COLUMNS}\r\n{}", school(&name));
    let file = operator.file("escola.csv", &rows);
    let open = operator.file("aberta.csv", format!("{rows}tenant,\"{}", "x\n".repeat(50_000)));
    let nameless = operator.file("sem.csv", rows.replace("kind", "tipo"));
    let unknown = operator.file("escola.dat", &rows);
    let absent = operator.folder.path().join("nenhuma.csv");
    for (file, options, expected) in [
        (&open, &[][..], "is a quote left open?"),
        (&nameless, &[], "names no column \"kind\""),
        (&unknown, &[], "say by --format what the file is"),
        (&absent, &[], "nenhuma.csv"),
        (&file, &["--token", "x"], "the import was not done"),
        (&file, &["--company-url", "http://127.0.0.1:1"], "the import was not done"),
    ] {
        let told = operator.import(file, options).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.error.contains(expected), "{expected}: {told:?}");
        assert!(!told.lines.iter().any(|line| line.contains("put")), "{told:?}");
    }
    let manager = &operator.world.demo.manager;
    let manager = token(operator.world, &manager.email, &manager.password).await;
    let told = operator.import(&file, &["--token", &manager]).await;
    assert_eq!(told.code, Some(1), "{told:?}");
    for wrong in [["--import-id", "7"], ["--separator", ";;"], ["--format", "xls"]] {
        assert_eq!(operator.import(&file, &wrong).await.code, Some(2), "{wrong:?}");
    }
    assert!(!operator.knows(&name).await);
    assert_eq!(operator.import(&file, &[]).await.code, Some(0));
    assert!(operator.knows(&name).await);
}

#[tokio::test]
async fn whatever_is_killed_the_same_import_is_done_in_the_end_and_once() {
    let mut world = World::own().await;
    let name = unique().to_string();
    let people: String = (0..600).map(|n| person(&name, &format!("p{n:03}"), "Student")).collect();
    let (head, import_id) = (format!("{COLUMNS}\r\n{}", school(&name)), Uuid::now_v7().to_string());
    let whole = format!("{head}{people}");

    // The command is.
    let operator = Operator::of(&world).await;
    let (mut child, pipe) = operator.begin(&import_id, whole.clone()).await;
    child.kill().await.expect("it is killed");
    operator.until(async || operator.kept_rows().await == 0).await;
    assert!(!operator.knows(&name).await, "a file that was not read to its end is none");
    drop(pipe);

    // The service is.
    let (child, pipe) = operator.begin(&import_id, whole.clone()).await;
    let (token, folder) = (operator.token, operator.folder);
    world.stack.kill(Part::Company);
    let told: Told = child.wait_with_output().await.expect("it ends").into();
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.error.contains(&format!("--import-id {import_id}")), "{told:?}");
    drop(pipe);
    world.stack.restart(Part::Company).await.expect("it starts");
    world.stack.ready().await.expect("it is ready");

    let operator = Operator { world: &world, token, folder };
    let file = operator.file("escola.csv", whole);
    let report =
        ["604 rows: 604 put, 0 skipped", "604 rows: 604 put, 0 skipped, as told the first time"];
    for last in report {
        let done = operator.import(&file, &["--import-id", &import_id]).await;
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(done.lines, [format!("import {import_id}"), last.to_owned()]);
    }
    assert_eq!(operator.people(&format!("ESC-{name}")).await.len(), 600);
    assert_invariants(&operator.world.database().await, "after an import").await;
}

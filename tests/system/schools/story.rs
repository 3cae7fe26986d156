//! A partner's program reads what the demo has.

use harness::World;
use serde_json::{Value, json};

use super::cast::{partner, program_of};
use super::{absent, column, reads_of};

/// The 16, in their order: code, type, name, description, id as it is printed.
const PROFILES: [(i32, &str, &str, &str, &str); 16] = [
    (
        8,
        "SchoolAdmin",
        "Admin Escola",
        "Administrador de Escola.",
        "00000000-0000-0000-0000-000000000000",
    ),
    (3, "Manager", "Gestor", "Diretor de escola.", "06FD2708-609F-4994-A8C9-269A746BA17E"),
    (
        4,
        "Secretary",
        "Secretaria",
        "Atende a secretaria e mantém os cadastros.",
        "1a066b2c-2af7-5684-9f11-c852cae82c4e",
    ),
    (
        5,
        "Marketing",
        "Marketing",
        "Cuida da comunicação da escola.",
        "0ccea392-f03f-5ee8-ad23-26828e940f6e",
    ),
    (
        6,
        "FinancialOperator",
        "Operador Financeiro",
        "Opera cobranças e pagamentos.",
        "91f7533c-2def-580c-b2fa-816aa7ac4e07",
    ),
    (
        2,
        "Coordinator",
        "Coordenador",
        "Coordena turmas e professores.",
        "c6c15503-8701-5b3e-b515-2cf11804eb8e",
    ),
    (
        7,
        "Assistant",
        "Assistente",
        "Apoia a equipe da escola.",
        "681da417-3bc9-51d1-8724-56e7367f6510",
    ),
    (
        9,
        "Operator",
        "Operador",
        "Executa rotinas operacionais.",
        "fbae72f5-d726-5fb8-858b-cfba0a03eebc",
    ),
    (1, "Student", "Aluno", "Estudante matriculado.", "f18dc123-be48-4a74-b8b9-88403eb8d123"),
    (
        10,
        "Nutritionist",
        "Nutricionista",
        "Responde pela alimentação escolar.",
        "f75d5570-d84a-55c6-b0da-f2957d3ae2b0",
    ),
    (
        11,
        "Reviewer",
        "Revisor",
        "Revisa conteúdos e avaliações.",
        "951d36d7-46fc-5f20-b17a-cc6673a2cee7",
    ),
    (
        12,
        "Commercial",
        "Comercial",
        "Atende matrículas e vendas.",
        "27782eca-72e1-5d81-aae4-3b8fa911f3e6",
    ),
    (
        13,
        "Sponsor",
        "Responsável",
        "Responde por um ou mais alunos.",
        "7ba94caf-ae3d-5c31-a74e-fb8e750b92a6",
    ),
    (
        14,
        "OperationAdmin",
        "Admin Operação",
        "Administra a operação do grupo.",
        "c3e5ba2b-17b5-537f-ad38-e6aa189e7bf8",
    ),
    (15, "Teacher", "Professor", "Leciona nas turmas.", "2011ede3-0ef9-5182-96b5-1b7c9e9eb913"),
    (
        16,
        "Nurse",
        "Enfermeiro",
        "Cuida da saúde na escola.",
        "4a15367d-bbdc-548b-a96f-8d47b798d118",
    ),
];

#[tokio::test]
async fn a_program_reads_its_schools_and_their_people() {
    let world = World::shared().await;
    let account = partner(world);
    let rest = program_of(world, account).await;
    let (school_id, called) = (&account.school_id, &account.school_external_id);
    let get = async |path: String| rest.get(&path).await;
    let read = async |path: String| rest.get(&path).await.expect(200);

    let school = read(format!("/data/v1/schools/{school_id}")).await;
    assert_eq!(school["external_id"], called.as_str());
    assert_eq!(school["trade_name"], "Colégio Alvorada");
    let tenant_id = school["tenant_id"].as_str().unwrap().to_owned();
    let upper = tenant_id.to_uppercase();
    let tenant = read(format!("/data/v1/tenants/{upper}")).await;
    let expected =
        json!({"id": tenant_id, "name": "Grupo Horizonte de Ensino", "brand": "HORIZONTE"});
    assert_eq!(tenant, expected);

    let profiles = read("/data/v1/profiles".to_owned()).await;
    let sample = json!([
        {
            "id": "00000000-0000-0000-0000-000000000000",
            "code": 8,
            "name": "Admin Escola",
            "type": "SchoolAdmin",
            "description": "Administrador de Escola."
        },
        {
            "id": "06FD2708-609F-4994-A8C9-269A746BA17E",
            "code": 3,
            "name": "Gestor",
            "type": "Manager",
            "description": "Diretor de escola."
        }
    ]);
    assert_eq!(Value::from(profiles.as_array().unwrap()[..2].to_vec()), sample);
    let all = PROFILES.map(|(code, kind, name, description, id)| {
        json!({"id": id, "code": code, "name": name, "type": kind, "description": description})
    });
    assert_eq!(profiles, Value::from(all.to_vec()));

    let shifts = read(format!("/data/v1/educational-shifts?school_external_id={called}")).await;
    let sample = json!([
        {"name": "Manhã", "description": "Matutino"},
        {"name": "Noite", "description": "Noturno"}
    ]);
    assert_eq!(shifts, sample);
    assert_eq!(read("/data/v1/educational-shifts".to_owned()).await, sample);
    let stages = read(format!("/data/v1/educational-stages?schoolExternalId={called}")).await;
    let names = column(&stages, "name");
    assert_eq!(names, ["EF6", "EI5"]);

    let integration = &account.external_integration_id;
    for query in [String::new(), format!("?external_integration_id={integration}")] {
        let schools = read(format!("/data/partner/v1/schools{query}")).await;
        let expected = json!({"data": [{
            "school_id": school_id,
            "fantasy_name": "Colégio Alvorada",
            "external_id": called,
            "tenant_id": tenant_id,
            "company_name": "Grupo Horizonte de Ensino",
            "cnpj": "12.345.678/0001-99"
        }]});
        assert_eq!(schools, expected, "the inactive school is not there");
    }
    let none = read("/data/partner/v1/schools?external_integration_id=NONE".to_owned()).await;
    assert_eq!(none, json!({"data": []}));

    let classes = read(format!("/data/partner/v1/classes?school_external_id={called}")).await;
    let told: Vec<_> = classes["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| (class["name"].as_str().unwrap(), &class["status"], class.get("shift")))
        .collect();
    let (open, closed, morning) = (json!("Open"), json!("Closed"), json!("Manhã"));
    let expected =
        [("Turma 1", &open, Some(&morning)), ("Turma 2", &open, None), ("Turma 3", &closed, None)];
    assert_eq!(told, expected);

    for path in [
        format!("/data/v1/educational-shifts?school_external_id={}", called.to_lowercase()),
        "/data/partner/v1/classes?school_external_id=SCHOOL000".to_owned(),
        "/data/partner/v1/user?schoolExternalId=SCHOOL000".to_owned(),
        "/data/v1/educational-stages?school_external_id=%00".to_owned(),
    ] {
        absent(get(path).await, "School not found.");
    }
}

#[tokio::test]
async fn a_program_reads_people_in_every_form() {
    let world = World::shared().await;
    let account = partner(world);
    let rest = program_of(world, account).await;
    let (school_id, called) = (&account.school_id, &account.school_external_id);
    let read = async |path: String| rest.get(&path).await.expect(200);

    let users = read(format!("/data/partner/v1/user?schoolExternalId={called}")).await;
    let users = &users["data"];
    let names = column(users, "name");
    let expected = [
        "Ana Souza",
        "Helena Prado",
        "João Souza",
        "Lia Castro",
        "Maria Souza",
        "Pedro Lima",
        "Rui Barros",
    ];
    assert_eq!(names, expected);
    let user = |name: &str| {
        let found = users.as_array().unwrap().iter().find(|user| user["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(user("Pedro Lima")["status"], "Inactive");
    assert_eq!(user("João Souza")["registration_origin"], "Lex");
    assert!(user("Lia Castro").get("external_id").is_none());
    let id = |name: &str| user(name)["account_id"].as_str().unwrap().to_owned();

    let ana = id("Ana Souza");
    let account = read(format!("/data/v1/accounts/{ana}")).await;
    let expected = json!({
        "id": ana,
        "name": "Ana Souza",
        "document_type": "CPF",
        "document": "123.456.789-09",
        "email": "mae@familia.example",
        "phone": "41988880001",
        "schools": [school_id],
        "date_of_birth": "1985-05-20T00:00:00Z"
    });
    assert_eq!(account, expected);
    let dependents = read(format!("/data/v1/accounts/{ana}/dependents")).await;
    assert_eq!(column(&dependents, "name"), ["João Souza", "Maria Souza"]);
    let expected = json!({
        "id": id("Maria Souza"),
        "name": "Maria Souza",
        "email": "maria@familia.example",
        "document_type": "RG",
        "document": "MG-12.345.678",
        "schools": [school_id],
        "date_of_birth": "2014-11-23T00:00:00Z"
    });
    assert_eq!(dependents[1], expected);
    let none = read(format!("/data/v1/accounts/{}/dependents", id("Rui Barros"))).await;
    assert_eq!(none, json!([]));

    let joao = id("João Souza");
    for query in [
        format!("school_id={school_id}"),
        format!("school_external_id={called}"),
        format!("school_id={school_id}&schoolExternalId={called}"),
    ] {
        let told = read(format!("/data/partner/v1/accounts/{joao}?{query}")).await;
        let expected = json!({
            "account_id": joao,
            "external_id": "1001",
            "first_name": "João",
            "last_name": "Souza",
            "birth_date": "2012-06-15T00:00:00",
            "school_external_id": called,
            "document_type": "CPF",
            "document_value": "123.456.789-00",
            "ddi": "+55",
            "cell_phone": "41988880001",
            "email": "joao@familia.example",
            "profiles": ["Student"],
            "responsible_external_id": ["8001"],
            "status": true
        });
        assert_eq!(told, expected, "{query}");
    }
    let lia = id("Lia Castro");
    read(format!("/data/v1/accounts/{lia}")).await;
    let unknown = rest.get(&format!("/data/partner/v1/accounts/{lia}?school_id={school_id}")).await;
    absent(unknown, "Account not found.");
    let mixed = format!("school_id={}&school_external_id={called}", uuid::Uuid::now_v7());
    let mixed = rest.get(&format!("/data/partner/v1/accounts/{joao}?{mixed}")).await;
    absent(mixed, "School not found.");
    let nobody = uuid::Uuid::now_v7();
    for (query, message) in [
        (format!("school_id={school_id}"), "Account not found."),
        (format!("school_id={nobody}"), "School not found."),
        ("school_external_id=ESC-77".to_owned(), "School not found."),
    ] {
        let path = format!("/data/partner/v1/accounts/{nobody}?{query}");
        absent(rest.get(&path).await, message);
    }

    assert!(
        reads_of(world, &ana)
            .await
            .contains(&("partner:agenda-escolar".to_owned(), "get_school_account".to_owned()))
    );
    let reads = reads_of(world, &joao).await;
    let reader = "partner:agenda-escolar".to_owned();
    for operation in ["list_school_people", "list_dependents", "get_partner_account"] {
        let read = (reader.clone(), operation.to_owned());
        assert!(reads.contains(&read), "{operation}: {reads:?}");
    }
}

//! A group of schools, its people, and two partners whose programs read of them.

use anyhow::Context;
use proto::company::v1::{
    PutClassRequest, PutSchoolIntegrationRequest, PutSchoolRequest, PutShiftRequest,
    PutStageRequest, PutTenantRequest, SchoolAddress, SchoolClassInput, SchoolDocument,
    SchoolInput, SchoolIntegrationInput, SchoolTermInput, TenantInput,
};
use proto::identity::v1::{
    ClientAppInput, GuardianshipInput, PersonDocument, ProductConsumptionInput,
    PutClientAppRequest, PutGuardianshipRequest, PutProductConsumptionRequest,
    PutSchoolPersonRequest, SchoolPersonInput,
};

use super::PartnerAccount;
use super::client::Client;

const TENANT: &str = "grupo-horizonte";

struct DemoSchool {
    reference: &'static str,
    name: &'static str,
    document: &'static str,
    inactive: bool,
}

const ALVORADA: DemoSchool = DemoSchool {
    reference: "alvorada",
    name: "Colégio Alvorada",
    document: "12.345.678/0001-99",
    inactive: false,
};
const BEIRA_RIO: DemoSchool = DemoSchool {
    reference: "beira-rio",
    name: "Escola Beira Rio",
    document: "12.345.678/0002-70",
    inactive: false,
};
const CLOSED: DemoSchool = DemoSchool {
    reference: "antiga",
    name: "Escola Antiga",
    document: "12.345.678/0003-51",
    inactive: true,
};

struct DemoPartner {
    client_id: &'static str,
    product: &'static str,
    integration: &'static str,
    school: &'static str,
    called: &'static str,
}

const AGENDA: DemoPartner = DemoPartner {
    client_id: "agenda-escolar",
    product: "Agenda Escolar",
    integration: "INT-AGENDA",
    school: ALVORADA.reference,
    called: "SCHOOL001",
};
const BIBLIOTECA: DemoPartner = DemoPartner {
    client_id: "biblioteca-digital",
    product: "Biblioteca Digital",
    integration: "INT-BIBLIOTECA",
    school: BEIRA_RIO.reference,
    called: "ESC-77",
};

/// (reference, external id, name, date of birth, document, profile, inactive)
type DemoPerson = (
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    (&'static str, &'static str),
    &'static str,
    bool,
);

const CPF: &str = "CPF";
const PEOPLE: [DemoPerson; 7] = [
    (
        "gestora",
        Some("9001"),
        "Helena Prado",
        "1975-03-02",
        (CPF, "529.982.247-25"),
        "Manager",
        false,
    ),
    ("mae", Some("8001"), "Ana Souza", "1985-05-20", (CPF, "123.456.789-09"), "Sponsor", false),
    ("joao", Some("1001"), "João Souza", "2012-06-15", (CPF, "123.456.789-00"), "Student", false),
    ("maria", Some("1002"), "Maria Souza", "2014-11-23", ("RG", "MG-12.345.678"), "Student", false),
    ("pedro", Some("1003"), "Pedro Lima", "2013-01-30", ("RG", "SP-98.765.432"), "Student", true),
    ("lia", None, "Lia Castro", "2013-09-09", ("RG", "SP-11.222.333"), "Student", false),
    ("rui", Some("7001"), "Rui Barros", "1980-07-07", (CPF, "111.444.777-35"), "Teacher", false),
];
const OTHER_PEOPLE: [DemoPerson; 2] = [
    ("bento", Some("B-1"), "Bento Rocha", "2011-02-02", ("RG", "RS-10.20.30"), "Student", false),
    ("ines", Some("B-2"), "Inês Rocha", "1982-08-12", (CPF, "390.533.447-05"), "Sponsor", false),
];

/// Makes it all; an interrupted run goes on where it stopped.
pub(super) async fn load(client: &Client<'_>) -> anyhow::Result<[PartnerAccount; 2]> {
    let tenant = TenantInput {
        reference: TENANT.to_owned(),
        name: "Grupo Horizonte de Ensino".to_owned(),
        brand: "HORIZONTE".to_owned(),
        inactive: false,
    };
    let request = client.request(PutTenantRequest { tenant: Some(tenant) })?;
    client.schools()?.put_tenant(request).await?;
    let alvorada = school(client, &ALVORADA).await?;
    let beira_rio = school(client, &BEIRA_RIO).await?;
    school(client, &CLOSED).await?;
    for reference in [ALVORADA.reference, BEIRA_RIO.reference] {
        classes(client, reference).await?;
    }
    let partner = partner(client, &AGENDA, &alvorada).await?;
    let other_partner = self::partner(client, &BIBLIOTECA, &beira_rio).await?;
    integration(client, &AGENDA, CLOSED.reference, "SCHOOL000").await?;

    people(client, &alvorada, &PEOPLE, AGENDA.client_id).await?;
    people(client, &beira_rio, &OTHER_PEOPLE, BIBLIOTECA.client_id).await?;
    for (school_id, guardian, dependent) in
        [(&alvorada, "mae", "joao"), (&alvorada, "mae", "maria"), (&beira_rio, "ines", "bento")]
    {
        let guardianship = GuardianshipInput {
            guardian_reference: guardian.to_owned(),
            dependent_reference: dependent.to_owned(),
            inactive: false,
        };
        let school_id = school_id.clone();
        let put = PutGuardianshipRequest { school_id, guardianship: Some(guardianship) };
        client.school_people()?.put_guardianship(client.request(put)?).await?;
    }
    Ok([partner, other_partner])
}

async fn school(client: &Client<'_>, demo: &DemoSchool) -> anyhow::Result<String> {
    let text = str::to_owned;
    let school = SchoolInput {
        reference: text(demo.reference),
        tenant_reference: text(TENANT),
        trade_name: text(demo.name),
        company_name: format!("{} Ltda", demo.name),
        document: Some(SchoolDocument {
            document_type: text("CNPJ"),
            document_value: text(demo.document),
        }),
        addresses: vec![SchoolAddress {
            street: text("Rua Principal"),
            number: text("123"),
            neighborhood: text("Centro"),
            city: text("Curitiba"),
            state: text("PR"),
            postal_code: text("80010-010"),
        }],
        inactive: demo.inactive,
    };
    let request = client.request(PutSchoolRequest { school: Some(school) })?;
    Ok(client.schools()?.put_school(request).await?.into_inner().school_id)
}

async fn classes(client: &Client<'_>, school: &str) -> anyhow::Result<()> {
    let term = |name: &str, description: &str| {
        Some(SchoolTermInput {
            school_reference: school.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            inactive: false,
        })
    };
    for (name, description) in [("Manhã", "Matutino"), ("Noite", "Noturno")] {
        let shift = PutShiftRequest { shift: term(name, description) };
        client.schools()?.put_shift(client.request(shift)?).await?;
    }
    for (name, description) in
        [("EI5", "EDUCAÇÃO INFANTIL 05 ANOS"), ("EF6", "FUNDAMENTAL 02 - 6º ANO")]
    {
        let stage = PutStageRequest { stage: term(name, description) };
        client.schools()?.put_stage(client.request(stage)?).await?;
    }
    for (number, shift, closed) in [(1, Some("Manhã"), false), (2, None, false), (3, None, true)] {
        let class = SchoolClassInput {
            school_reference: school.to_owned(),
            external_id: format!("T{number}"),
            name: format!("Turma {number}"),
            educational_stage: "ENSINO FUNDAMENTAL II".to_owned(),
            stage_name: "EF6".to_owned(),
            shift_name: shift.map(str::to_owned),
            closed,
        };
        let request = client.request(PutClassRequest { class: Some(class) })?;
        client.schools()?.put_class(request).await?;
    }
    Ok(())
}

async fn partner(
    client: &Client<'_>,
    demo: &DemoPartner,
    school_id: &str,
) -> anyhow::Result<PartnerAccount> {
    let client_app = ClientAppInput {
        client_id: demo.client_id.to_owned(),
        name: demo.product.to_owned(),
        product: demo.product.to_owned(),
        inactive: false,
    };
    let put = PutClientAppRequest { client_app: Some(client_app) };
    // The secret is told once; the key makes a repeat of the request tell it again.
    let request = client.once(demo.client_id, put)?;
    let made = client.client_apps()?.put_client_app(request).await?.into_inner();
    integration(client, demo, demo.school, demo.called).await?;
    Ok(PartnerAccount {
        client_id: demo.client_id.to_owned(),
        client_secret: made.client_secret.context("no secret")?,
        school_id: school_id.to_owned(),
        school_external_id: demo.called.to_owned(),
        external_integration_id: demo.integration.to_owned(),
    })
}

async fn integration(
    client: &Client<'_>,
    demo: &DemoPartner,
    school: &str,
    called: &str,
) -> anyhow::Result<()> {
    let integration = SchoolIntegrationInput {
        client_id: demo.client_id.to_owned(),
        school_reference: school.to_owned(),
        external_integration_id: demo.integration.to_owned(),
        school_external_id: called.to_owned(),
        inactive: false,
    };
    let put = PutSchoolIntegrationRequest { integration: Some(integration) };
    client.schools()?.put_school_integration(client.request(put)?).await?;
    Ok(())
}

async fn people(
    client: &Client<'_>,
    school_id: &str,
    people: &[DemoPerson],
    client_id: &str,
) -> anyhow::Result<()> {
    for (reference, external_id, name, born, (document, value), profile, inactive) in people {
        let person = SchoolPersonInput {
            reference: (*reference).to_owned(),
            external_id: external_id.map(str::to_owned),
            name: (*name).to_owned(),
            birth_date: Some((*born).to_owned()),
            document: Some(PersonDocument {
                r#type: (*document).to_owned(),
                value: (*value).to_owned(),
            }),
            email: Some(format!("{reference}@familia.example")),
            academic_email: None,
            ddi: Some("+55".to_owned()),
            cell_phone_number: Some("(41) 98888-0001".to_owned()),
            profiles: vec![(*profile).to_owned()],
            inactive: *inactive,
            account_id: None,
        };
        let school_id = school_id.to_owned();
        let put = PutSchoolPersonRequest { school_id: school_id.clone(), person: Some(person) };
        client.school_people()?.put_school_person(client.request(put)?).await?;
        let consumption = ProductConsumptionInput {
            person_reference: (*reference).to_owned(),
            client_id: client_id.to_owned(),
            inactive: false,
        };
        let put = PutProductConsumptionRequest { school_id, consumption: Some(consumption) };
        client.school_people()?.put_product_consumption(client.request(put)?).await?;
    }
    Ok(())
}

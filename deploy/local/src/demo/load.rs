//! Making the demo data.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use brazil::Iccid;
use proto::billing::v1::{CreatePlanRequest, Plan};
use proto::common::v1::{Address, Money};
use proto::company::v1::{
    Company, CreateCompanyRequest, CreateEmployeeRequest, Employee, EmployeeStatus,
    PutEmailDomainRequest,
};
use proto::identity::v1::{
    AcceptInvitationRequest, CompanyRole, CompleteSignupRequest, ConfirmEmailRequest,
    CreateSignupFormRequest, LoginForAccessTokenRequest, OpenVoiceAccountRequest,
    ProveEmailRequest, PutGrantRequest, SignupForm,
};
use proto::telecom::v1::{
    ActivateSimCardRequest, AddPhoneNumbersRequest, AddSimCardsRequest, OrderLineRequest,
};

use super::client::Client;
use super::{
    Account, CompanyAccount, Demo, FILE, HolderAccount, VoiceAccount, enterprises, of, schools,
    workspaces,
};
use crate::stack::Stack;

pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// E-mail and password of the operator, whom identity itself makes.
pub const OPERATOR: (&str, &str) = ("operator@linha.example", "operator-of-the-demo");
/// The documents show how somebody logs in by this account.
const HOLDER: (&str, &str) = ("example@example.com", "Passw0rd!");

/// E-mail and password of the voice account's administrator.
const VOICE: (&str, &str) = ("admin@voz-clara.example", "admin-of-voz-clara");
// Of a network for documents: whoever tries the sandbox has their own count.
const NOBODYS_ADDRESS: &str = "192.0.2.1";

const AREA_CODES: [u32; 5] = [11, 21, 31, 41, 51];
const NUMBERS_IN_AREA: u32 = 1_000;
const SIM_CARDS_OF_COMPANY: u64 = 500;
const EMPLOYEES_OF_COMPANY: usize = 5;

struct DemoCompany {
    key: &'static str,
    name: &'static str,
    domain: &'static str,
    cnpj: &'static str,
    manager_password: &'static str,
    cpfs: [&'static str; EMPLOYEES_OF_COMPANY],
    first_sim_card: u64,
}

const AURORA: DemoCompany = DemoCompany {
    key: "aurora",
    name: "Aurora Comércio de Pães Ltda",
    domain: "aurora.example",
    cnpj: "11.222.333/0001-81",
    manager_password: "manager-of-aurora",
    cpfs: ["12345678909", "11144477735", "98765432100", "39053344705", "10000000019"],
    first_sim_card: 0,
};

const SERRA_AZUL: DemoCompany = DemoCompany {
    key: "serra-azul",
    name: "Serra Azul Transportes S.A.",
    domain: "serra-azul.example",
    cnpj: "16.727.230/0001-97",
    manager_password: "manager-of-serra-azul",
    cpfs: ["52998224725", "15350946056", "86288366757", "00000000191", "29537995593"],
    first_sim_card: SIM_CARDS_OF_COMPANY,
};

/// Loads the demo data unless it is there. An interrupted load goes on where it stopped: every
/// step carries an idempotency key.
///
/// # Errors
/// When a service refuses a step.
pub async fn load(stack: &Stack, say: impl Fn(&str)) -> anyhow::Result<()> {
    let operator = Account { email: OPERATOR.0.to_owned(), password: OPERATOR.1.to_owned() };
    if let Some(demo) = of(stack) {
        return complete(stack, &operator, demo).await;
    }
    say("loading the demo data");
    let client = Client::log_in(stack, &operator).await?;

    let subscription_plan_ids = plans(&client).await?;
    phone_numbers(&client).await?;
    let manager = company(&client, &AURORA, &subscription_plan_ids[0]).await?;
    let other_manager = company(&client, &SERRA_AZUL, &subscription_plan_ids[0]).await?;
    let aurora = Client::log_in(stack, &login_of(&manager)).await?;
    let holder = holder(&aurora, &manager.company_id, &subscription_plan_ids[1]).await?;
    for (key, account) in [("aurora", &manager), ("serra-azul", &other_manager)] {
        let client = Client::log_in(stack, &login_of(account)).await?;
        lines(&client, key, &account.company_id, &subscription_plan_ids).await?;
    }
    let voice = Some(voice(stack).await?);
    let [enterprise, other] = enterprises::load(&client, &subscription_plan_ids[0]).await?;
    let [partner, other_partner] = schools::load(&client).await?;
    let workspace = Some(workspaces::load(stack, &client).await?);
    stack.settle(PATIENCE).await;

    let demo = Demo {
        operator,
        manager,
        other_manager,
        holder,
        subscription_plan_ids,
        voice,
        enterprise: Some(enterprise),
        other_enterprise: Some(other),
        partner: Some(partner),
        other_partner: Some(other_partner),
        workspace,
    };
    note(stack, &demo)
}

/// Adds what an installation from before there was such a thing does not have yet.
async fn complete(stack: &Stack, operator: &Account, mut demo: Demo) -> anyhow::Result<()> {
    if demo.voice.is_none() {
        demo.voice = Some(voice(stack).await?);
        note(stack, &demo)?;
    }
    if demo.enterprise.is_none() {
        let client = Client::log_in(stack, operator).await?;
        demo = enterprises::complete(&client, demo).await?;
        note(stack, &demo)?;
    }
    if demo.partner.is_none() {
        let client = Client::log_in(stack, operator).await?;
        let [partner, other_partner] = schools::load(&client).await?;
        (demo.partner, demo.other_partner) = (Some(partner), Some(other_partner));
        note(stack, &demo)?;
    }
    if demo.workspace.is_none() {
        let client = Client::log_in(stack, operator).await?;
        demo.workspace = Some(workspaces::load(stack, &client).await?);
        note(stack, &demo)?;
    }
    Ok(())
}

fn note(stack: &Stack, demo: &Demo) -> anyhow::Result<()> {
    fs::write(stack.directory().join(FILE), serde_json::to_vec_pretty(demo)?)
        .context("cannot note that the demo data is loaded")
}

fn login_of(account: &CompanyAccount) -> Account {
    Account { email: account.email.clone(), password: account.password.clone() }
}

async fn plans(client: &Client<'_>) -> anyhow::Result<Vec<String>> {
    let catalogue = [("Essencial", 5.0, 2_990), ("Plus", 10.0, 4_990), ("Max", 30.0, 8_990)];
    let mut ids = Vec::new();
    for (name, available_data_gb, cents) in catalogue {
        let plan = Plan {
            name: format!("{name} {available_data_gb}GB"),
            available_data_gb,
            price: Some(Money { cents }),
            data_unit_price: Some(Money { cents: 1_000 }),
            ..Plan::default()
        };
        let request = client.once(name, CreatePlanRequest { plan: Some(plan) })?;
        let created = client.plans()?.create_plan(request).await?.into_inner();
        ids.push(created.plan.context("no plan")?.id);
    }
    Ok(ids)
}

async fn phone_numbers(client: &Client<'_>) -> anyhow::Result<()> {
    for area_code in AREA_CODES {
        let number = |subscriber: u32| format!("+55{area_code}{subscriber}");
        let range = AddPhoneNumbersRequest {
            area_code,
            first_number: number(990_000_000),
            last_number: number(990_000_000 + NUMBERS_IN_AREA - 1),
        };
        client.stock()?.add_phone_numbers(client.request(range)?).await?;
    }
    Ok(())
}

async fn company(
    client: &Client<'_>,
    demo: &DemoCompany,
    plan_id: &str,
) -> anyhow::Result<CompanyAccount> {
    let company = Company {
        official_name: demo.name.to_owned(),
        cnpj: demo.cnpj.to_owned(),
        email: format!("contato@{}", demo.domain),
        phone_number: Some("+554133334444".to_owned()),
        address: Some(address()),
        ..Company::default()
    };
    let request = client.once(demo.key, CreateCompanyRequest { company: Some(company) })?;
    let created = client.companies()?.create_company(request).await?.into_inner();
    let company_id = created.company.context("no company")?.id;

    let domain = PutEmailDomainRequest {
        company_id: company_id.clone(),
        email_domain: demo.domain.to_owned(),
        default_plan_id: plan_id.to_owned(),
    };
    client.email_domains()?.put_email_domain(client.request(domain)?).await?;
    employees(client, demo, &company_id).await?;
    sim_cards(client, demo, &company_id).await?;
    manager(client, demo, company_id).await
}

async fn employees(
    client: &Client<'_>,
    demo: &DemoCompany,
    company_id: &str,
) -> anyhow::Result<()> {
    for (index, cpf) in demo.cpfs.iter().enumerate() {
        let number = index + 1;
        let employee = Employee {
            full_name: format!("Employee {number} of the demo"),
            status: EmployeeStatus::Active.into(),
            work_email: Some(format!("employee{number}@{}", demo.domain)),
            personal_phone_number: Some(format!("+5541988880{number:03}")),
            cpf: Some((*cpf).to_owned()),
            birth_date: Some("1990-01-01".to_owned()),
            position: Some("Analista".to_owned()),
            company_id: company_id.to_owned(),
            address: Some(address()),
            ..Employee::default()
        };
        let key = format!("{}-employee-{number}", demo.key);
        let request = client.once(&key, CreateEmployeeRequest { employee: Some(employee) })?;
        client.employees()?.create_employee(request).await?;
    }
    Ok(())
}

async fn sim_cards(
    client: &Client<'_>,
    demo: &DemoCompany,
    company_id: &str,
) -> anyhow::Result<()> {
    let last = demo.first_sim_card + SIM_CARDS_OF_COMPANY;
    let cards = AddSimCardsRequest {
        company_id: company_id.to_owned(),
        iccids: (demo.first_sim_card..last).filter_map(iccid).collect(),
        ..Default::default()
    };
    client.stock()?.add_sim_cards(client.request(cards)?).await?;
    Ok(())
}

/// The card of a serial number: one of the ten possible check digits fits.
pub(super) fn iccid(serial: u64) -> Option<String> {
    (0..10)
        .map(|digit| format!("895506{serial:012}{digit}"))
        .find(|text| text.parse::<Iccid>().is_ok())
}

async fn manager(
    client: &Client<'_>,
    demo: &DemoCompany,
    company_id: String,
) -> anyhow::Result<CompanyAccount> {
    let email = format!("manager@{}", demo.domain);
    appoint(client, &company_id, &email, demo.manager_password).await?;
    Ok(CompanyAccount { email, password: demo.manager_password.to_owned(), company_id })
}

/// Makes somebody the manager of a company, who then chooses a password.
pub(super) async fn appoint(
    client: &Client<'_>,
    company_id: &str,
    email: &str,
    password: &str,
) -> anyhow::Result<()> {
    let grant = PutGrantRequest {
        company_id: company_id.to_owned(),
        role: CompanyRole::Manager.into(),
        user_email: email.to_owned(),
        user_name: "Manager of the demo".to_owned(),
    };
    client.grants()?.put_grant(client.request(grant)?).await?;
    let (invitation_id, token) = client.mailed_link(email).await?;
    let password = password.to_owned();
    let acceptance = AcceptInvitationRequest { invitation_id, token, password };
    let anonymous = client.as_gateway().await?;
    anonymous.invitations()?.accept_invitation(anonymous.request(acceptance)?).await?;
    Ok(())
}

/// Somebody who signs up by a form that the company's manager opened, and proves the e-mail.
async fn holder(
    manager: &Client<'_>,
    company_id: &str,
    plan_id: &str,
) -> anyhow::Result<HolderAccount> {
    let (email, password) = HOLDER;
    let form = SignupForm {
        email: email.to_owned(),
        full_name: Some("Holder of the demo".to_owned()),
        phone_number: Some("+5541999999999".to_owned()),
        cpf: Some("11144477735".to_owned()),
        date_of_birth: Some("1994-10-29".to_owned()),
        plan_id: Some(plan_id.to_owned()),
        company_id: Some(company_id.to_owned()),
        area_code: Some(41),
        address: Some(address()),
        ..SignupForm::default()
    };
    let request = manager.once("holder", CreateSignupFormRequest { form: Some(form) })?;
    let opened = manager.signups()?.create_signup_form(request).await?.into_inner();
    let form_id = opened.form.context("no form")?.id;
    let complete = CompleteSignupRequest { form_id, password: password.to_owned() };
    let request = manager.once("holder-complete", complete)?;
    let completed = manager.signups()?.complete_signup(request).await?.into_inner();

    let (proof_id, token) = manager.mailed_link(email).await?;
    let anonymous = manager.as_gateway().await?;
    let proof = anonymous.request(ProveEmailRequest { proof_id, token })?;
    anonymous.invitations()?.prove_email(proof).await?;
    Ok(HolderAccount {
        email: email.to_owned(),
        password: password.to_owned(),
        phone_account_id: completed.line_id,
    })
}

/// A voice account, whose administrator has confirmed the e-mail.
async fn voice(stack: &Stack) -> anyhow::Result<VoiceAccount> {
    let (email, password) = VOICE;
    let client = Client::anonymous(stack).await?;
    let account = OpenVoiceAccountRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        organization_name: "Voz Clara Telefonia".to_owned(),
        phone: "(41) 3333-4444".to_owned(),
        domain: "voz-clara.example".to_owned(),
        remote_address: NOBODYS_ADDRESS.to_owned(),
    };
    let request = client.once("voice", account)?;
    client.account_users()?.open_voice_account(request).await?;
    let (user_id, token) = client.mailed_confirmation(email).await?;
    let confirmation = client.request(ConfirmEmailRequest { user_id, token })?;
    client.account_users()?.confirm_email(confirmation).await?;
    let login = LoginForAccessTokenRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        ttl: Some(-1),
        remote_address: NOBODYS_ADDRESS.to_owned(),
    };
    let logged_in = client.access_tokens()?.login_for_access_token(client.request(login)?).await?;
    let token = logged_in.into_inner().secret;
    Ok(VoiceAccount { email: email.to_owned(), password: password.to_owned(), token })
}

/// Some lines without a user, each with a SIM card.
async fn lines(
    manager: &Client<'_>,
    key: &str,
    company_id: &str,
    plan_ids: &[String],
) -> anyhow::Result<()> {
    let first_card =
        if key == AURORA.key { AURORA.first_sim_card } else { SERRA_AZUL.first_sim_card };
    for (serial, (plan_id, area_code)) in (first_card..).zip(plan_ids.iter().zip(AREA_CODES)) {
        let order = OrderLineRequest {
            company_id: company_id.to_owned(),
            plan_id: plan_id.clone(),
            area_code,
            user_id: None,
        };
        let request = manager.once(&format!("line-{serial}"), order)?;
        let ordered = manager.lines()?.order_line(request).await?.into_inner();
        let card = ActivateSimCardRequest {
            line_id: ordered.line.context("no line")?.id,
            sim_card_number: iccid(serial).context("no card")?,
        };
        let request = manager.once(&format!("card-{serial}"), card)?;
        manager.lines()?.activate_sim_card(request).await?;
    }
    Ok(())
}

pub(super) fn address() -> Address {
    Address {
        zip_code: Some("80010-010".to_owned()),
        street_name: Some("Rua Marechal Deodoro".to_owned()),
        street_number: Some("666".to_owned()),
        complement: Some("Apartamento 101".to_owned()),
        neighborhood: Some("Centro".to_owned()),
        city: Some("Curitiba".to_owned()),
        state: Some("PR".to_owned()),
    }
}

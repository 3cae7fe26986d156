use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::{Address as PbAddress, PageRequest, Permission};

use super::*;
use crate::MIGRATIONS;

async fn companies() -> (Companies, TestDatabase) {
    let (service, database) = testing::service("company", &MIGRATIONS, vec![]).await;
    (Companies { service }, database)
}

fn operator() -> Vec<Grant> {
    vec![Grant { role: Role::Operator, company_id: None }]
}

fn at(role: Role, company: &pb::Company) -> Vec<Grant> {
    vec![Grant { role, company_id: company.id.parse().ok() }]
}

fn padaria() -> pb::Company {
    pb::Company {
        official_name: " Padaria Pão Quente Ltda ".to_owned(),
        trading_name: Some("Pão Quente".to_owned()),
        cnpj: "11222333000181".to_owned(),
        phone_number: Some("(41) 3222-1234".to_owned()),
        email: "Contato@Padaria.com.br".to_owned(),
        address: Some(PbAddress { state: Some("pr".to_owned()), ..Default::default() }),
        ..Default::default()
    }
}

async fn create(companies: &Companies, company: pb::Company) -> Result<pb::Company, Status> {
    let request = pb::CreateCompanyRequest { company: Some(company) };
    let request = testing::request(request, operator(), Permission::CompaniesCreate);
    Ok(companies.create_company(request).await?.into_inner().company.unwrap())
}

async fn update(
    companies: &Companies,
    grants: Vec<Grant>,
    company: pb::Company,
    paths: &[&str],
) -> Result<pb::Company, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let update_mask = Some(prost_types::FieldMask { paths });
    let request = pb::UpdateCompanyRequest { company: Some(company), update_mask };
    let request = testing::request(request, grants, Permission::CompaniesUpdate);
    Ok(companies.update_company(request).await?.into_inner().company.unwrap())
}

async fn get(
    companies: &Companies,
    grants: Vec<Grant>,
    company_id: &str,
) -> Result<pb::Company, Status> {
    let request = pb::GetCompanyRequest { company_id: company_id.to_owned() };
    let request = testing::request(request, grants, Permission::CompaniesRead);
    Ok(companies.get_company(request).await?.into_inner().company.unwrap())
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument);
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn a_company_is_registered_in_canonical_form() {
    let (companies, _database) = companies().await;
    let company = create(&companies, padaria()).await.unwrap();
    assert_eq!(company.official_name, "Padaria Pão Quente Ltda");
    assert_eq!(company.cnpj, "11.222.333/0001-81");
    assert_eq!(company.phone_number.as_deref(), Some("+554132221234"));
    assert_eq!(company.email, "contato@padaria.com.br");
    assert_eq!(company.address.as_ref().unwrap().state.as_deref(), Some("PR"));
    assert_eq!(company.status(), pb::CompanyStatus::Active);
    assert_eq!(company.kind(), pb::CompanyKind::Customer);
    assert_eq!(get(&companies, operator(), &company.id).await.unwrap(), company);

    let again = create(&companies, padaria()).await.unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    assert_eq!(Refusal::of(&again).reason, "CNPJ_TAKEN");
}

#[tokio::test]
async fn every_wrong_field_of_a_company_is_named() {
    let (companies, _database) = companies().await;
    let company = pb::Company {
        kind: 99,
        official_name: "x".repeat(201),
        trading_name: Some("y".repeat(201)),
        cnpj: "11222333000182".to_owned(),
        phone_number: Some("+1 212 555 0100".to_owned()),
        email: String::new(),
        billing_email: Some("nobody".to_owned()),
        address: Some(PbAddress { zip_code: Some("1".to_owned()), ..Default::default() }),
        ..Default::default()
    };
    let refusal = create(&companies, company).await.unwrap_err();
    let expected = [
        "company.kind",
        "company.official_name",
        "company.trading_name",
        "company.cnpj",
        "company.phone_number",
        "company.email",
        "company.billing_email",
        "company.address.zip_code",
    ];
    assert_eq!(wrong_fields(&refusal), expected);
}

#[tokio::test]
async fn a_manager_changes_what_the_mask_names() {
    let (companies, _database) = companies().await;
    let company = create(&companies, padaria()).await.unwrap();
    let manager = || at(Role::Manager, &company);
    let id = company.id.clone();
    let new = pb::Company {
        id: id.clone(),
        official_name: "Padaria Nova".to_owned(),
        email: "ignored".to_owned(),
        ..Default::default()
    };
    let changed =
        update(&companies, manager(), new, &["official_name", "trading_name"]).await.unwrap();
    assert_eq!(changed.official_name, "Padaria Nova");
    assert_eq!(changed.trading_name, None);
    assert_eq!((&changed.email, &changed.address), (&company.email, &company.address));
    assert_eq!(get(&companies, manager(), &id).await.unwrap(), changed);

    let cleared = pb::Company { id: id.clone(), ..Default::default() };
    let paths = ["official_name", "cnpj", "email", "status", "phone_number"];
    let refusal = update(&companies, manager(), cleared, &paths).await.unwrap_err();
    let expected = ["company.official_name", "company.cnpj", "company.email", "update_mask"];
    assert_eq!(wrong_fields(&refusal), expected);
}

#[tokio::test]
async fn others_companies_do_not_exist_and_members_only_read() {
    let (companies, _database) = companies().await;
    let mine = create(&companies, padaria()).await.unwrap();
    let other = pb::Company { cnpj: "12ABC34501DE35".to_owned(), ..padaria() };
    let other = create(&companies, other).await.unwrap();
    for refusal in [
        get(&companies, at(Role::Manager, &mine), &other.id).await.unwrap_err(),
        get(&companies, operator(), &CompanyId::generate().to_string()).await.unwrap_err(),
        update(&companies, at(Role::Manager, &mine), other.clone(), &[]).await.unwrap_err(),
    ] {
        assert_eq!(refusal.code(), Code::NotFound);
        assert_eq!(Refusal::of(&refusal).reason, "COMPANY_NOT_FOUND");
    }
    assert!(get(&companies, at(Role::Member, &mine), &mine.id).await.is_ok());
    let refusal = update(&companies, at(Role::Member, &mine), mine.clone(), &[]).await;
    assert_eq!(refusal.unwrap_err().code(), Code::PermissionDenied);

    let company_ids = vec![mine.id.clone(), other.id, CompanyId::generate().to_string()];
    let request = pb::BatchGetCompaniesRequest { company_ids };
    let request = testing::request(request, at(Role::Member, &mine), Permission::CompaniesRead);
    let found = companies.batch_get_companies(request).await.unwrap().into_inner();
    assert_eq!(found.companies, [mine]);
}

#[tokio::test]
async fn batches_and_terms_are_bounded() {
    let (companies, _database) = companies().await;
    let company_ids = vec![CompanyId::generate().to_string(); BATCH_MAX + 1];
    let request = pb::BatchGetCompaniesRequest { company_ids };
    let request = testing::request(request, operator(), Permission::CompaniesRead);
    let refusal = companies.batch_get_companies(request).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["company_ids"]);

    let request = pb::ListCompaniesRequest { search_term: "x".repeat(201), ..Default::default() };
    let request = testing::request(request, operator(), Permission::CompaniesCreate);
    let refusal = companies.list_companies(request).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["search_term"]);
}

#[tokio::test]
async fn a_list_tells_how_it_goes_on() {
    let (companies, _database) = companies().await;
    let first = create(&companies, padaria()).await.unwrap();
    let second = pb::Company { cnpj: "12ABC34501DE35".to_owned(), ..padaria() };
    let second = create(&companies, second).await.unwrap();
    let list = async |page_token| {
        let page = Some(PageRequest { page_size: 1, page_token, skip: 0 });
        let request = pb::ListCompaniesRequest {
            search_term: " PAO ".to_owned(),
            page,
            kind: 0,
            every_kind: false,
        };
        let request = testing::request(request, operator(), Permission::CompaniesCreate);
        let answer = companies.list_companies(request).await.unwrap().into_inner();
        (answer.companies, answer.page.unwrap())
    };
    let (newest, page) = list(String::new()).await;
    assert_eq!((newest, page.total_size), (vec![second], 2));
    let (oldest, page) = list(page.next_page_token).await;
    assert_eq!((oldest, page.total_size), (vec![first], 2));
    assert_eq!(page.next_page_token, "");
}

fn api4com(company_id: CompanyId) -> pb::OpenVoiceAccountRequest {
    pb::OpenVoiceAccountRequest {
        company_id: company_id.to_string(),
        name: "Api4Com - API de Voz".to_owned(),
        email: "Suporte@api4com.com".to_owned(),
        phone: "4833328530".to_owned(),
        domain: "suporte.api4com.com".to_owned(),
    }
}

async fn open(
    companies: &Companies,
    request: pb::OpenVoiceAccountRequest,
) -> Result<pb::Company, Status> {
    let grants = vec![Grant { role: Role::Service, company_id: None }];
    let request = testing::request(request, grants, Permission::VoiceAccountsOpen);
    Ok(companies.open_voice_account(request).await?.into_inner().company.unwrap())
}

async fn list(companies: &Companies, kind: pb::CompanyKind) -> Vec<pb::Company> {
    let request = pb::ListCompaniesRequest { kind: kind.into(), ..Default::default() };
    let request = testing::request(request, operator(), Permission::CompaniesCreate);
    companies.list_companies(request).await.unwrap().into_inner().companies
}

#[tokio::test]
async fn a_voice_account_is_opened_once_under_its_id() {
    let (companies, _database) = companies().await;
    let company_id = CompanyId::generate();
    let account = open(&companies, api4com(company_id)).await.unwrap();
    assert_eq!(account.id, company_id.to_string());
    assert_eq!(account.kind(), pb::CompanyKind::VoiceAccount);
    assert_eq!((account.cnpj.as_str(), account.domain.as_str()), ("", "suporte.api4com.com"));
    assert_eq!(account.phone_number.as_deref(), Some("4833328530"));
    assert_eq!(account.email, "suporte@api4com.com");

    let again = pb::OpenVoiceAccountRequest { name: "Other".to_owned(), ..api4com(company_id) };
    assert_eq!(open(&companies, again).await.unwrap(), account, "nothing changes");
    assert_eq!(get(&companies, at(Role::Member, &account), &account.id).await.unwrap(), account);
    assert_eq!(list(&companies, pb::CompanyKind::VoiceAccount).await, [account]);
    assert!(list(&companies, pb::CompanyKind::Unspecified).await.is_empty());
}

#[tokio::test]
async fn a_domain_is_one_accounts_also_when_two_open_it_at_once() {
    let (companies, _database) = companies().await;
    let opened =
        futures::future::join_all((0..6).map(|_| open(&companies, api4com(CompanyId::generate()))))
            .await;
    let (opened, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    assert_eq!(opened.len(), 1);
    for refusal in refused.into_iter().filter_map(Result::err) {
        assert_eq!(refusal.code(), Code::AlreadyExists);
        assert_eq!(Refusal::of(&refusal).reason, "DOMAIN_TAKEN");
    }
    let company_id = CompanyId::generate();
    let same = futures::future::join_all((0..6).map(|_| {
        let domain = "other.api4com.com".to_owned();
        open(&companies, pb::OpenVoiceAccountRequest { domain, ..api4com(company_id) })
    }))
    .await;
    assert!(same.iter().all(|opened| opened.is_ok()), "{same:?}");
}

#[tokio::test]
async fn every_wrong_field_of_a_voice_account_is_named() {
    let (companies, _database) = companies().await;
    let wrong = pb::OpenVoiceAccountRequest {
        company_id: "x".to_owned(),
        name: "n".repeat(101),
        email: "nobody".to_owned(),
        phone: "1".repeat(21),
        domain: "Upper.example".to_owned(),
    };
    let refusal = open(&companies, wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["company_id", "name", "email", "phone", "domain"]);
}

#[tokio::test]
async fn a_voice_account_may_get_a_cnpj_and_a_customer_always_has_one() {
    let (companies, _database) = companies().await;
    let account = open(&companies, api4com(CompanyId::generate())).await.unwrap();
    let named = pb::Company { trading_name: Some("Api4Com".to_owned()), ..account.clone() };
    let manager = || at(Role::Manager, &account);
    let changed = update(&companies, manager(), named.clone(), &["trading_name"]).await.unwrap();
    assert_eq!((changed.cnpj.as_str(), &changed.phone_number), ("", &account.phone_number));
    let with_cnpj = pb::Company { cnpj: "11222333000181".to_owned(), ..named };
    let changed = update(&companies, manager(), with_cnpj, &["cnpj"]).await.unwrap();
    assert_eq!(changed.cnpj, "11.222.333/0001-81");
    let refusal = create(&companies, padaria()).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "CNPJ_TAKEN");

    let kind = pb::CompanyKind::VoiceAccount.into();
    let refusal = create(&companies, pb::Company { kind, ..padaria() }).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["company.kind"]);
    let bare = sqlx::query("update company set cnpj = null, kind = 'customer', domain = null")
        .execute(&companies.service.db)
        .await;
    assert!(bare.is_err(), "the table knows it too");
}

use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use proto::common::v1::{PageRequest, Permission};

use super::*;
use crate::MIGRATIONS;
use crate::languages::LANGUAGES_MAX;
use crate::organizations::testing::workspace;

#[tokio::test]
async fn an_organization_speaks_two_hundred_languages_at_the_most() {
    let (service, _database) = testing::service("company", &MIGRATIONS, vec![]).await;
    let rpcs = Languages { service };
    let (db, role) = (&rpcs.service.db, Role::Manager);
    let (acme, other) = (workspace(db, "production").await, workspace(db, "production").await);
    sqlx::query(
        "insert into language (company_id, tag)
         select $1, 'en-x-' || number from generate_series(1, $2 - 1) as number",
    )
    .bind(acme.0)
    .bind(LANGUAGES_MAX)
    .execute(db)
    .await
    .unwrap();
    let add = async |company_id: brazil::CompanyId, tag: &str| {
        let request =
            pb::CreateLanguageRequest { organization_id: String::new(), tag: tag.to_owned() };
        let grants = vec![Grant { role, company_id: Some(company_id.0) }];
        let request = testing::request(request, grants, Permission::OrganizationsManage);
        rpcs.create_language(request).await
    };
    let reason = |refused: &Status| Refusal::of(refused).reason;
    let refused = match tokio::join!(add(acme, "de"), add(acme, "fr")) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        outcomes => panic!("{outcomes:?}"),
    };
    assert_eq!(reason(&refused), "TOO_MANY_LANGUAGES");
    let known = add(acme, "en-x-1").await.unwrap_err();
    assert_eq!(reason(&known), "LANGUAGE_EXISTS");
    add(other, "de").await.unwrap();

    let page = Some(PageRequest { page_size: 1, skip: 0, page_token: String::new() });
    let request = pb::ListLanguagesRequest { organization_id: String::new(), page };
    let grants = vec![Grant { role, company_id: Some(acme.0) }];
    let request = testing::request(request, grants, Permission::OrganizationsRead);
    let listed = rpcs.list_languages(request).await.unwrap().into_inner();
    assert_eq!(listed.page.unwrap().total_size, LANGUAGES_MAX);
}

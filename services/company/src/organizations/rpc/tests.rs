use chassis::auth::{Claims, Grant, Role, SubjectKind};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::{PageRequest, Permission};
use tonic::Code;

use super::*;
use crate::MIGRATIONS;

async fn organizations() -> (Organizations, TestDatabase) {
    let subscriptions = vec![];
    let (service, database) = testing::service("company", &MIGRATIONS, subscriptions).await;
    (Organizations { service, pictures: Pictures::new() }, database)
}

/// A request of somebody whose e-mail is proven.
fn of<T>(user: Uuid, grants: Vec<Grant>, permission: Permission, message: T) -> Request<T> {
    let claims = Claims::new(user.to_string(), SubjectKind::User, grants, 0, 0, i64::MAX);
    let claims = claims.with_email("ana@acme.example".parse().ok());
    testing::request_with(message, claims, permission)
}

fn at(role: Role, organization: &pb::Organization) -> Vec<Grant> {
    vec![Grant { role, company_id: organization.company_id.parse().ok() }]
}

async fn open_as(
    rpcs: &Organizations,
    user: Uuid,
    request: pb::CreateOrganizationRequest,
) -> Result<pb::Organization, Status> {
    let request = of(user, vec![], Permission::OrganizationsOpen, request);
    Ok(rpcs.create_organization(request).await?.into_inner().organization.unwrap())
}

fn named(name: &str) -> pb::CreateOrganizationRequest {
    pb::CreateOrganizationRequest { name: name.to_owned(), r#type: None, slug: None }
}

fn demo(name: &str) -> pb::CreateOrganizationRequest {
    pb::CreateOrganizationRequest { r#type: Some("demo".to_owned()), ..named(name) }
}

async fn open(rpcs: &Organizations, request: pb::CreateOrganizationRequest) -> pb::Organization {
    open_as(rpcs, Uuid::now_v7(), request).await.unwrap()
}

async fn get(
    rpcs: &Organizations,
    grants: Vec<Grant>,
    organization_id: &str,
) -> Result<pb::Organization, Status> {
    let request = pb::GetOrganizationRequest { organization_id: organization_id.to_owned() };
    let request = testing::request(request, grants, Permission::OrganizationsRead);
    Ok(rpcs.get_organization(request).await?.into_inner().organization.unwrap())
}

fn reason(status: &Status) -> String {
    Refusal::of(status).reason
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn an_organization_is_opened_with_a_slug_of_its_own() {
    let (rpcs, _database) = organizations().await;
    let acme = open(&rpcs, named(" Padaria São João ")).await;
    assert_eq!((acme.name.as_str(), acme.slug.as_str()), ("Padaria São João", "padaria-sao-joao"));
    assert_eq!(acme.id.len(), 8);
    assert_eq!(acme.status(), pb::OrganizationStatus::Active);
    assert_eq!(acme.r#type(), pb::OrganizationType::Production);
    let second = open(&rpcs, named("Padaria Sao Joao")).await;
    assert_eq!(second.slug, "padaria-sao-joao-2");
    assert_eq!(open(&rpcs, named("日本")).await.slug, "org-1");
    assert_eq!(open(&rpcs, named("中国")).await.slug, "org-2");

    let chosen =
        |slug: &str| pb::CreateOrganizationRequest { slug: Some(slug.to_owned()), ..named("Acme") };
    assert_eq!(open(&rpcs, chosen("acme")).await.slug, "acme");
    let taken = open_as(&rpcs, Uuid::now_v7(), chosen("acme")).await.unwrap_err();
    assert_eq!((taken.code(), reason(&taken).as_str()), (Code::AlreadyExists, "SLUG_TAKEN"));
    assert_eq!(open(&rpcs, named("Acme")).await.slug, "acme-2");
    assert_eq!(open(&rpcs, named(&"a".repeat(250))).await.slug, "a".repeat(63));
    let long = open(&rpcs, named(&"a".repeat(250))).await.slug;
    assert_eq!(long, "a".repeat(61) + "-2");
}

#[tokio::test]
async fn a_name_that_many_have_makes_a_slug_still() {
    let (rpcs, _database) = organizations().await;
    let opened = futures::future::join_all((0..18).map(|_| open(&rpcs, named("Acme")))).await;
    let mut slugs: Vec<_> = opened.into_iter().map(|opened| opened.slug).collect();
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 18, "whoever hurries has a slug too: {slugs:?}");
    // All that come in their order are taken.
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, status, search, created_at, updated_at)
         select ('00000000-0000-0000-0000-' || lpad(number::text, 12, '0'))::uuid, 'organization',
                'x', 'active', 'x', now(), now()
           from generate_series(19, 40) as number",
    )
    .execute(&rpcs.service.db)
    .await
    .unwrap();
    sqlx::query(
        "insert into workspace (company_id, organization_id, type, status, slug, opened_by)
         select company_id, 'n' || right(company_id::text, 7), 'production', 'active',
                'acme-' || ltrim(right(company_id::text, 12), '0'), company_id
           from company where official_name = 'x'",
    )
    .execute(&rpcs.service.db)
    .await
    .unwrap();
    let drawn = open(&rpcs, named("Acme")).await.slug;
    let number: i64 = drawn.strip_prefix("acme-").unwrap().parse().unwrap();
    assert!(number > 20 && !(19..=40).contains(&number), "{drawn}");
}

#[tokio::test]
async fn whoever_chooses_no_slug_has_one_whatever_others_choose_at_that_moment() {
    let (rpcs, _database) = organizations().await;
    let chosen = |slug: &str| pb::CreateOrganizationRequest {
        slug: Some(slug.to_owned()),
        ..named("Padaria")
    };
    for town in ["A", "B", "C", "D"] {
        // A second of the first name is called as the first of the second name.
        let names = [format!("Acme {town}"), format!("Acme {town} 2"), "日本".to_owned()];
        let opening = names.iter().cycle().take(12).map(|name| open(&rpcs, named(name)));
        let slug = format!("acme-{}", town.to_lowercase());
        let slugs = [slug.clone(), format!("{slug}-2"), format!("{slug}-3"), "org-2".to_owned()];
        let choosing = slugs.iter().map(|slug| open_as(&rpcs, Uuid::now_v7(), chosen(slug)));
        let (_, chosen) =
            futures::join!(futures::future::join_all(opening), futures::future::join_all(choosing));
        for refusal in chosen.into_iter().filter_map(Result::err) {
            assert_eq!(reason(&refusal), "SLUG_TAKEN");
        }
    }
}

#[tokio::test]
async fn a_slug_that_somebody_is_choosing_is_waited_for() {
    let (rpcs, _database) = organizations().await;
    let db = &rpcs.service.db;
    let choosing = Opening {
        company_id: CompanyId::generate(),
        organization_id: new_public_id(),
        purpose: Type::Production,
        name: "Padaria".to_owned(),
        slug: Some("acme".to_owned()),
        opened_by: Uuid::now_v7(),
        opened_at: rpcs.service.clock.now(),
    };
    let mut tx = db.begin().await.unwrap();
    let chosen = store::open(&mut tx, &choosing, "padaria").await.unwrap();
    let somebody_waits = "select exists (select from pg_stat_activity
                                 where wait_event_type = 'Lock' and datname = current_database())";
    let commit = async {
        while !sqlx::query_scalar::<_, bool>(somebody_waits).fetch_one(db).await.unwrap() {}
        tx.commit().await.unwrap();
    };
    let (made, ()) = futures::join!(open(&rpcs, named("Acme")), commit);
    assert_eq!((chosen.slug.as_str(), made.slug.as_str()), ("acme", "acme-2"));
}

#[tokio::test]
async fn every_wrong_member_of_an_organization_is_named() {
    let (rpcs, _database) = organizations().await;
    let wrong = pb::CreateOrganizationRequest {
        name: "x".repeat(251),
        r#type: Some("toy".to_owned()),
        slug: Some("No Slug".to_owned()),
    };
    let refusal = open_as(&rpcs, Uuid::now_v7(), wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["name", "type", "slug"]);
    let refusal = open_as(&rpcs, Uuid::now_v7(), named(" ")).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["name"]);
}

#[tokio::test]
async fn one_person_opens_ten_also_when_they_hurry() {
    let (rpcs, _database) = organizations().await;
    let ana = Uuid::now_v7();
    let opened =
        futures::future::join_all((0..12).map(|_| open_as(&rpcs, ana, named("Acme")))).await;
    let refused: Vec<_> = opened.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|refusal| reason(refusal) == "TOO_MANY_ORGANIZATIONS"));
    open(&rpcs, named("Acme")).await;
}

#[tokio::test]
async fn whoever_has_not_proven_their_email_opens_none() {
    let (rpcs, _database) = organizations().await;
    let request = testing::request(named("Acme"), vec![], Permission::OrganizationsOpen);
    let refusal = rpcs.create_organization(request).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::PermissionDenied, "EMAIL_NOT_PROVEN")
    );
}

#[tokio::test]
async fn the_current_organization_is_the_oldest_membership() {
    let (rpcs, _database) = organizations().await;
    let (first, second) = (open(&rpcs, named("A")).await, open(&rpcs, named("B")).await);
    let no_organization = Grant { role: Role::Manager, company_id: Some(Uuid::now_v7()) };
    let mut grants = vec![no_organization];
    grants.extend(at(Role::Member, &second));
    grants.extend(at(Role::Member, &first));
    assert_eq!(get(&rpcs, grants.clone(), "").await.unwrap(), second);
    assert_eq!(get(&rpcs, grants.clone(), &first.id).await.unwrap(), first);
    for (grants, id) in [
        (vec![no_organization], ""),
        (at(Role::Manager, &second), first.id.as_str()),
        (vec![Grant { role: Role::Operator, company_id: None }], "zzzzzzzz"),
    ] {
        let refusal = get(&rpcs, grants, id).await.unwrap_err();
        assert_eq!(reason(&refusal), "ORGANIZATION_NOT_FOUND");
    }

    let list = async |page_size, skip| {
        let page = Some(PageRequest { page_size, skip, page_token: String::new() });
        let request = pb::ListOrganizationsRequest { page };
        let request = testing::request(request, grants.clone(), Permission::OrganizationsRead);
        let answer = rpcs.list_organizations(request).await.unwrap().into_inner();
        let ids: Vec<_> = answer.organizations.into_iter().map(|found| found.id).collect();
        (ids, answer.page.unwrap().total_size)
    };
    let mut ids = [first.id.clone(), second.id.clone()];
    ids.sort();
    assert_eq!(list(10, 0).await, (ids.to_vec(), 2));
    assert_eq!(list(1, 1).await, (vec![ids[1].clone()], 2));
    assert_eq!(list(1, 2).await, (vec![], 2));
}

#[tokio::test]
async fn a_suspended_organization_is_only_read() {
    let (rpcs, _database) = organizations().await;
    let acme = open(&rpcs, named("Acme")).await;
    let footer = |grants, html: Option<&str>| {
        let request = pb::SetMailFooterRequest {
            organization_id: acme.id.clone(),
            mail_footer: html.map(str::to_owned),
            given: true,
        };
        rpcs.set_mail_footer(testing::request(request, grants, Permission::OrganizationsManage))
    };
    let dirty = Some("<p onclick=\"x\">Acme<script>x</script></p>");
    let clean = footer(at(Role::Manager, &acme), dirty).await.unwrap().into_inner();
    assert_eq!(clean.mail_footer.as_deref(), Some("<p>Acme</p>"));
    let denied = footer(at(Role::Member, &acme), None).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let long = footer(at(Role::Manager, &acme), Some(&"x".repeat(20_001))).await.unwrap_err();
    assert_eq!(wrong_fields(&long), ["mail_footer"]);

    let suspend = pb::SetOrganizationStatusRequest {
        organization_id: acme.id.clone(),
        status: pb::OrganizationStatus::Suspended.into(),
    };
    let operator = vec![Grant { role: Role::Operator, company_id: None }];
    let request = testing::request(suspend, operator, Permission::OrganizationsRule);
    rpcs.set_organization_status(request).await.unwrap();
    let refusal = footer(at(Role::Manager, &acme), None).await.unwrap_err();
    assert_eq!(reason(&refusal), "ORGANIZATION_READ_ONLY");
    let read = get(&rpcs, at(Role::Member, &acme), "").await.unwrap();
    assert_eq!(read.status(), pb::OrganizationStatus::Suspended);
}

fn png(side: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::DynamicImage::ImageRgb8(image::RgbImage::new(side, side));
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

async fn put(
    rpcs: &Organizations,
    organization: &pb::Organization,
    kind: pb::PictureKind,
    content: Vec<u8>,
) -> Result<pb::Organization, Status> {
    let organization_id = organization.id.clone();
    let request = pb::PutPictureRequest { organization_id, kind: kind.into(), content };
    let grants = at(Role::Manager, organization);
    let request = testing::request(request, grants, Permission::OrganizationsManage);
    Ok(rpcs.put_picture(request).await?.into_inner().organization.unwrap())
}

#[tokio::test]
async fn a_picture_takes_the_place_of_the_former_one() {
    let (rpcs, _database) = organizations().await;
    let (acme, other) = (open(&rpcs, demo("Acme")).await, open(&rpcs, named("Other")).await);
    let kinds = (pb::PictureKind::Icon, pb::PictureKind::Logo);
    let configs = put(&rpcs, &acme, kinds.0, png(2)).await.unwrap().configs;
    let [icon] = configs.as_slice() else { panic!("{configs:?}") };
    assert_eq!(
        (icon.key.as_str(), icon.value.clone()),
        ("icon", format!("/organizations/{}/icon", acme.id))
    );
    assert!(get(&rpcs, at(Role::Member, &acme), "").await.unwrap().configs.is_empty());
    put(&rpcs, &other, kinds.0, png(2)).await.unwrap();
    put(&rpcs, &acme, kinds.1, png(3)).await.unwrap();
    put(&rpcs, &acme, kinds.0, png(4)).await.unwrap();
    let stored: i64 = sqlx::query_scalar("select count(*) from upload")
        .fetch_one(&rpcs.service.db)
        .await
        .unwrap();
    assert_eq!(stored, 3, "the other's picture has the content of the former one");
    let refusal = put(&rpcs, &acme, kinds.0, b"<svg/>".to_vec()).await.unwrap_err();
    assert_eq!(
        (reason(&refusal).as_str(), wrong_fields(&refusal)),
        ("INVALID_PICTURE", vec!["file".to_owned()])
    );

    let read = async |organization: &pb::Organization, kind: pb::PictureKind| {
        let organization_id = organization.id.clone();
        let request = pb::GetPictureRequest { organization_id, kind: kind.into() };
        let grants = at(Role::Member, organization);
        let request = testing::request(request, grants, Permission::OrganizationsRead);
        rpcs.get_picture(request).await.map(Response::into_inner)
    };
    let icon = read(&acme, kinds.0).await.unwrap();
    assert_eq!(icon.media_type, "image/png");
    assert_eq!(image::load_from_memory(&icon.content).unwrap().width(), 4);
    assert_eq!(reason(&read(&other, kinds.1).await.unwrap_err()), "PICTURE_NOT_FOUND");

    let clear = |organization: &pb::Organization| {
        let organization_id = organization.id.clone();
        let grants = at(Role::Manager, organization);
        let request = pb::ClearOrganizationRequest { organization_id };
        rpcs.clear_organization(testing::request(request, grants, Permission::OrganizationsManage))
    };
    let cleared = clear(&acme).await.unwrap().into_inner().organization.unwrap();
    assert!(cleared.configs.is_empty());
    assert_eq!(reason(&clear(&other).await.unwrap_err()), "ORGANIZATION_NOT_DEMO");
    assert!(read(&other, kinds.0).await.is_ok());
    let stored: i64 = sqlx::query_scalar("select count(*) from upload")
        .fetch_one(&rpcs.service.db)
        .await
        .unwrap();
    assert_eq!(stored, 1);
}

#[tokio::test]
async fn services_learn_the_mail_footer_and_people_their_own_organizations() {
    let (rpcs, _database) = organizations().await;
    let (acme, other) = (open(&rpcs, named("Acme")).await, open(&rpcs, named("Other")).await);
    sqlx::query("update workspace set mail_footer = '<p>x</p>'")
        .execute(&rpcs.service.db)
        .await
        .unwrap();
    let batch = pb::BatchGetOrganizationsRequest {
        company_ids: vec![acme.company_id.clone(), Uuid::now_v7().to_string()],
        organization_ids: vec![other.id.clone()],
    };
    let service = vec![Grant { role: Role::Service, company_id: None }];
    let claims = Claims::new("billing".to_owned(), SubjectKind::Service, service, 0, 0, i64::MAX);
    let request = testing::request_with(batch.clone(), claims, Permission::OrganizationsRead);
    let found = rpcs.batch_get_organizations(request).await.unwrap().into_inner().organizations;
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|found| found.mail_footer.as_deref() == Some("<p>x</p>")));

    let request = testing::request(batch, at(Role::Manager, &acme), Permission::OrganizationsRead);
    let found = rpcs.batch_get_organizations(request).await.unwrap().into_inner().organizations;
    assert_eq!(found, [acme]);
}

use chassis::auth::{Claims, Grant, Role, SubjectKind};
use chassis::refusal::Refusal;
use proto::common::v1::Permission;
use tonic::Code;

use super::*;

struct World {
    extensions: Extensions,
    company_id: CompanyId,
    _database: Box<dyn Send>,
}

impl World {
    async fn new() -> Self {
        let (service, database) =
            chassis::testing::service("telecom", &crate::MIGRATIONS, vec![]).await;
        let company_id = CompanyId::generate();
        let account = VoiceAccount { company_id, domain: "acme.example.com".to_owned() };
        store::keep_account(&service.db, &account, service.clock.now()).await.unwrap();
        Self { extensions: Extensions { service }, company_id, _database: Box::new(database) }
    }

    fn wanted(&self, number: &str) -> pb::Extension {
        pb::Extension {
            company_id: self.company_id.to_string(),
            number: number.to_owned(),
            first_name: "Silvio".to_owned(),
            last_name: Some("Fernandes".to_owned()),
            email: Some("suporte@api4com.com".to_owned()),
            ..pb::Extension::default()
        }
    }

    async fn create(
        &self,
        extension: pb::Extension,
        secret: Option<&str>,
    ) -> Result<pb::CreateExtensionResponse, Status> {
        let secret = secret.map(str::to_owned);
        let message = pb::CreateExtensionRequest { extension: Some(extension), secret };
        let request = self.of(Role::Manager, Permission::ExtensionsManage, message);
        self.extensions.create_extension(request).await.map(Response::into_inner)
    }

    async fn update(
        &self,
        message: pb::UpdateExtensionRequest,
    ) -> Result<pb::UpdateExtensionResponse, Status> {
        let request = self.of(Role::Manager, Permission::ExtensionsManage, message);
        self.extensions.update_extension(request).await.map(Response::into_inner)
    }

    fn of<T>(&self, role: Role, permission: Permission, message: T) -> Request<T> {
        let grant = Grant { role, company_id: Some(self.company_id.into()) };
        chassis::testing::request(message, vec![grant], permission)
    }

    fn member<T>(&self, email: &str, message: T) -> Request<T> {
        let grants = vec![Grant { role: Role::Member, company_id: Some(self.company_id.into()) }];
        let sub = brazil::UserId::generate().to_string();
        let claims = Claims::new(sub, SubjectKind::User, grants, 0, 0, i64::MAX)
            .with_email(Some(email.parse().unwrap()));
        chassis::testing::request_with(message, claims, Permission::ExtensionsRead)
    }

    async fn add_line(&self, number: &str, status: &str) {
        sqlx::query(
            "insert into line (
                 line_id, company_id, visible_to_user, provider, phone_number, status, plan_id,
                 area_code, awaiting_approval, number_assigned_at, activated_at, created_at,
                 updated_at, blocks
             )
             values (gen_random_uuid(), $1, false, 'x', $2, $3, gen_random_uuid(), 48, false,
                     now(), now(), now(), now(),
                     case when $3 = 'blocked' then '{theft}'::text[] else '{}' end)",
        )
        .bind(self.company_id.0)
        .bind(number)
        .bind(status)
        .execute(&self.extensions.service.db)
        .await
        .unwrap();
    }
}

fn wrong(status: &Status) -> Vec<String> {
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn an_extension_has_a_secret_that_is_shown_once_and_sealed() {
    let world = World::new().await;
    let made = world.create(world.wanted("1001"), Some("PwDLooL!")).await.unwrap();
    assert_eq!(made.secret, "PwDLooL!");
    let extension = made.extension.unwrap();
    assert_eq!(
        (extension.domain.as_str(), extension.number.as_str()),
        ("acme.example.com", "1001")
    );
    let sealed: Vec<u8> = sqlx::query_scalar("select secret_sealed from extension")
        .fetch_one(&world.extensions.service.db)
        .await
        .unwrap();
    assert!(!sealed.windows(8).any(|bytes| bytes == b"PwDLooL!"));
    let opened = world.extensions.service.keyring.open_text(SECRET_CONTEXT, &sealed);
    assert_eq!(opened.unwrap(), "PwDLooL!");

    let made = world.create(world.wanted(""), None).await.unwrap();
    assert_eq!((made.secret.len(), made.extension.unwrap().number), (16, "1000".to_owned()));
    let taken = world.create(world.wanted("1001"), None).await.unwrap_err();
    assert_eq!(Refusal::of(&taken).reason, "EXTENSION_NUMBER_TAKEN");
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let world = World::new().await;
    let wanted = pb::Extension {
        first_name: String::new(),
        last_name: Some("x".repeat(101)),
        email: Some("nobody".to_owned()),
        caller_id: "+5548".to_owned(),
        ..world.wanted("12")
    };
    let refused = world.create(wanted, Some("short")).await.unwrap_err();
    let expected = [
        "extension.number",
        "secret",
        "extension.caller_id",
        "extension.first_name",
        "extension.last_name",
        "extension.email",
    ];
    assert_eq!(wrong(&refused), expected);
}

#[tokio::test]
async fn nobody_shows_a_number_that_is_not_theirs() {
    let world = World::new().await;
    world.add_line("+5548987654321", "active").await;
    world.add_line("+5548987654322", "blocked").await;
    let showing = |number: &str| pb::Extension { caller_id: number.to_owned(), ..world.wanted("") };
    for bad in ["48987654322", "48987654323", "4833328530", "+5548987654321"] {
        let refused = world.create(showing(bad), None).await.unwrap_err();
        assert_eq!(wrong(&refused), ["extension.caller_id"], "{bad}");
    }
    let made = world.create(showing("48987654321"), None).await.unwrap();
    let extension = made.extension.unwrap();
    assert_eq!(extension.caller_id, "48987654321");
    let message = pb::UpdateExtensionRequest {
        company_id: world.company_id.to_string(),
        id: extension.id,
        caller_id: Some("48987654322".to_owned()),
        ..pb::UpdateExtensionRequest::default()
    };
    assert_eq!(wrong(&world.update(message).await.unwrap_err()), ["caller_id"]);
}

#[tokio::test]
async fn what_is_absent_stays_and_what_is_empty_goes() {
    let world = World::new().await;
    let made = world.create(world.wanted("1001"), None).await.unwrap().extension.unwrap();
    let change = || pb::UpdateExtensionRequest {
        company_id: world.company_id.to_string(),
        id: made.id,
        ..pb::UpdateExtensionRequest::default()
    };
    let answer = world.update(change()).await.unwrap();
    assert_eq!(answer.secret, None);
    let updated_at = answer.extension.as_ref().unwrap().updated_at;
    assert_eq!(answer.extension.unwrap(), pb::Extension { updated_at, ..made.clone() });

    let message = pb::UpdateExtensionRequest {
        last_name: Some(String::new()),
        record_audio: Some(true),
        secret: Some(String::new()),
        ..change()
    };
    let answer = world.update(message).await.unwrap();
    assert_eq!(answer.secret.map(|secret| secret.len()), Some(16));
    let changed = answer.extension.unwrap();
    assert_eq!((changed.last_name, changed.record_audio), (None, true));
    let message = pb::UpdateExtensionRequest { first_name: Some(" ".to_owned()), ..change() };
    assert_eq!(wrong(&world.update(message).await.unwrap_err()), ["first_name"]);
    let message = pb::UpdateExtensionRequest { id: made.id + 1, ..change() };
    let absent = world.update(message).await.unwrap_err();
    assert_eq!(Refusal::of(&absent).reason, "EXTENSION_NOT_FOUND");
}

#[tokio::test]
async fn a_member_sees_their_own_and_changes_nothing() {
    let world = World::new().await;
    let own = world.create(world.wanted("1001"), None).await.unwrap().extension.unwrap();
    let other = pb::Extension { email: None, ..world.wanted("1002") };
    let other = world.create(other, None).await.unwrap().extension.unwrap();
    let company_id = world.company_id.to_string();
    let list = pb::ListExtensionsRequest { company_id: company_id.clone(), query: None };
    let request = world.member("Suporte@api4com.com", list.clone());
    let listed = world.extensions.list_extensions(request).await.unwrap().into_inner();
    assert_eq!(listed.extensions, vec![own.clone()]);
    let request = world.of(Role::Manager, Permission::ExtensionsRead, list);
    let listed = world.extensions.list_extensions(request).await.unwrap().into_inner();
    assert_eq!(listed.extensions, [own.clone(), other.clone()]);

    let get = async |id| {
        let message = pb::GetExtensionRequest { company_id: company_id.clone(), id };
        world.extensions.get_extension(world.member("suporte@api4com.com", message)).await
    };
    assert!(get(own.id).await.is_ok());
    assert_eq!(get(other.id).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(get(other.id + 1).await.unwrap_err().code(), Code::NotFound);
    let delete = async |id| {
        let message = pb::DeleteExtensionRequest { company_id: company_id.clone(), id };
        let request = world.of(Role::Member, Permission::ExtensionsManage, message);
        world.extensions.delete_extension(request).await.unwrap_err().code()
    };
    assert_eq!(delete(own.id).await, Code::PermissionDenied);
    assert_eq!(delete(other.id + 1).await, Code::NotFound);
    let message = pb::NextExtensionNumberRequest { company_id: company_id.clone() };
    let request = world.of(Role::Member, Permission::ExtensionsManage, message);
    let refused = world.extensions.next_extension_number(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

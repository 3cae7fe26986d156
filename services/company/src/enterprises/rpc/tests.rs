use chassis::auth::Role;
use proto::common::v1::{Permission, TextMatch, TextOperator};
use tonic::Code;

use super::*;
use crate::enterprises::testing::{request_of, service, stored, values};

fn reader<T>(message: T, company_id: CompanyId) -> Request<T> {
    request_of(message, &[(Role::Member, Some(company_id))], Permission::EnterprisesRead)
}

fn manager<T>(message: T, company_id: CompanyId) -> Request<T> {
    request_of(message, &[(Role::Manager, Some(company_id))], Permission::EnterprisesManage)
}

fn new(cnpj: &str) -> pb::EnterpriseValues {
    pb::EnterpriseValues {
        name: "Example Company".to_owned(),
        cnpj: cnpj.to_owned(),
        ..Default::default()
    }
}

fn creation(cnpj: &str) -> pb::CreateEnterpriseRequest {
    pb::CreateEnterpriseRequest { values: Some(new(cnpj)), ..Default::default() }
}

#[tokio::test]
async fn a_new_enterprise_is_below_the_own_one() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    let rpcs = Enterprises { service: service.clone() };
    let request = manager(creation("2"), top.company_id);
    let created = rpcs.create_enterprise(request).await.unwrap().into_inner().enterprise.unwrap();
    assert_eq!(created.id.len(), 15);

    let get = |id: &str| pb::GetEnterpriseRequest {
        enterprise_id: id.to_owned(),
        includes: vec![pb::EnterpriseInclude::Parent.into()],
        ..Default::default()
    };
    let found = rpcs.get_enterprise(reader(get(&created.id), top.company_id)).await.unwrap();
    let found = found.into_inner().enterprise.unwrap();
    assert_eq!(found.parent.unwrap().name, "Topo");
    let other = stored(&service, values("Outra", "1"), None).await;
    let unseen = rpcs.get_enterprise(reader(get(&created.id), other.company_id)).await.unwrap_err();
    let absent =
        rpcs.get_enterprise(reader(get("000000000000000"), other.company_id)).await.unwrap_err();
    assert_eq!(unseen.code(), Code::NotFound);
    assert_eq!((unseen.message(), unseen.details()), (absent.message(), absent.details()));
}

#[tokio::test]
async fn who_may_not_make_one_does_not() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    let rpcs = Enterprises { service: service.clone() };
    let roles = [(Role::Member, Some(top.company_id))];
    let request = request_of(creation("2"), &roles, Permission::EnterprisesManage);
    assert_eq!(rpcs.create_enterprise(request).await.unwrap_err().code(), Code::PermissionDenied);
    let request = request_of(creation("2"), &[], Permission::EnterprisesManage);
    assert_eq!(rpcs.create_enterprise(request).await.unwrap_err().code(), Code::PermissionDenied);
    let elsewhere =
        pb::CreateEnterpriseRequest { own_enterprise: top.public_id.to_string(), ..creation("2") };
    let request = request_of(elsewhere.clone(), &[], Permission::EnterprisesManage);
    assert_eq!(rpcs.create_enterprise(request).await.unwrap_err().code(), Code::Unauthenticated);
    let operator = [(Role::Operator, None)];
    let request = request_of(elsewhere, &operator, Permission::EnterprisesManage);
    rpcs.create_enterprise(request).await.unwrap();
    let request = request_of(creation("3"), &operator, Permission::EnterprisesManage);
    assert_eq!(rpcs.create_enterprise(request).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn what_is_taken_or_unknown_is_refused() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "A-1"), None).await;
    let rpcs = Enterprises { service: service.clone() };
    let refused = async |values: pb::EnterpriseValues| {
        let message = pb::CreateEnterpriseRequest { values: Some(values), ..Default::default() };
        rpcs.create_enterprise(manager(message, top.company_id)).await.unwrap_err().code()
    };
    assert_eq!(refused(new("a1")).await, Code::AlreadyExists);
    let nowhere = pb::EnterpriseValues { country_id: Some("abc1234567890de".into()), ..new("2") };
    assert_eq!(refused(nowhere).await, Code::FailedPrecondition);
    assert_eq!(refused(new("")).await, Code::InvalidArgument);
}

#[tokio::test]
async fn two_of_the_same_cnpj_at_once_make_one() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    let rpcs = Enterprises { service };
    let create = || rpcs.create_enterprise(manager(creation("77"), top.company_id));
    let outcomes = futures::join!(create(), create(), create());
    let outcomes = [outcomes.0.is_ok(), outcomes.1.is_ok(), outcomes.2.is_ok()];
    assert_eq!(outcomes.into_iter().filter(|made| *made).count(), 1);
}

#[tokio::test]
async fn a_change_of_nothing_changes_nothing() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    let child = stored(&service, values("Filha", "2"), Some(top.company_id)).await;
    let grandchild = stored(&service, values("Neta", "3"), Some(child.company_id)).await;
    let rpcs = Enterprises { service: service.clone() };
    let change = |id: &PublicId, name: &str| pb::UpdateEnterpriseRequest {
        enterprise_id: id.to_string(),
        values: Some(pb::EnterpriseValues { name: name.to_owned(), ..new("2") }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["name".to_owned()] }),
        ..Default::default()
    };
    let same = manager(change(&child.public_id, "Filha"), top.company_id);
    let same = rpcs.update_enterprise(same).await.unwrap().into_inner().enterprise.unwrap();
    assert_eq!(same, child.clone().into());
    let changed = manager(change(&child.public_id, "Outra"), top.company_id);
    let changed = rpcs.update_enterprise(changed).await.unwrap().into_inner().enterprise.unwrap();
    assert_eq!(changed.values.unwrap().name, "Outra");
    assert_ne!(changed.updated_at, same.updated_at);
    let far = manager(change(&grandchild.public_id, "Outra"), top.company_id);
    assert_eq!(rpcs.update_enterprise(far).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_list_without_an_enterprise_is_empty() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    stored(&service, values("Filha", "2"), Some(top.company_id)).await;
    let rpcs = Enterprises { service: service.clone() };
    let all = pb::ListEnterprisesRequest { count: true, ..Default::default() };
    let nobody = request_of(all.clone(), &[], Permission::EnterprisesRead);
    let none = rpcs.list_enterprises(nobody).await.unwrap().into_inner();
    assert_eq!((none.enterprises.len(), none.total), (0, Some(0)));
    let some = rpcs.list_enterprises(reader(all.clone(), top.company_id)).await.unwrap();
    assert_eq!(some.into_inner().total, Some(2));
    let about_chips = pb::ListEnterprisesRequest {
        filters: vec![pb::EnterpriseFilter {
            field: pb::EnterpriseField::ChipSerial.into(),
            r#match: Some(TextMatch { operator: TextOperator::Equal.into(), value: "1".into() }),
        }],
        ..all
    };
    let status = rpcs.list_enterprises(reader(about_chips, top.company_id)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "telecom is not there");
}

#[tokio::test]
async fn served_or_not_is_set_once_and_told() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    let child = stored(&service, values("Filha", "2"), Some(top.company_id)).await;
    let rpcs = Enterprises { service: service.clone() };
    let set = async |id: &PublicId, is_active| {
        let message = pb::SetEnterpriseStatusRequest {
            enterprise_id: id.to_string(),
            is_active,
            ..Default::default()
        };
        let answer = rpcs.set_enterprise_status(manager(message, top.company_id)).await;
        answer.map(|answer| answer.into_inner().enterprise.unwrap())
    };
    let stopped = set(&child.public_id, false).await.unwrap();
    assert!(stopped.deactivated_at.is_some());
    assert_eq!(set(&child.public_id, false).await.unwrap(), stopped);
    let again = set(&child.public_id, true).await.unwrap();
    assert_eq!(again.deactivated_at, None);
    let refused = set(&top.public_id, false).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let actions: Vec<String> = sqlx::query_scalar(
        "select action from enterprise_change where company_id = $1 order by change_id",
    )
    .bind(child.company_id.0)
    .fetch_all(&service.db)
    .await
    .unwrap();
    assert_eq!(actions, ["deactivated", "activated"]);
}

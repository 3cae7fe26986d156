use chassis::auth::Role;
use proto::common::v1 as common;
use proto::common::v1::Permission;
use tonic::Code;

use super::*;
use crate::enterprises::testing::{request_of, service, stored, values};

fn operator<T>(message: T) -> Request<T> {
    request_of(message, &[(Role::Operator, None)], Permission::EnterprisesOperate)
}

#[tokio::test]
async fn addresses_replace_those_before_and_the_newest_document_counts() {
    let (service, _database) = service().await;
    let top = stored(&service, values("Topo", "1"), None).await;
    let rpcs = EnterpriseAdmin { service: service.clone() };
    let put = |cities: &[&str]| pb::PutEnterpriseAddressesRequest {
        enterprise_id: top.public_id.to_string(),
        addresses: cities
            .iter()
            .map(|city| common::Address { city: Some((*city).to_owned()), ..Default::default() })
            .collect(),
    };
    rpcs.put_enterprise_addresses(operator(put(&["Curitiba"]))).await.unwrap();
    rpcs.put_enterprise_addresses(operator(put(&["Lapa", "Maringá"]))).await.unwrap();
    let ids = [top.company_id.0];
    let kept = related::addresses(&service.db, &ids).await.unwrap().remove(&ids[0]).unwrap();
    let cities: Vec<_> = kept.iter().map(|kept| kept.address.city.as_deref().unwrap()).collect();
    assert_eq!(cities, ["Lapa", "Maringá"]);

    for name in ["antigo.pdf", "novo.pdf"] {
        let document = pb::EnterpriseDocument {
            file_size: 10,
            folder: "contratos".to_owned(),
            key_name: "a1".to_owned(),
            mime: "application/pdf".to_owned(),
            name: name.to_owned(),
            ..Default::default()
        };
        let enterprise_id = top.company_id.to_string();
        let add = pb::AddEnterpriseDocumentRequest { enterprise_id, document: Some(document) };
        rpcs.add_enterprise_document(operator(add)).await.unwrap();
    }
    let newest = related::documents(&service.db, &ids).await.unwrap().remove(&ids[0]).unwrap();
    assert_eq!(newest.name, "novo.pdf");
    let bad = pb::AddEnterpriseDocumentRequest {
        enterprise_id: top.public_id.to_string(),
        document: Some(pb::EnterpriseDocument { file_size: -1, ..Default::default() }),
    };
    let refused = rpcs.add_enterprise_document(operator(bad)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);

    let changes =
        pb::ListEnterpriseChangesRequest { enterprise_id: top.public_id.to_string(), page: None };
    let changes = rpcs.list_enterprise_changes(operator(changes)).await.unwrap().into_inner();
    let actions: Vec<_> = changes.changes.iter().map(|change| change.action.as_str()).collect();
    assert_eq!(actions, ["document", "document", "addresses", "addresses"]);
}

#[tokio::test]
async fn affiliations_are_made_suspended_and_ended() {
    let (service, _database) = service().await;
    let rpcs = EnterpriseAdmin { service: service.clone() };
    let top = stored(&service, values("Topo", "1"), None).await;
    let child = stored(&service, values("Filha", "2"), None).await;
    let (parent_id, child_id) = (top.public_id.to_string(), child.company_id.to_string());
    let add =
        pb::AddAffiliationRequest { parent_id: parent_id.clone(), child_id: child_id.clone() };
    rpcs.add_affiliation(operator(add.clone())).await.unwrap();
    rpcs.add_affiliation(operator(add)).await.unwrap();
    let circular =
        pb::AddAffiliationRequest { parent_id: child_id.clone(), child_id: parent_id.clone() };
    let refused = rpcs.add_affiliation(operator(circular)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let suspend = pb::SetAffiliationStateRequest {
        parent_id: parent_id.clone(),
        child_id: child_id.clone(),
        state: pb::AffiliationState::Suspended.into(),
    };
    rpcs.set_affiliation_state(operator(suspend)).await.unwrap();
    let end = pb::EndAffiliationRequest { parent_id, child_id };
    rpcs.end_affiliation(operator(end.clone())).await.unwrap();
    assert_eq!(rpcs.end_affiliation(operator(end)).await.unwrap_err().code(), Code::NotFound);
    let mark =
        pb::MarkMainClientRequest { enterprise_id: "unknown".to_owned(), is_main_client: true };
    assert_eq!(rpcs.mark_main_client(operator(mark)).await.unwrap_err().code(), Code::NotFound);
}

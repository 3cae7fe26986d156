//! What tests of schools are made of.

use chassis::Service;
use chassis::auth::{Claims, Grant, Role, SubjectKind};
use chassis::testing::{request, request_with};
use proto::common::v1::Permission;
use proto::company::v1 as pb;
use tonic::Request;
use uuid::Uuid;

use super::{Input, Viewer, store};

pub(super) fn tenant(reference: &str) -> pb::TenantInput {
    pb::TenantInput {
        reference: reference.to_owned(),
        name: format!("Grupo {reference}"),
        brand: format!("Marca {reference}"),
        inactive: false,
    }
}

pub(super) fn school(reference: &str, tenant_reference: &str) -> pb::SchoolInput {
    pb::SchoolInput {
        reference: reference.to_owned(),
        tenant_reference: tenant_reference.to_owned(),
        trade_name: format!("Escola {reference}"),
        company_name: format!("Escola {reference} LTDA"),
        document: Some(pb::SchoolDocument {
            document_type: "CNPJ".to_owned(),
            document_value: "12.345.678/0001-99".to_owned(),
        }),
        addresses: vec![pb::SchoolAddress {
            street: "Rua Principal".to_owned(),
            number: "123".to_owned(),
            neighborhood: "Centro".to_owned(),
            city: "Cidade Exemplo".to_owned(),
            state: "EX".to_owned(),
            postal_code: "12345-678".to_owned(),
        }],
        inactive: false,
    }
}

pub(super) fn integration(
    client_id: &str,
    school: &str,
    called: &str,
) -> pb::SchoolIntegrationInput {
    pb::SchoolIntegrationInput {
        client_id: client_id.to_owned(),
        school_reference: school.to_owned(),
        external_integration_id: "INT-1".to_owned(),
        school_external_id: called.to_owned(),
        inactive: false,
    }
}

pub(super) fn term(school: &str, name: &str, description: &str) -> pb::SchoolTermInput {
    pb::SchoolTermInput {
        school_reference: school.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        inactive: false,
    }
}

pub(super) fn class(school: &str, external_id: &str, shift: Option<&str>) -> pb::SchoolClassInput {
    pb::SchoolClassInput {
        school_reference: school.to_owned(),
        external_id: external_id.to_owned(),
        name: "Turma XPTO".to_owned(),
        educational_stage: "ENSINO FUNDAMENTAL II".to_owned(),
        stage_name: "EF8".to_owned(),
        shift_name: shift.map(str::to_owned),
        closed: false,
    }
}

pub(super) fn by_operator<T>(message: T) -> Request<T> {
    let grants = vec![Grant { role: Role::Operator, company_id: None }];
    request(message, grants, Permission::SchoolsManage)
}

pub(super) fn by_client<T>(client_id: &str, role: Role, message: T) -> Request<T> {
    let grants = vec![Grant { role, company_id: None }];
    let (sub, kind) = (client_id.to_owned(), SubjectKind::Partner);
    request_with(message, Claims::new(sub, kind, grants, 0, 0, i64::MAX), Permission::SchoolsRead)
}

pub(super) fn client(client_id: &str) -> Viewer {
    Viewer { client_id: Some(client_id.to_owned()), ..Viewer::default() }
}

/// Puts something that can be put; answers its id.
pub(super) async fn put(service: &Service, input: Input) -> Uuid {
    try_put(service, input).await.unwrap()
}

/// Puts something; answers the field at fault if there is one.
pub(super) async fn try_put(service: &Service, input: Input) -> Result<Uuid, String> {
    let mut tx = service.db.begin().await.unwrap();
    let put = store::put(service, &mut tx, &input).await.unwrap();
    tx.commit().await.unwrap();
    put.map_err(|bad| bad.field)
}

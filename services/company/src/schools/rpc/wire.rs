//! Between the contract and what is read.

use chassis::refusal::Fields;
use proto::company::v1 as pb;
use proto::company::v1::resolve_schools_request::Viewer as GivenViewer;
use tonic::Status;
use uuid::Uuid;

use crate::schools::{Address, Class, School, Sighted, Tenant, Term, Viewer};

/// Who looks, and at which schools; at most `ids_max` of them.
pub(super) fn viewer(
    request: &pb::ResolveSchoolsRequest,
    ids_max: usize,
) -> Result<(Viewer, Vec<Uuid>), Status> {
    let mut fields = Fields::new();
    let mut uuids = |field: &str, ids: &[String]| -> Vec<Uuid> {
        if ids.len() > ids_max {
            fields.refuse(field, format!("has more than {ids_max} ids"));
        }
        ids.iter().filter_map(|id| fields.required(field, id)).collect()
    };
    let school_ids = uuids("school_ids", &request.school_ids);
    let viewer = match &request.viewer {
        Some(GivenViewer::ClientId(client_id)) => {
            Viewer { client_id: Some(client_id.clone()), ..Viewer::default() }
        }
        Some(GivenViewer::Person(person)) => {
            let school_ids = uuids("person.school_ids", &person.school_ids);
            Viewer { school_ids, ..Viewer::default() }
        }
        Some(GivenViewer::Operator(everything)) => {
            Viewer { everything: *everything, ..Viewer::default() }
        }
        None => Viewer::default(),
    };
    fields.check()?;
    Ok((viewer, school_ids))
}

impl From<Tenant> for pb::Tenant {
    fn from(Tenant { tenant_id, name, brand }: Tenant) -> Self {
        Self { tenant_id: tenant_id.to_string(), name, brand }
    }
}

impl From<School> for pb::School {
    fn from(school: School) -> Self {
        let document = school.document_type.zip(school.document_value);
        Self {
            school_id: school.school_id.to_string(),
            external_id: school.external_id.unwrap_or_default(),
            tenant_id: school.tenant_id.to_string(),
            tenant_name: school.tenant_name,
            trade_name: school.trade_name,
            company_name: school.company_name,
            document: document.map(|(document_type, document_value)| pb::SchoolDocument {
                document_type,
                document_value,
            }),
            addresses: school.addresses.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Sighted> for pb::School {
    fn from(school: Sighted) -> Self {
        Self {
            school_id: school.school_id.to_string(),
            external_id: school.external_id.unwrap_or_default(),
            tenant_id: school.tenant_id.to_string(),
            ..Self::default()
        }
    }
}

impl From<Address> for pb::SchoolAddress {
    fn from(address: Address) -> Self {
        let Address { street, number, neighborhood, city, state, postal_code } = address;
        Self { street, number, neighborhood, city, state, postal_code }
    }
}

impl From<Term> for pb::SchoolTerm {
    fn from(Term { name, description }: Term) -> Self {
        Self { name, description }
    }
}

impl From<Class> for pb::SchoolClass {
    fn from(class: Class) -> Self {
        Self {
            class_id: class.class_id.to_string(),
            external_id: class.external_id,
            name: class.name,
            educational_stage: class.educational_stage,
            grade: class.grade,
            open: class.open,
            shift: class.shift,
        }
    }
}

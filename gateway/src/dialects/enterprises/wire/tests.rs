use proto::company::v1 as company;
use serde_json::{Value, json};

use super::*;
use crate::dialects::enterprises::question::Selection;

fn enterprise() -> company::Enterprise {
    let text = |text: &str| Some(text.to_owned());
    company::Enterprise {
        id: "ABC1234567890DE".to_owned(),
        company_id: "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d".to_owned(),
        values: Some(company::EnterpriseValues {
            name: "Example Company".to_owned(),
            cnpj: "12345678901234".to_owned(),
            timezone: text("America/New_York"),
            country_id: text("c8a098d7b6932c2"),
            ..Default::default()
        }),
        created_at: Some(Timestamp { seconds: 1_738_324_800, nanos: 1_999_999 }),
        updated_at: Some(Timestamp { seconds: 1_738_324_800, nanos: 0 }),
        deactivated_at: None,
        parent: Some(company::EnterpriseParent {
            id: "000000000000001".to_owned(),
            name: "Topo".to_owned(),
            cnpj: "1".to_owned(),
        }),
        devices: vec![company::EnterpriseDevice {
            id: "000000000000002".to_owned(),
            name: "Rastreador".to_owned(),
            imei: text("490154203237518"),
            code: None,
        }],
        addresses: vec![],
        document: Some(company::EnterpriseDocument {
            id: "000000000000003".to_owned(),
            file_size: 1024,
            created_at: Some(Timestamp { seconds: 1_738_324_800, nanos: 0 }),
            folder: "contratos".to_owned(),
            key_name: "a1".to_owned(),
            mime: "application/pdf".to_owned(),
            name: "contrato.pdf".to_owned(),
        }),
        country: Some(company::EnterpriseCountry {
            id: "c8a098d7b6932c2".to_owned(),
            code: "BR".to_owned(),
            name: "Brazil".to_owned(),
        }),
    }
}

fn shown(enterprise: company::Enterprise, query: &str) -> Value {
    let selection = Selection::read(query);
    serde_json::to_value(Enterprise::of(enterprise, &selection)).unwrap()
}

#[test]
fn an_enterprise_has_all_attributes_and_its_country() {
    assert_eq!(
        shown(enterprise(), ""),
        json!({
            "id": "ABC1234567890DE",
            "type": "enterprises",
            "attributes": {
                "name": "Example Company",
                "cnpj": "12345678901234",
                "timezone": "America/New_York",
                "phone1": null,
                "phone2": null,
                "email": null,
                "contact_name": null,
                "webpage": null,
                "assistance_emergency_tel": null,
                "theft_emergency_tel": null,
                "fantasy_name": null,
                "created_at": "2025-01-31T12:00:00.001Z",
                "updated_at": "2025-01-31T12:00:00.000Z",
                "deactivated_at": null
            },
            "relationships": {"country": {"type": "country", "id": "c8a098d7b6932c2"}}
        })
    );
}

#[test]
fn what_was_asked_for_is_shown_and_nothing_else() {
    let some = shown(enterprise(), "attributes[]=phone1&attributes[]=name");
    assert_eq!(some["attributes"], json!({"name": "Example Company", "phone1": null}));
    let none = shown(enterprise(), "attributes[]=serial&attributes[]=number");
    assert_eq!(none["attributes"], json!({}));
    let nowhere = company::Enterprise {
        values: Some(company::EnterpriseValues::default()),
        ..Default::default()
    };
    assert_eq!(shown(nowhere, "includes[country]=")["relationships"], json!({}));
}

#[test]
fn relations_are_flat_with_their_attributes_beside() {
    let all = "includes[device]=&includes[enterprise][]=name&includes[addresses]=\
               &includes[document][]=file_size&includes[document][]=created_at&includes[country]=";
    assert_eq!(
        shown(enterprise(), all)["relationships"],
        json!({
            "country": {
                "type": "country",
                "id": "c8a098d7b6932c2",
                "attributes": {"code": "BR", "name": "Brazil"}
            },
            "enterprise": {
                "type": "enterprise", "id": "000000000000001", "attributes": {"name": "Topo"}
            },
            "device": [{
                "type": "device",
                "id": "000000000000002",
                "attributes": {"name": "Rastreador", "imei": "490154203237518", "code": null}
            }],
            "addresses": [],
            "document": {
                "type": "document",
                "id": "000000000000003",
                "attributes": {"file_size": 1024, "created_at": "2025-01-31T12:00:00.000Z"}
            }
        })
    );
    let top = company::Enterprise { parent: None, document: None, ..enterprise() };
    let related = &shown(top, all)["relationships"];
    assert!(related.get("enterprise").is_none() && related.get("document").is_none());
}

//! Lines, and what they are made of.

use proto::common::v1 as common;
use proto::telecom::v1 as telecom;
use serde_json::{Value, json};

use super::{YEAR_2022, at, read, written};
use crate::body::Body;
use crate::dialects::lines::wire::{Integer, lines, stock};

// Operations 8, 11 and 15.

fn line() -> telecom::Line {
    telecom::Line {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        user_id: Some("53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned()),
        company_id: Some("bf0443ca-18f2-436a-b846-eb2b4fd8b418".to_owned()),
        provider: "americanet".to_owned(),
        phone_number: Some("+5541999999999".to_owned()),
        is_portability: false,
        iccid: Some("123".to_owned()),
        status: telecom::LineStatus::Active.into(),
        plan_id: "e0483338-15e0-4ec4-aab8-c00e17edd6cf".to_owned(),
        awaiting_approval: false,
        created_at: at(YEAR_2022),
        updated_at: at(YEAR_2022),
        ..telecom::Line::default()
    }
}

#[test]
fn own_lines_are_answered() {
    assert_eq!(
        written(lines::OwnPhoneAccounts::from(vec![line()])),
        json!({
            "phone_accounts": [{
                "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
                "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
                "phone_number": "+5541999999999",
                "is_portability": false,
                "status": "active"
            }]
        })
    );
}

#[test]
fn permissions_are_answered_with_billing_first() {
    use telecom::LinePermission as P;
    let all = [P::Read, P::RequestPortability, P::Block, P::Manage, P::ManageBilling];
    assert_eq!(
        written(lines::Permission::listed(all.into_iter())),
        json!([
            "app:stripe-manage-billing",
            "app:read-phone-account",
            "app:request-portability",
            "app:block-phone-account",
            "app:manage-phone-account"
        ])
    );
    assert_eq!(
        written(lines::Permission::listed([P::ManageBilling, P::Unspecified].into_iter())),
        json!(["app:stripe-manage-billing"])
    );
}

#[test]
fn an_ordered_line_is_read_and_answered() {
    let Body(order, _) = read::<lines::NewPhoneAccount>(&json!({
        "subscription_plan_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209",
        "area_code": 41,
        "user_id": "8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc"
    }));
    assert_eq!(order.subscription_plan_id, "e885e8e1-8925-4e2a-a9e1-d6326b719209");
    assert_eq!(order.area_code, Integer(41));
    assert_eq!(order.user_id.as_deref(), Some("8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc"));

    let mut sample = json!({
        "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "company_id": "bf0443ca-18f2-436a-b846-eb2b4fd8b418",
        "provider": "americanet",
        "phone_number": "+5541999999999",
        "is_portability": false,
        "simcard_number": "123",
        "status": "active",
        "subscription_plan_id": "e0483338-15e0-4ec4-aab8-c00e17edd6cf",
        "created_at": "2022-01-01T00:00:00Z",
        "updated_at": "2022-01-01T00:00:00Z"
    });
    assert_eq!(written(lines::PhoneAccount::from(line())), sample);

    let bare = telecom::Line {
        user_id: None,
        company_id: None,
        phone_number: None,
        iccid: None,
        status: telecom::LineStatus::Ordered.into(),
        ..line()
    };
    for member in ["user_id", "company_id", "phone_number", "simcard_number"] {
        sample[member] = Value::Null;
    }
    sample["status"] = "ordered".into();
    assert_eq!(written(lines::PhoneAccount::from(bare)), sample);
}

// Operation 26.

#[test]
fn a_sim_cards_activation_is_read() {
    let sample = json!({"sim_card_number": "8955060000000000012"}); // replaced
    let Body(activation, _) = read::<lines::SimCardActivation>(&sample);
    assert_eq!(activation.sim_card_number, "8955060000000000012");
}

// What the samples do not show.

#[test]
fn stock_is_read_and_answered() {
    let added = telecom::AddSimCardsResponse {
        created: 1,
        rejected: vec![telecom::RejectedSimCard {
            iccid: "1".to_owned(),
            reason: telecom::SimCardRejection::OtherCompany.into(),
        }],
    };
    assert_eq!(
        written(stock::AddedSimCards::from(added)),
        json!({"created": 1, "rejected": [{"iccid": "1", "code": "other-company"}]})
    );
    let list = telecom::ListSimCardsResponse {
        sim_cards: vec![telecom::SimCard {
            iccid: "8955060000000000012".to_owned(),
            status: telecom::SimCardStatus::InUse.into(),
            line_id: None,
        }],
        page: Some(common::PageResponse { next_page_token: "x".to_owned(), total_size: 50 }),
    };
    assert_eq!(
        written(stock::SimCards::from(list)),
        json!({
            "pagination": {"hasMore": true, "totalCount": 50},
            "sim_cards": [{
                "iccid": "8955060000000000012",
                "status": "in-use",
                "phone_account_id": null
            }]
        })
    );
}

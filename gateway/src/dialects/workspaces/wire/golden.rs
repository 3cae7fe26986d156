//! The shapes of the contract, to the letter.

use prost_types::Timestamp;
use proto::billing::v1 as billing;
use proto::common::v1::Money;
use proto::company::v1 as company;
use proto::identity::v1 as identity;
use serde::Serialize;
use serde_json::{Value, json};

use super::*;

/// 2026-04-03T18:31:00Z.
const AT: Option<Timestamp> = Some(Timestamp { seconds: 1_775_241_060, nanos: 999_000_000 });
const SHOWN: &str = "2026-04-03T18:31:00+00:00";

fn shown(item: impl Serialize) -> Value {
    serde_json::to_value(item).unwrap()
}

#[test]
fn an_organization() {
    let people = identity::ListOrganizationPeopleResponse {
        users: vec![identity::OrganizationUser {
            id: "m1".to_owned(),
            company_id: "c1".to_owned(),
            user_id: "u1".to_owned(),
            email: "ana@acme.example".to_owned(),
            name: None,
            role: identity::OrganizationRole::Owner.into(),
            active: true,
            created_at: AT,
        }],
        invitations: vec![identity::OrganizationInvitation {
            id: "i1".to_owned(),
            company_id: "c1".to_owned(),
            email: "bia@acme.example".to_owned(),
            role: identity::OrganizationRole::Member.into(),
            created_at: AT,
            expires_at: AT,
            accepted_at: None,
        }],
    };
    let account = billing::OrganizationAccount {
        company_id: "c1".to_owned(),
        subscription_ids: vec!["s1".to_owned(), "s2".to_owned()],
        current_subscription_id: Some("s2".to_owned()),
        customer_id: Some("cus_1".to_owned()),
        manual_billing: true,
        modules: vec![billing::OrganizationModule { code: "meetings".to_owned(), enabled: false }],
    };
    let organization = company::Organization {
        company_id: "c1".to_owned(),
        id: "k3m9x2ab".to_owned(),
        r#type: company::OrganizationType::Demo.into(),
        status: company::OrganizationStatus::Active.into(),
        name: "Acme".to_owned(),
        slug: "acme".to_owned(),
        address_ids: vec!["a1".to_owned()],
        configs: vec![company::OrganizationConfig {
            key: "icon".to_owned(),
            value: "/organizations/k3m9x2ab/icon".to_owned(),
        }],
        created_at: AT,
        updated_at: AT,
        mail_footer: None,
    };
    let mut around = Around::new(people, vec![account]);
    let expected = json!({
        "id": "k3m9x2ab", "type": "demo", "status": "active", "name": "Acme", "slug": "acme",
        "stripeCustomerId": "cus_1", "manualBilling": true, "databaseStatus": null,
        "organizationUsers": [{
            "id": "m1", "user": {"id": "u1", "email": "ana@acme.example", "name": null},
            "role": "owner", "active": true, "createdAt": SHOWN
        }],
        "organizationUserInvitations": [{
            "id": "i1", "email": "bia@acme.example", "role": "member", "createdAt": SHOWN,
            "expiresAt": SHOWN, "acceptedAt": null
        }],
        "organizationModules": [{"code": "meetings", "enabled": false}],
        "subscriptions": ["/subscriptions/s1", "/subscriptions/s2"],
        "organizationConfigs": [{"key": "icon", "value": "/organizations/k3m9x2ab/icon"}],
        "organizationAddresses": ["/organization-addresses/a1"],
        "createdAt": SHOWN, "updatedAt": SHOWN, "demo": true, "productionLike": false,
        "currentSubscription": "/subscriptions/s2"
    });
    assert_eq!(shown(around.organization(organization.clone())), expected);

    let bare = shown(Around::default().organization(organization));
    for (member, empty) in [
        ("stripeCustomerId", json!(null)),
        ("manualBilling", json!(false)),
        ("organizationUsers", json!([])),
        ("subscriptions", json!([])),
        ("currentSubscription", json!(null)),
    ] {
        assert_eq!(bare[member], empty, "{member}");
    }
}

#[test]
fn places_and_meetings() {
    let location = company::Location {
        id: 1,
        name: "Matriz".to_owned(),
        office_open_hour: Some(8),
        office_close_hour: None,
    };
    let expected = json!({"id": 1, "name": "Matriz", "officeOpenHour": 8, "officeCloseHour": null});
    assert_eq!(shown(Location::from(location)), expected);
    assert_eq!(shown(Country { id: "BR".to_owned() }), json!({"id": "BR"}));
    assert_eq!(shown(Language { id: "pt-BR".to_owned() }), json!({"id": "pt-BR"}));
    let meeting = company::Meeting {
        id: 7,
        employee_id: Some("e1".to_owned()),
        date_from: AT,
        date_to: AT,
        notes: None,
        time: None,
    };
    let expected = json!({
        "id": 7, "employee": "/employees/e1", "dateFrom": SHOWN, "dateTo": SHOWN, "notes": null,
        "time": null
    });
    assert_eq!(shown(Meeting::from(meeting)), expected);
    let address = company::OrganizationAddress {
        id: "a1".to_owned(),
        street: "Rua XV".to_owned(),
        number: "1".to_owned(),
        city: "Curitiba".to_owned(),
        state: "PR".to_owned(),
        postal_code: "80010-010".to_owned(),
        country: "BR".to_owned(),
        ..Default::default()
    };
    let expected = json!({
        "id": "a1", "street": "Rua XV", "number": "1", "complement": null, "neighborhood": null,
        "city": "Curitiba", "state": "PR", "postalCode": "80010-010", "country": "/countries/BR"
    });
    assert_eq!(shown(OrganizationAddress::from(address)), expected);
    assert_eq!(shown(MailFooter { mail_footer: None }), json!({"mailFooter": null}));
}

#[test]
fn what_is_subscribed_to_and_paid() {
    let subscription = billing::Subscription {
        id: "s1".to_owned(),
        organization_id: "k3m9x2ab".to_owned(),
        address_id: "a1".to_owned(),
        r#type: billing::SubscriptionType::Yearly.into(),
        payment_method_id: None,
        products: vec!["workspace".to_owned()],
        seats: 3,
        modules: vec![],
        status: billing::SubscriptionStatus::PastDue.into(),
        external_id: None,
        metadata: vec![billing::SubscriptionMetadata {
            key: "coupon".to_owned(),
            value: "WELCOME-10".to_owned(),
        }],
        created_at: AT,
        updated_at: AT,
    };
    let expected = json!({
        "id": "s1", "organization": "/organizations/k3m9x2ab",
        "organizationAddress": "/organization-addresses/a1", "type": "yearly",
        "paymentMethod": null, "products": ["workspace"], "seats": 3, "modules": [],
        "status": "past_due", "externalId": null,
        "metadata": [{"key": "coupon", "value": "WELCOME-10"}],
        "createdAt": SHOWN, "updatedAt": SHOWN, "active": false, "awaiting": false
    });
    assert_eq!(shown(Subscription::from(subscription)), expected);
    let invoice = billing::SubscriptionInvoice {
        id: "i1".to_owned(),
        subscription_id: "s1".to_owned(),
        organization_id: "k3m9x2ab".to_owned(),
        name: "2026/000001".to_owned(),
        r#type: "subscription".to_owned(),
        status: billing::SubscriptionInvoiceStatus::Open.into(),
        amount_net: Some(Money { cents: 14_970 }),
        amount: Some(Money { cents: 14_970 }),
        issue_date: "2026-11-22".to_owned(),
        sale_date: "2026-11-22".to_owned(),
        due_date: "2026-11-27".to_owned(),
        paid_at: None,
    };
    let invoice = Invoice::from(invoice);
    use super::super::resource::Resource;
    assert_eq!(invoice.iri().as_deref(), Some("/subscriptions/s1/invoices/i1"));
    let expected = json!({
        "id": "i1", "name": "2026/000001", "type": "subscription", "status": "open",
        "client": "/organizations/k3m9x2ab", "tinType": null, "tin": null, "amountNet": 149.7,
        "amount": 149.7, "currency": "BRL", "issueDate": "2026-11-22", "saleDate": "2026-11-22",
        "dueDate": "2026-11-27", "paidAt": null
    });
    assert_eq!(shown(invoice), expected);
    let product = billing::SubscriptionProduct {
        code: "workspace".to_owned(),
        kind: billing::SubscriptionProductKind::Product.into(),
        name: "Workspace".to_owned(),
        amount_net: Some(Money { cents: 4_990 }),
        per: billing::SubscriptionPriceUnit::Seat.into(),
    };
    let expected = json!({
        "code": "workspace", "kind": "product", "name": "Workspace", "amountNet": 49.9,
        "currency": "BRL", "per": "seat"
    });
    assert_eq!(shown(SubscriptionProduct::from(product)), expected);
}

#[test]
fn ways_to_pay_and_invitations() {
    let method = billing::PaymentMethod {
        id: "p1".to_owned(),
        organization_id: "k3m9x2ab".to_owned(),
        r#type: "card".to_owned(),
        label: Some("Visa".to_owned()),
        created_at: AT,
    };
    let expected = json!({"id": "p1", "type": "card", "label": "Visa"});
    assert_eq!(shown(PaymentMethod::from(method)), expected);
    let invitation = identity::OrganizationInvitation {
        id: "i1".to_owned(),
        company_id: "c1".to_owned(),
        email: "bia@acme.example".to_owned(),
        role: identity::OrganizationRole::Admin.into(),
        created_at: AT,
        expires_at: AT,
        accepted_at: AT,
    };
    let expected = json!({
        "id": "i1", "email": "bia@acme.example", "role": "admin", "createdAt": SHOWN,
        "expiresAt": SHOWN, "acceptedAt": SHOWN
    });
    assert_eq!(shown(Invited::from(invitation)), expected);
}

#[test]
fn bank_data() {
    let action = billing::BankAction {
        id: "b1".to_owned(),
        action: "pull".to_owned(),
        status: "queued".to_owned(),
        connection_id: "c1".to_owned(),
        imported: None,
        error: None,
        created_at: AT,
        updated_at: AT,
    };
    let expected = json!({
        "id": "b1", "provider": "kontomatik", "action": "pull", "status": "queued",
        "bankConnection": "/bank-connections/c1", "imported": null, "error": null,
        "createdAt": SHOWN, "updatedAt": SHOWN
    });
    assert_eq!(shown(Integration::from(action)), expected);
    let connection = billing::BankConnection {
        id: "c1".to_owned(),
        organization_id: "k3m9x2ab".to_owned(),
        target: "BancoDoBrasil".to_owned(),
        owner_external_id: "k3m9x2ab".to_owned(),
        status: "active".to_owned(),
        consent_expires_at: AT,
        last_import_at: None,
        created_at: AT,
        updated_at: AT,
    };
    let expected = json!({
        "id": "c1", "organization": "/organizations/k3m9x2ab", "target": "BancoDoBrasil",
        "ownerExternalId": "k3m9x2ab", "status": "active", "consentExpiresAt": SHOWN,
        "lastImportAt": null, "createdAt": SHOWN, "updatedAt": SHOWN
    });
    assert_eq!(shown(BankConnection::from(connection)), expected);
    let transaction = billing::BankTransaction {
        id: "t1".to_owned(),
        booked_on: "2026-11-02".to_owned(),
        amount: Some(Money { cents: -12_990 }),
        description: "PIX ENVIADO".to_owned(),
        counterparty: None,
    };
    let expected = json!({
        "id": "t1", "bookedOn": "2026-11-02", "amount": -129.9, "currency": "BRL",
        "description": "PIX ENVIADO", "counterparty": null
    });
    assert_eq!(shown(Transaction::from(transaction)), expected);
}

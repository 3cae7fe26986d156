//! What can be heard of: the public events by their names on the wire, and what is told of each.

use std::collections::HashMap;

use brazil::CompanyId;
use prost::Name;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions, Value};
use proto::events::v1::*;
use serde::Serialize;
use serde_json::value::Serializer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Every event that companies can hear of: its message, and its name on the wire.
const EVENT_TYPES: [(&str, &str); 21] = [
    (LineOrdered::NAME, "line.ordered"),
    (LineActivated::NAME, "line.activated"),
    (LinePlanChanged::NAME, "line.plan_changed"),
    (LineCompanyChanged::NAME, "line.company_changed"),
    (LineUserChanged::NAME, "line.user_changed"),
    (LineNumberChanged::NAME, "line.number_changed"),
    (LineSimCardChanged::NAME, "line.sim_card_changed"),
    (LineBlocked::NAME, "line.blocked"),
    (LineUnblocked::NAME, "line.unblocked"),
    (LineCancelled::NAME, "line.cancelled"),
    (PortInChanged::NAME, "port_in.changed"),
    (DataToppedUp::NAME, "data.topped_up"),
    (ShipmentChanged::NAME, "shipment.changed"),
    (LineOrderFinished::NAME, "line_order.finished"),
    (InvoiceIssued::NAME, "invoice.issued"),
    (InvoicePaid::NAME, "invoice.paid"),
    (InvoiceOverdue::NAME, "invoice.overdue"),
    (NonPaymentSuspended::NAME, "company.suspended"),
    (NonPaymentCleared::NAME, "company.reinstated"),
    (NonPaymentTerminated::NAME, "company.terminated"),
    (FiscalNoteAuthorized::NAME, "fiscal_note.authorized"),
];

/// Fields that name whom an event concerns.
const COMPANY_FIELDS: [&str; 2] = ["company_id", "previous_company_id"];

/// Whether companies can hear of events of the type.
pub(super) fn is_known(event_type: &str) -> bool {
    EVENT_TYPES.iter().any(|(_, known)| *known == event_type)
}

/// All types, for people.
pub(super) fn known_types() -> String {
    EVENT_TYPES.map(|(_, event_type)| event_type).join(", ")
}

/// What companies are told of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    /// Whom it concerns; nobody, when it is about a person's own line.
    pub(super) company_ids: Vec<CompanyId>,
    pub(super) event_type: &'static str,
    /// The JSON body.
    pub(super) body: String,
}

/// The body as Standard Webhooks advises.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: serde_json::Value,
}

/// Why an event cannot be told of.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untold {
    /// Its type is not public.
    #[error("is not a public event")]
    Unknown,
    /// Its data are not of its type.
    #[error("cannot be read")]
    Unreadable,
}

/// The public events, with what it takes to read them.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    by_full_name: HashMap<String, (MessageDescriptor, &'static str)>,
}

impl Catalogue {
    /// Reads the contracts.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn of_the_contracts() -> anyhow::Result<Self> {
        let pool = DescriptorPool::decode(proto::DESCRIPTORS)?;
        let by_full_name = EVENT_TYPES
            .into_iter()
            .filter_map(|(name, event_type)| {
                let full_name = format!("{}.{name}", LineOrdered::PACKAGE);
                let message = pool.get_message_by_name(&full_name)?;
                Some((full_name, (message, event_type)))
            })
            .collect();
        Ok(Self { by_full_name })
    }

    /// Full names of the public events.
    pub(super) fn full_names(&self) -> impl Iterator<Item = &str> {
        self.by_full_name.keys().map(String::as_str)
    }

    /// What is told of an event that happened at `happened_at`: all its fields, by their names in
    /// the contract.
    ///
    /// # Errors
    /// [`Untold`].
    pub(super) fn announce(
        &self,
        full_name: &str,
        data: &[u8],
        happened_at: OffsetDateTime,
    ) -> Result<Announcement, Untold> {
        let (descriptor, event_type) =
            self.by_full_name.get(full_name).cloned().ok_or(Untold::Unknown)?;
        let event = DynamicMessage::decode(descriptor, data).map_err(|_| Untold::Unreadable)?;
        let options = SerializeOptions::new()
            .use_proto_field_name(true)
            .stringify_64_bit_integers(false)
            .skip_default_fields(false);
        let data =
            event.serialize_with_options(Serializer, &options).map_err(|_| Untold::Unreadable)?;
        let timestamp = happened_at.format(&Rfc3339).map_err(|_| Untold::Unreadable)?;
        let body = serde_json::to_string(&Body { r#type: event_type, timestamp, data })
            .map_err(|_| Untold::Unreadable)?;
        Ok(Announcement { company_ids: companies(&event), event_type, body })
    }
}

/// Whom an event concerns.
fn companies(event: &DynamicMessage) -> Vec<CompanyId> {
    let mut company_ids: Vec<CompanyId> = COMPANY_FIELDS
        .iter()
        .filter_map(|field| match event.get_field_by_name(field)?.as_ref() {
            Value::String(id) => id.parse().ok(),
            _ => None,
        })
        .collect();
    company_ids.dedup();
    company_ids
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chassis::timestamp;
    use prost::Message;
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn announce<M: Message + Name>(event: &M) -> Announcement {
        let at = datetime!(2026-11-01 03:00:00.25 UTC);
        let catalogue = Catalogue::of_the_contracts().unwrap();
        catalogue.announce(&M::full_name(), &event.encode_to_vec(), at).unwrap()
    }

    fn told(announcement: &Announcement) -> serde_json::Value {
        serde_json::from_str(&announcement.body).unwrap()
    }

    #[test]
    fn every_event_of_the_table_is_one_of_the_contracts_and_says_whom_it_concerns() {
        let catalogue = Catalogue::of_the_contracts().unwrap();
        assert_eq!(catalogue.by_full_name.len(), EVENT_TYPES.len());
        let types: BTreeSet<_> = EVENT_TYPES.iter().map(|(_, event_type)| event_type).collect();
        assert_eq!(types.len(), EVENT_TYPES.len());
        for (message, event_type) in catalogue.by_full_name.values() {
            assert!(message.get_field_by_name("company_id").is_some(), "{event_type}");
            assert!(is_known(event_type) && known_types().contains(event_type));
        }
        assert!(!is_known("line"));
    }

    #[test]
    fn an_event_is_told_whole_with_numbers_as_numbers() {
        let company_id = CompanyId::generate();
        let issued = InvoiceIssued {
            invoice_id: "7".to_owned(),
            company_id: company_id.to_string(),
            period: "2026-10".to_owned(),
            amount_cents: 0,
            due_date: "2026-11-06".to_owned(),
            issued_at: Some(timestamp::to_proto(datetime!(2026-11-01 03:00:00 UTC))),
        };
        let announcement = announce(&issued);
        assert_eq!(announcement.company_ids, [company_id]);
        assert_eq!(announcement.event_type, "invoice.issued");
        assert_eq!(
            told(&announcement),
            json!({
                "type": "invoice.issued",
                "timestamp": "2026-11-01T03:00:00.25Z",
                "data": {
                    "invoice_id": "7",
                    "company_id": company_id,
                    "period": "2026-10",
                    "amount_cents": 0,
                    "due_date": "2026-11-06",
                    "issued_at": "2026-11-01T03:00:00Z"
                }
            })
        );
        let large = announce(&InvoiceIssued { amount_cents: i64::MAX, ..issued });
        assert_eq!(told(&large)["data"]["amount_cents"], json!(i64::MAX));
    }

    #[test]
    fn both_companies_hear_that_a_line_changed_hands() {
        let (new, previous) = (CompanyId::generate(), CompanyId::generate());
        let mut changed = LineCompanyChanged {
            company_id: Some(new.to_string()),
            previous_company_id: Some(previous.to_string()),
            ..Default::default()
        };
        assert_eq!(announce(&changed).company_ids, [new, previous]);
        changed.previous_company_id = Some(new.to_string());
        assert_eq!(announce(&changed).company_ids, [new]);
        changed.company_id = None;
        changed.previous_company_id = None;
        let own = announce(&changed);
        assert_eq!(own.company_ids, []);
        assert!(told(&own)["data"].get("company_id").is_none());
    }

    #[test]
    fn what_is_not_public_or_broken_is_not_told() {
        let catalogue = Catalogue::of_the_contracts().unwrap();
        let at = OffsetDateTime::UNIX_EPOCH;
        let secret = catalogue.announce(&SignupCompleted::full_name(), &[], at);
        assert!(matches!(secret, Err(Untold::Unknown)));
        let broken = catalogue.announce(&LineOrdered::full_name(), &[0xff], at);
        assert!(matches!(broken, Err(Untold::Unreadable)));
    }
}

//! What telecom knows of enterprises' chips, devices and vehicles, and identity of their users.

use std::collections::HashMap;
use std::time::Duration;

use brazil::CompanyId;
use chassis::Service;
use chassis::refusal::{internal, upstream};
use proto::company::v1::EnterpriseDevice;
use proto::identity::v1 as identity;
use proto::identity::v1::company_hold_service_client::CompanyHoldServiceClient as IdentityHolds;
use proto::telecom::v1 as telecom;
use proto::telecom::v1::company_hold_service_client::CompanyHoldServiceClient as TelecomHolds;
use proto::telecom::v1::device_service_client::DeviceServiceClient;
use proto::telecom::v1::{BatchListDevicesRequest, ChipField, ChipOrder, MatchCompaniesRequest};
use tonic::Status;
use uuid::Uuid;

use super::asking::Asked;
use super::list::{Key, Matched};

/// The longest answer: ids, numbers and serials of a million enterprises.
const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Well within the time that a caller waits, so that there is some left to take things back.
const COUNT_TIMEOUT: Duration = Duration::from_secs(4);

/// What telecom answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) matched: Matched,
    /// Whether these are all there are, be they enterprises or not; else they are of those that
    /// were asked about.
    pub(super) is_anywhere: bool,
}

/// Which of the enterprises have such chips and devices as are asked for, and what their chips
/// sort by; or, where `anywhere_max` companies or fewer have such at all, all of these.
///
/// # Errors
/// UNAVAILABLE while telecom does not answer.
pub(super) async fn matched(
    service: &Service,
    company_ids: &[Uuid],
    anywhere_max: u32,
    asked: &Asked,
) -> Result<Answer, Status> {
    if company_ids.is_empty() {
        return Ok(Answer::default());
    }
    let company_ids = company_ids.iter().flat_map(|id| *id.as_bytes()).collect();
    ask(service, MatchCompaniesRequest { company_ids, anywhere_max, ..question(asked) }).await
}

/// The first of all companies that have a chip, in the order that is asked for.
///
/// # Errors
/// UNAVAILABLE while telecom does not answer.
pub(super) async fn first(service: &Service, max: u32, asked: &Asked) -> Result<Answer, Status> {
    let order_by = asked.order_by_chips().iter().map(|(key, descending)| {
        let field = if *key == Key::Number { ChipField::Number } else { ChipField::Serial };
        ChipOrder { field: field.into(), descending: *descending }
    });
    let order_by = order_by.collect();
    ask(service, MatchCompaniesRequest { order_by, anywhere_max: max, ..question(asked) }).await
}

fn question(asked: &Asked) -> MatchCompaniesRequest {
    MatchCompaniesRequest {
        chips: asked.chips.clone(),
        devices: asked.devices.clone(),
        wants_number: asked.sorts_by(Key::Number),
        wants_serial: asked.sorts_by(Key::Serial),
        ..MatchCompaniesRequest::default()
    }
}

async fn ask(service: &Service, request: MatchCompaniesRequest) -> Result<Answer, Status> {
    let answer = DeviceServiceClient::new(service.telecom.clone())
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .match_companies(request)
        .await
        .map_err(upstream)?
        .into_inner();
    let known = |texts: Vec<String>| {
        texts.into_iter().map(|text| Some(text).filter(|text| !text.is_empty())).collect()
    };
    let matched = Matched {
        company_ids: answer
            .company_ids
            .chunks_exact(16)
            .filter_map(|bytes| Uuid::from_slice(bytes).ok())
            .collect(),
        numbers: known(answer.numbers),
        serials: known(answer.serials),
    };
    Ok(Answer { matched, is_anywhere: answer.is_anywhere })
}

/// The devices of a page of enterprises.
///
/// # Errors
/// UNAVAILABLE while telecom does not answer.
pub(super) async fn devices(
    service: &Service,
    company_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<EnterpriseDevice>>, Status> {
    let company_ids = company_ids.iter().map(Uuid::to_string).collect();
    let answer = DeviceServiceClient::new(service.telecom.clone())
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .batch_list_devices(BatchListDevicesRequest { company_ids })
        .await
        .map_err(upstream)?;
    let mut by_company: HashMap<Uuid, Vec<EnterpriseDevice>> = HashMap::new();
    for device in answer.into_inner().devices {
        let company_id =
            device.company_id.parse().map_err(|error: uuid::Error| internal(&error))?;
        let telecom::Device { id, name, imei, code, .. } = device;
        let device = EnterpriseDevice { id, name, imei, code };
        by_company.entry(company_id).or_default().push(device);
    }
    Ok(by_company)
}

/// Keeps an enterprise from getting anything new, and counts what it has elsewhere.
///
/// # Errors
/// UNAVAILABLE when that cannot be had.
pub(super) async fn hold_and_count(
    service: &Service,
    company_id: CompanyId,
    hold_id: Uuid,
) -> Result<i64, Status> {
    let (company_id, hold_id) = (company_id.to_string(), hold_id.to_string());
    let things = async {
        let request = telecom::HoldCompanyRequest {
            company_id: company_id.clone(),
            hold_id: hold_id.clone(),
        };
        let counted = TelecomHolds::new(service.telecom.clone()).hold_company(request).await?;
        let telecom::HoldCompanyResponse { chips, devices, vehicles } = counted.into_inner();
        Ok::<_, Status>(chips + devices + vehicles)
    };
    let users = async {
        let request = identity::HoldCompanyRequest {
            company_id: company_id.clone(),
            hold_id: hold_id.clone(),
        };
        let counted = IdentityHolds::new(service.identity.clone()).hold_company(request).await?;
        Ok(counted.into_inner().users)
    };
    let both = async { tokio::try_join!(things, users) };
    let (things, users) = tokio::time::timeout(COUNT_TIMEOUT, both)
        .await
        .unwrap_or_else(|_| Err(Status::deadline_exceeded("no count in time")))
        .map_err(uncounted)?;
    Ok(things + users)
}

/// A count that cannot be had, for whatever cause, is never taken for zero, and may be had later.
fn uncounted(status: Status) -> Status {
    tracing::warn!(code = ?status.code(), message = status.message(), "cannot count");
    Status::unavailable("what the enterprise has cannot be counted at the moment")
}

/// Lets an enterprise get something new again.
///
/// # Errors
/// UNAVAILABLE when one of the others does not answer.
pub(super) async fn lift(
    service: &Service,
    company_id: CompanyId,
    hold_id: Uuid,
) -> Result<(), Status> {
    let (company_id, hold_id) = (company_id.to_string(), hold_id.to_string());
    let things = async {
        let request = telecom::LiftCompanyHoldRequest {
            company_id: company_id.clone(),
            hold_id: hold_id.clone(),
        };
        TelecomHolds::new(service.telecom.clone()).lift_company_hold(request).await.map(drop)
    };
    let users = async {
        let request = identity::LiftCompanyHoldRequest {
            company_id: company_id.clone(),
            hold_id: hold_id.clone(),
        };
        IdentityHolds::new(service.identity.clone()).lift_company_hold(request).await.map(drop)
    };
    tokio::try_join!(things, users).map_err(upstream)?;
    Ok(())
}

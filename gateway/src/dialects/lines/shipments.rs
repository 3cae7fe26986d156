//! SIM cards on their way to companies.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::telecom::v1::shipment_service_client::ShipmentServiceClient;
use proto::telecom::v1::{CreateShipmentRequest, ListShipmentsRequest, UpdateShipmentRequest};

use super::Lines;
use super::documents::{Always, Bodied, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::Names;
use super::wire::shipments::{
    MadeShipment, NAMES, NewShipment, Shipment, ShipmentChange, Shipments,
};
use crate::body::{At, Body, Id};
use crate::caller::Caller;
use crate::clients::Replayed;

/// List a company's shipments of SIM cards
#[utoipa::path(
    get, path = "/companies/{id}/sim-card-shipments", tag = "shipments",
    operation_id = "listSimCardShipments",
    params(("id" = String, Path, format = Uuid, description = "The company")),
    responses(
        (status = 200, description = "Newest first", body = Shipments),
        Guarded, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<Json<Shipments>, Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, ListShipmentsRequest { company_id: id.into() }, |to, request| async move {
            ShipmentServiceClient::new(to).list_shipments(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.shipments.into()))
}

/// Make a shipment of SIM cards
///
/// One that is PROCESSING, has an address and no `providerId` is booked with the parcel carrier,
/// which brings it forward; any other is only kept here. `providerId` and `trackingCode` that
/// are whole numbers are answered as numbers, whichever way they came.
#[utoipa::path(
    post, path = "/sim-card-shipments", tag = "shipments", operation_id = "createSimCardShipment",
    params(IdempotencyKey),
    request_body = NewShipment,
    responses((status = 201, description = "Its id", body = MadeShipment), Guarded, Bodied, Always),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(lines): State<Lines>,
    caller: Caller,
    Body(shipment, _): Body<NewShipment>,
) -> Result<(StatusCode, Replayed, Json<MadeShipment>), Error> {
    let shipment = Some(shipment.0.into_shipment(String::new()));
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, CreateShipmentRequest { shipment }, |to, request| async move {
            ShipmentServiceClient::new(to).create_shipment(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    let shipment = answer.message.shipment.unwrap_or_default().into();
    Ok((StatusCode::CREATED, answer.replayed, Json(shipment)))
}

/// Change a shipment of SIM cards
///
/// Members that are null are cleared; those that are absent stay.
#[utoipa::path(
    patch, path = "/sim-card-shipments/{id}", tag = "shipments",
    operation_id = "updateSimCardShipment",
    params(("id" = String, Path, format = Uuid, description = "The shipment")),
    request_body = ShipmentChange,
    responses(
        (status = 200, description = "The shipment", body = Shipment),
        (
            status = 409,
            description = "The status cannot follow the present one",
            body = Envelope
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn update(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(change, members): Body<ShipmentChange>,
) -> Result<Json<Shipment>, Error> {
    let request = UpdateShipmentRequest {
        shipment: Some(change.into_shipment(id.into())),
        update_mask: NAMES.mask(&members),
    };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            ShipmentServiceClient::new(to).update_shipment(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok(Json(answer.message.shipment.unwrap_or_default().into()))
}

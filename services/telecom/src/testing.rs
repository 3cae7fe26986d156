//! What the tests of this crate have in common.

use brazil::{AreaCode, CompanyId, Iccid, LineId, MobileNumber, PlanId, UserId};
use chassis::Service;
use chassis::auth::{Grant, Role};
use prost::{Message, Name};
use proto::common::v1::Permission;
use proto::events::v1::CloudEvent;
use tonic::Request;
use uuid::Uuid;

use crate::MIGRATIONS;
use crate::lines::{Cause, NewLine};
use crate::numbers::{self, NumberRange};
use crate::timeline::Actor;

/// The service on an empty database, which goes when the second value is dropped.
pub(crate) async fn service() -> (Service, impl Sized) {
    chassis::testing::service("telecom", &MIGRATIONS, crate::subscriptions()).await
}

/// The area that tests play in.
pub(crate) fn area() -> AreaCode {
    "41".parse().unwrap()
}

/// What was told of a kind about a subject, in order, to each who hears of it.
pub(crate) async fn events<M: Message + Name + Default>(
    service: &Service,
    subject: impl Into<Uuid>,
) -> Vec<M> {
    let events: Vec<Vec<u8>> =
        sqlx::query_scalar("select event from outbox where subject = $1 order by sequence")
            .bind(subject.into())
            .fetch_all(&service.db)
            .await
            .unwrap();
    events
        .iter()
        .map(|event| CloudEvent::decode(event.as_slice()).unwrap())
        .filter(|event| event.r#type == M::full_name())
        .map(|event| M::decode(event.data.unwrap().value.as_slice()).unwrap())
        .collect()
}

/// Adds the area's first numbers to the stock; tells how many are new.
pub(crate) async fn stock(service: &Service, area_code: AreaCode, numbers: u32) -> i64 {
    let number = |index| {
        let subscriber = MobileNumber::SUBSCRIBER_MIN + index;
        MobileNumber::from_parts(area_code, subscriber).unwrap()
    };
    let range = NumberRange::new(area_code, &number(0), &number(numbers - 1)).unwrap();
    let mut connection = service.db.acquire().await.unwrap();
    numbers::store::add_range(&mut connection, range, service.clock.now()).await.unwrap()
}

/// A line for somebody's company.
pub(crate) fn new_line() -> NewLine {
    NewLine {
        line_id: LineId::generate(),
        company_id: Some(CompanyId::generate()),
        user_id: Some(UserId::generate()),
        visible_to_user: true,
        plan_id: PlanId::generate(),
        area_code: area(),
    }
}

/// Who does things in tests.
pub(crate) fn cause() -> Cause {
    Actor::service("test").into()
}

/// One of the cards that tests play with; their last seven digits differ.
pub(crate) fn iccid(index: u32) -> Iccid {
    let body = format!("8955100{index:012}");
    (0..10).find_map(|check| format!("{body}{check}").parse().ok()).unwrap()
}

/// A request of a person with this role in a company.
pub(crate) fn request_of<T>(
    message: T,
    role: Role,
    company_id: Option<CompanyId>,
    permission: Permission,
) -> Request<T> {
    let grant = Grant { role, company_id: company_id.map(Into::into) };
    chassis::testing::request(message, vec![grant], permission)
}

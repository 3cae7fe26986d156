use chassis::auth::Role;
use chassis::refusal::Refusal;
use proto::common::v1::{Address as Given, Permission};
use tonic::Code;

use super::*;
use crate::line_orders::testing::wanted;
use crate::lines::Lines;
use crate::testing::{request_of, service};

async fn orders() -> (LineOrders, impl Sized) {
    let (service, database) = service().await;
    let lines = Lines::new(service.clone(), "americanet".into());
    let retry_max = std::time::Duration::from_secs(60);
    (LineOrders { service, lines, retry_max }, database)
}

fn bare(company_id: CompanyId) -> pb::PlaceLineOrderRequest {
    pb::PlaceLineOrderRequest {
        company_id: company_id.to_string(),
        area_code: 41,
        ..pb::PlaceLineOrderRequest::default()
    }
}

/// What is wrong with an order, apart from its plan, which only billing knows.
async fn violations(orders: &LineOrders, given: pb::PlaceLineOrderRequest) -> Vec<String> {
    let company_id: CompanyId = given.company_id.parse().unwrap();
    let request = request_of(given, Role::Manager, Some(company_id), Permission::LinesManage);
    let refused = orders.place_line_order(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = Refusal::of(&refused).violations.into_iter();
    violations.map(|broken| broken.field).filter(|field| field != "plan_id").collect()
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let (orders, _database) = orders().await;
    let bare = bare(CompanyId::generate());
    assert!(violations(&orders, bare.clone()).await.is_empty());
    let text = |text: &str| Some(text.to_owned());
    let bad = pb::PlaceLineOrderRequest {
        area_code: 20,
        user_email: text("x"),
        delivery_address: Some(Given { zip_code: text("1"), ..Given::default() }),
        ..bare.clone()
    };
    let named = ["area_code", "user_email", "user_name", "delivery_address.zip_code"];
    assert_eq!(violations(&orders, bad).await, named);

    let nobodys = pb::PlaceLineOrderRequest { change_ownership: Some(false), ..bare.clone() };
    assert_eq!(violations(&orders, nobodys).await, ["user_email"]);
    let unreachable = pb::PlaceLineOrderRequest { user_name: text("Ana"), ..bare };
    assert_eq!(violations(&orders, unreachable).await, ["user_email"]);
}

#[tokio::test]
async fn an_order_is_placed_and_read_by_those_who_manage_the_company() {
    let (orders, _database) = orders().await;
    let wanted = wanted();
    let company_id = wanted.company_id;
    let now = orders.service.clock.now();
    let order = LineOrder::place(wanted, Actor::service("test"), now);
    let mut connection = orders.service.db.acquire().await.unwrap();
    store::insert(&mut connection, &order).await.unwrap();
    drop(connection);

    let read = async |role, company_id| {
        let line_order_id = order.line_order_id.to_string();
        let request = pb::GetLineOrderRequest { line_order_id };
        orders.get_line_order(request_of(request, role, company_id, Permission::LinesManage)).await
    };
    let found = read(Role::Manager, Some(company_id)).await.unwrap().into_inner().order.unwrap();
    assert_eq!(found.state(), pb::LineOrderState::Running);
    assert_eq!(found.line_id, None);
    let steps: Vec<&str> = found.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["line", "user", "ownership", "shipment"]);
    assert!(read(Role::Operator, None).await.is_ok());
    let refused = [
        read(Role::Manager, Some(CompanyId::generate())).await,
        read(Role::Member, Some(company_id)).await,
    ];
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(Refusal::of(&refused).reason, "LINE_ORDER_NOT_FOUND");
    }

    let place = async |role| {
        let request = bare(company_id);
        let company_id = Some(CompanyId::generate());
        let request = request_of(request, role, company_id, Permission::LinesManage);
        orders.place_line_order(request).await.unwrap_err().code()
    };
    assert_eq!(place(Role::Manager).await, Code::NotFound);
}

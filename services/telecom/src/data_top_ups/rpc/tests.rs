use chassis::auth::Role;
use chassis::refusal::Refusal;
use tonic::Code;

use super::*;
use crate::data_top_ups::testing::Stage;
use crate::testing::request_of;

async fn add_data(
    stage: &Stage,
    quantity_mb: i64,
    unit: i64,
) -> Result<pb::AddDataResponse, Status> {
    let message = pb::AddDataRequest {
        line_id: stage.line_id.to_string(),
        quantity_mb,
        unit_price: Some(Money { cents: unit }),
    };
    let request = request_of(message, Role::Operator, None, Permission::LinesManage);
    TopUps { lines: stage.lines.clone() }.add_data(request).await.map(Response::into_inner)
}

fn reason(refused: &Status) -> (Code, String) {
    (refused.code(), Refusal::of(refused).reason)
}

#[tokio::test]
async fn a_line_in_service_is_given_data_at_the_operators_price() {
    let (stage, _database) = Stage::new().await;
    let refused = add_data(&stage, 1_500, 10_000).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "LINE_NOT_IN_SERVICE".to_owned()));
    stage.become_active().await;
    let answer = add_data(&stage, 1_500, 10_000).await.unwrap();
    assert_eq!(answer.total, Some(Money { cents: 15_000 }));
    let top_up_id: TopUpId = answer.top_up_id.parse().unwrap();
    let top_up = store::find_asked(&stage.service().db, top_up_id).await.unwrap().unwrap();
    assert_eq!((top_up.line_id, top_up.price.quantity_mb), (stage.line_id, 1_500));
    assert_eq!(stage.told().await, ["data_asked"]);
    assert_eq!(stage.jobs().await, 1);
}

#[tokio::test]
async fn quantity_and_price_have_their_limits() {
    let (stage, _database) = Stage::new().await;
    for (quantity_mb, unit, field) in [
        (0, 1, "quantity_mb"),
        (10_000_001, 1, "quantity_mb"),
        (1, -1, "unit_price"),
        (1, 100_000_001, "unit_price"),
    ] {
        let refused = add_data(&stage, quantity_mb, unit).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).violations[0].field, field);
    }
}

#[tokio::test]
async fn somebody_elses_line_does_not_exist() {
    let (stage, _database) = Stage::new().await;
    let message = pb::AddDataRequest {
        line_id: stage.line_id.to_string(),
        quantity_mb: 1,
        unit_price: Some(Money { cents: 1 }),
    };
    let company_id = Some(brazil::CompanyId::generate());
    let request = request_of(message, Role::Manager, company_id, Permission::LinesManage);
    let refused = TopUps { lines: stage.lines.clone() }.add_data(request).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::NotFound, "LINE_NOT_FOUND".to_owned()));
}

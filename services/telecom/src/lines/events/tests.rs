use brazil::{CompanyId, LineId, PlanId, UserId};

use super::*;
use crate::lines::{Status, store};
use crate::testing::{area, cause, new_line, service, stock};

fn signup() -> SignupCompleted {
    SignupCompleted {
        user_id: UserId::generate().to_string(),
        line_id: LineId::generate().to_string(),
        company_id: Some(CompanyId::generate().to_string()),
        plan_id: PlanId::generate().to_string(),
        area_code: area().get().into(),
        approved: false,
    }
}

async fn hear_signup(lines: &Lines, event: &SignupCompleted) -> Result<(), HandlerError> {
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move { signup_completed(lines, &mut tx, event).await })
        })
        .await
}

#[tokio::test]
async fn a_signup_waits_for_its_company_until_the_email_is_proven() {
    let (service, _database) = service().await;
    stock(&service, area(), 1).await;
    let lines = &Lines::new(service.clone(), "americanet".into());
    let signup = signup();
    hear_signup(lines, &signup).await.unwrap();
    let line_id = signup.line_id.parse().unwrap();
    let line = async || store::find(&service.db, line_id).await.unwrap().unwrap();
    assert!(line().await.awaiting_approval);
    assert!(line().await.visible_to_user, "it is what they made themself");

    let proven = &EmailProven {
        user_id: signup.user_id.clone(),
        company_ids: signup.company_id.iter().cloned().collect(),
        proven_at: None,
    };
    service
        .transaction(|mut tx| Box::pin(async move { email_proven(lines, &mut tx, proven).await }))
        .await
        .unwrap();
    assert_eq!(line().await.status, Status::Pending);
    assert!(line().await.phone_number.is_some());
}

#[tokio::test]
async fn what_makes_no_sense_stays_with_its_publisher() {
    let (service, _database) = service().await;
    let lines = &Lines::new(service, "americanet".into());
    for nonsense in [
        SignupCompleted { line_id: String::new(), ..signup() },
        SignupCompleted { company_id: Some("x".to_owned()), ..signup() },
        SignupCompleted { area_code: 20, ..signup() },
    ] {
        let refused = hear_signup(lines, &nonsense).await.unwrap_err();
        assert!(matches!(refused, HandlerError::Refused(_)), "{refused}");
    }
}

#[tokio::test]
async fn an_owner_gets_what_others_tied_to_the_account_that_made_way() {
    let (service, _database) = service().await;
    stock(&service, area(), 2).await;
    let lines = &Lines::new(service.clone(), "americanet".into());
    let (squatter, owner) = (UserId::generate(), UserId::generate());
    let tied = &NewLine { user_id: Some(squatter), visible_to_user: false, ..new_line() };
    let own = &NewLine { user_id: Some(squatter), visible_to_user: true, ..new_line() };
    for new in [tied, own] {
        let order = service.transaction(|mut tx| {
            Box::pin(async move { lines.order(&mut tx, new.clone(), &cause()).await })
        });
        order.await.unwrap();
    }
    let replaced =
        &UserReplaced { user_id: owner.to_string(), replaced_user_id: squatter.to_string() };
    service
        .transaction(|mut tx| {
            Box::pin(async move { user_replaced(lines, &mut tx, replaced).await })
        })
        .await
        .unwrap();
    let user_of = async |line_id| store::find(&service.db, line_id).await.unwrap().unwrap().user_id;
    assert_eq!(user_of(tied.line_id).await, Some(owner));
    assert_eq!(user_of(own.line_id).await, Some(squatter));
}

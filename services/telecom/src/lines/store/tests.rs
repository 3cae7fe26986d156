use brazil::PlanId;
use chassis::Service;
use sqlx::AssertSqlSafe;

use super::*;
use crate::lines::NewLine;
use crate::testing::{area, new_line, service};

async fn add(service: &Service, new: NewLine) -> Line {
    let (line, _) = Line::request(new, "americanet", service.clock.now());
    let mut connection = service.db.acquire().await.unwrap();
    insert(&mut connection, &line).await.unwrap();
    line
}

fn scope(company_ids: &[CompanyId], user_id: Option<UserId>) -> Scope {
    Scope {
        everything: false,
        company_ids: company_ids.iter().copied().map(Uuid::from).collect(),
        user_id: user_id.map(Uuid::from),
    }
}

#[tokio::test]
async fn a_line_is_found_where_it_belongs() {
    let (service, _database) = service().await;
    let line = add(&service, new_line()).await;
    let hidden = add(&service, NewLine { visible_to_user: false, ..new_line() }).await;
    let find = async |line: &Line, scope: Scope| {
        find_in_scope(&service.db, line.line_id, &scope).await.unwrap()
    };
    let company = line.company_id.unwrap();
    assert_eq!(find(&line, Scope::everywhere()).await.as_ref(), Some(&line));
    assert_eq!(
        find(&line, scope(&[CompanyId::generate(), company], None)).await,
        Some(line.clone())
    );
    assert_eq!(find(&line, scope(&[], line.user_id)).await, Some(line.clone()));
    assert_eq!(find(&line, scope(&[CompanyId::generate()], Some(UserId::generate()))).await, None);
    assert_eq!(find(&line, scope(&[], None)).await, None);
    assert_eq!(find(&hidden, scope(&[], hidden.user_id)).await, None);
    assert_eq!(find(&hidden, scope(&[hidden.company_id.unwrap()], None)).await, Some(hidden));
}

#[tokio::test]
async fn a_person_sees_their_lines_newest_first_and_two_hundred_at_most() {
    let (service, _database) = service().await;
    let user_id = UserId::generate();
    let mine = || NewLine { user_id: Some(user_id), ..new_line() };
    add(&service, NewLine { visible_to_user: false, ..mine() }).await;
    add(&service, new_line()).await;
    let mut expected = Vec::new();
    for _ in 0..201 {
        expected.insert(0, add(&service, mine()).await);
    }
    expected.truncate(200);
    assert_eq!(list_of_user(&service.db, user_id).await.unwrap(), expected);
}

#[tokio::test]
async fn the_table_knows_what_a_line_cannot_be() {
    let (service, _database) = service().await;
    let line = add(&service, new_line()).await;
    for (nonsense, constraint) in [
        ("status = 'active', awaiting_approval = false", "line_in_service_has_a_number"),
        ("status = 'lost', awaiting_approval = false", "line_status"),
        ("awaiting_approval = false", "line_pending_waits_for_approval_or_carrier"),
        ("company_id = null", "line_awaiting_approval_is_pending"),
        ("user_id = null", "line_without_user_is_seen_by_nobody"),
        ("blocks = '{theft}'", "line_blocked_for_a_reason"),
        ("phone_number = '+5541900000000', awaiting_approval = false", "line_number_has_its_time"),
    ] {
        let statement = format!("update line set {nonsense} where line_id = $1");
        let error = sqlx::query(AssertSqlSafe(statement))
            .bind(line.line_id.0)
            .execute(&service.db)
            .await
            .unwrap_err();
        assert_eq!(chassis::db::broken_constraint(&error), Some(constraint), "{nonsense}");
    }
}

#[tokio::test]
async fn a_number_and_a_card_serve_one_live_line() {
    let (service, _database) = service().await;
    let (one, other) = (add(&service, new_line()).await, add(&service, new_line()).await);
    let take = async |line: &Line, status: &str| {
        sqlx::query(
            "update line
                set phone_number = '+5541900000000', iccid = '1', number_assigned_at = $2,
                    awaiting_approval = false, status = $3
              where line_id = $1",
        )
        .bind(line.line_id.0)
        .bind(service.clock.now())
        .bind(status)
        .execute(&service.db)
        .await
    };
    take(&one, "pending").await.unwrap();
    let error = take(&other, "pending").await.unwrap_err();
    assert!(chassis::db::broken_constraint(&error).unwrap().ends_with("_live"));
    take(&one, "cancelled").await.unwrap();
    take(&other, "pending").await.unwrap();
}

#[tokio::test]
async fn hot_statements_use_their_indexes() {
    let (service, _database) = service().await;
    // Lines of a thousand people; every tenth line waits for a number.
    sqlx::query(
        "insert into line (
             line_id, company_id, user_id, visible_to_user, provider, status, plan_id, area_code,
             awaiting_approval, phone_number, number_assigned_at, activated_at,
             created_at, updated_at
         )
         select gen_random_uuid(), gen_random_uuid(),
                ('00000000-0000-7000-8000-' || lpad((line % 1000)::text, 12, '0'))::uuid,
                line % 7 > 0, 'americanet',
                case when line % 10 = 0 then 'ordered' else 'active' end,
                $1, case when line % 20 = 0 then 41 else 11 end, false,
                case when line % 10 > 0 then '+55119' || lpad(line::text, 8, '0') end,
                case when line % 10 > 0 then $2 end, case when line % 10 > 0 then $2 end, $2, $2
           from generate_series(1, 20000) as line",
    )
    .bind(PlanId::generate().0)
    .bind(service.clock.now())
    .execute(&service.db)
    .await
    .unwrap();
    sqlx::query("analyze line").execute(&service.db).await.unwrap();

    let user_id: Uuid = "00000000-0000-7000-8000-000000000007".parse().unwrap();
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("explain {LIST_OF_USER}")))
        .bind(user_id)
        .bind(LINES_MAX)
        .fetch_all(&service.db)
        .await
        .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("line_by_user") && !plan.contains("Seq Scan"), "{plan}");

    let explain = AssertSqlSafe(format!("explain {LOCK_OLDEST_WAITING}"));
    let plan: Vec<String> = sqlx::query_scalar(explain)
        .bind(i16::from(u8::from(area())))
        .fetch_all(&service.db)
        .await
        .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("line_waiting") && !plan.contains("Sort"), "{plan}");
}

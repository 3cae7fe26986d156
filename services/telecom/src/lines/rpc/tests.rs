use chassis::auth::Role;
use chassis::refusal::Refusal;
use tonic::Code;

use super::*;
use crate::lines::NewLine;
use crate::sim_cards;
use crate::testing::{iccid, new_line, request_of, service, stock};

async fn lines() -> (Lines, impl Sized) {
    let (service, database) = service().await;
    stock(&service, crate::testing::area(), 10).await;
    (Lines::new(service, "americanet".into()), database)
}

async fn sign_up(lines: &Lines, new: &NewLine, approved: bool) {
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move { lines.sign_up(&mut tx, new.clone(), approved).await })
        })
        .await
        .unwrap();
}

async fn deliver(lines: &Lines, company_id: CompanyId, index: u32) {
    let mut connection = lines.service.db.acquire().await.unwrap();
    let now = lines.service.clock.now();
    sim_cards::store::add(
        &mut connection,
        company_id,
        sim_cards::Origin::default(),
        &[iccid(index).as_str()],
        now,
    )
    .await
    .unwrap();
}

/// Code and reason of a refusal.
fn refusal<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), Refusal::of(&status).reason)
}

fn not_found() -> (Code, String) {
    (Code::NotFound, "LINE_NOT_FOUND".to_owned())
}

#[tokio::test]
async fn a_line_is_read_by_those_it_concerns() {
    let (lines, _database) = lines().await;
    let new = new_line();
    sign_up(&lines, &new, true).await;
    let read = async |role, company_id| {
        let message = pb::GetLineRequest { line_id: new.line_id.to_string() };
        lines.get_line(request_of(message, role, company_id, Permission::LinesRead)).await
    };
    let line = read(Role::Member, new.company_id).await.unwrap().into_inner().line.unwrap();
    assert_eq!(line.id, new.line_id.to_string());
    assert_eq!(line.status(), pb::LineStatus::Pending);
    assert_eq!(line.phone_number.as_deref(), Some("+5541900000000"));
    assert_eq!(line.provider, "americanet");
    assert!(read(Role::Operator, None).await.is_ok());
    assert_eq!(refusal(read(Role::Manager, Some(CompanyId::generate())).await), not_found());
}

#[tokio::test]
async fn a_holder_reads_their_own_lines_once_they_may_know_of_them() {
    let (lines, _database) = lines().await;
    let message = pb::ListMyLinesRequest {};
    let request = chassis::testing::request(message, vec![], Permission::LinesRead);
    let holder = Caller::of(&request).unwrap().user_id();
    let (own, hidden) = (
        NewLine { user_id: holder, ..new_line() },
        NewLine { user_id: holder, visible_to_user: false, ..new_line() },
    );
    sign_up(&lines, &own, true).await;
    sign_up(&lines, &hidden, true).await;

    let extensions = request.extensions().clone();
    let listed = lines.list_my_lines(request).await.unwrap().into_inner().lines;
    let ids: Vec<&str> = listed.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids, [own.line_id.to_string()]);

    let permissions = async |line_id: LineId| {
        let mut request =
            Request::new(pb::ListLinePermissionsRequest { line_id: line_id.to_string() });
        *request.extensions_mut() = extensions.clone();
        lines.list_line_permissions(request).await
    };
    let answer = permissions(own.line_id).await.unwrap().into_inner();
    use pb::LinePermission::{Block, Read, RequestPortability};
    assert!(answer.permissions().eq([Read, RequestPortability, Block]));
    assert_eq!(refusal(permissions(hidden.line_id).await), not_found());
}

#[tokio::test]
async fn a_line_is_approved_by_its_companys_manager() {
    let (lines, _database) = lines().await;
    let new = new_line();
    sign_up(&lines, &new, false).await;
    let approve = async |role, company_id| {
        let message = pb::ApproveLineRequest { line_id: new.line_id.to_string() };
        lines.approve_line(request_of(message, role, company_id, Permission::LinesManage)).await
    };
    let stranger = Some(CompanyId::generate());
    assert_eq!(refusal(approve(Role::Manager, stranger).await), not_found());
    assert_eq!(refusal(approve(Role::Member, new.company_id).await).0, Code::PermissionDenied);

    let approved = approve(Role::Manager, new.company_id).await.unwrap().into_inner();
    assert!(!approved.line.unwrap().awaiting_approval);
    let again = refusal(approve(Role::Operator, None).await);
    assert_eq!(again, (Code::FailedPrecondition, "LINE_NOT_AWAITING_APPROVAL".to_owned()));
}

async fn put_sim_card(
    lines: &Lines,
    line: &NewLine,
    number: &str,
    company_id: Option<CompanyId>,
) -> Result<Response<pb::ActivateSimCardResponse>, Status> {
    let message = pb::ActivateSimCardRequest {
        line_id: line.line_id.to_string(),
        sim_card_number: number.to_owned(),
    };
    let role = if company_id.is_some() { Role::Manager } else { Role::Operator };
    lines.activate_sim_card(request_of(message, role, company_id, Permission::LinesManage)).await
}

#[tokio::test]
async fn a_card_goes_into_a_line_of_its_company() {
    let (lines, _database) = lines().await;
    let new = new_line();
    let company_id = new.company_id;
    sign_up(&lines, &new, true).await;
    deliver(&lines, company_id.unwrap(), 1).await;
    deliver(&lines, company_id.unwrap(), 2).await;
    deliver(&lines, CompanyId::generate(), 3).await;

    let put = async |number: &str| put_sim_card(&lines, &new, number, company_id).await;
    let no_card = (Code::NotFound, "SIM_CARD_NOT_FOUND".to_owned());
    assert_eq!(refusal(put(iccid(3).as_str()).await), no_card);
    assert_eq!(refusal(put("123").await).0, Code::InvalidArgument);
    let line = put(iccid(1).last_seven()).await.unwrap().into_inner().line.unwrap();
    assert_eq!(line.iccid.as_deref(), Some(iccid(1).as_str()));
    let taken = (Code::FailedPrecondition, "LINE_HAS_SIM_CARD".to_owned());
    assert_eq!(refusal(put(iccid(2).as_str()).await), taken);

    let second = NewLine { company_id, ..new_line() };
    sign_up(&lines, &second, true).await;
    let in_use = put_sim_card(&lines, &second, iccid(1).as_str(), company_id).await;
    assert_eq!(refusal(in_use), (Code::AlreadyExists, "SIM_CARD_IN_USE".to_owned()));

    let personal = NewLine { company_id: None, ..new_line() };
    sign_up(&lines, &personal, true).await;
    let without_stock = put_sim_card(&lines, &personal, iccid(2).as_str(), None).await;
    assert_eq!(refusal(without_stock), no_card);
}

#[tokio::test]
async fn two_lines_that_want_one_card_do_not_share_it() {
    let (lines, _database) = lines().await;
    let company = CompanyId::generate();
    let company_id = Some(company);
    let (one, other) = (NewLine { company_id, ..new_line() }, NewLine { company_id, ..new_line() });
    sign_up(&lines, &one, true).await;
    sign_up(&lines, &other, true).await;
    for round in 1..=5 {
        deliver(&lines, company, round).await;
        let (number, end) = (iccid(round), iccid(round).last_seven().to_owned());
        let (first, second) = tokio::join!(
            put_sim_card(&lines, &one, number.as_str(), company_id),
            put_sim_card(&lines, &other, &end, company_id),
        );
        let refused = [first, second].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        let [refused] = refused.as_slice() else { panic!("{refused:?}") };
        assert_eq!(Refusal::of(refused).reason, "SIM_CARD_IN_USE");
        let holders: i64 = sqlx::query_scalar("select count(*) from line where iccid = $1")
            .bind(number.as_str())
            .fetch_one(&lines.service.db)
            .await
            .unwrap();
        assert_eq!(holders, 1);
        sqlx::query("update line set iccid = null").execute(&lines.service.db).await.unwrap();
        sqlx::query("update sim_card set status = 'retired', line_id = null")
            .execute(&lines.service.db)
            .await
            .unwrap();
    }
}

async fn activated(lines: &Lines, new: &NewLine) {
    sign_up(lines, new, true).await;
    sqlx::query("update line set status = 'active', activated_at = $2 where line_id = $1")
        .bind(new.line_id.0)
        .bind(lines.service.clock.now())
        .execute(&lines.service.db)
        .await
        .unwrap();
}

/// A request of the holder of a line, who is nothing else.
fn of_holder<T>(message: T, permission: Permission) -> (Request<T>, Option<UserId>) {
    let request = chassis::testing::request(message, vec![], permission);
    let holder = Caller::of(&request).unwrap().user_id();
    (request, holder)
}

#[tokio::test]
async fn who_may_block_a_line_for_what() {
    use pb::BlockReason::{Loss, Misuse, NoPay, Theft};
    let (lines, _database) = lines().await;
    let new = new_line();
    activated(&lines, &new).await;
    let message = |reason: pb::BlockReason| pb::BlockLineRequest {
        line_id: new.line_id.to_string(),
        reason: reason.into(),
    };
    let block = async |reason, role, company_id| {
        let request = request_of(message(reason), role, company_id, Permission::LinesBlock);
        lines.block_line(request).await
    };
    let blocked = block(Theft, Role::Manager, new.company_id).await.unwrap().into_inner();
    assert!(blocked.line.unwrap().blocks().eq([Theft]));
    let blocked = block(Misuse, Role::Operator, None).await.unwrap().into_inner();
    assert!(blocked.line.unwrap().blocks().eq([Theft, Misuse]));
    for reason in [Misuse, NoPay] {
        let refused = refusal(block(reason, Role::Manager, new.company_id).await);
        assert_eq!(refused.0, Code::PermissionDenied, "{reason:?}");
    }
    let of_member = refusal(block(Loss, Role::Member, new.company_id).await);
    assert_eq!(of_member.0, Code::PermissionDenied);
    let stranger = Some(CompanyId::generate());
    assert_eq!(refusal(block(Loss, Role::Manager, stranger).await), not_found());

    let unblock = pb::UnblockLineRequest { line_id: new.line_id.to_string(), reason: Theft.into() };
    let request = request_of(unblock, Role::Manager, new.company_id, Permission::LinesBlock);
    let line = lines.unblock_line(request).await.unwrap().into_inner().line.unwrap();
    assert_eq!(line.status(), pb::LineStatus::Blocked, "misuse is left");
}

#[tokio::test]
async fn a_holder_blocks_their_own_line_for_theft_and_loss_alone() {
    let (lines, _database) = lines().await;
    let (request, holder) = of_holder(pb::BlockLineRequest::default(), Permission::LinesBlock);
    let own = NewLine { user_id: holder, ..new_line() };
    activated(&lines, &own).await;
    let block = async |reason: pb::BlockReason| {
        let message =
            pb::BlockLineRequest { line_id: own.line_id.to_string(), reason: reason.into() };
        let mut asked = Request::new(message);
        *asked.extensions_mut() = request.extensions().clone();
        lines.block_line(asked).await
    };
    assert!(block(pb::BlockReason::Loss).await.is_ok());
    assert_eq!(refusal(block(pb::BlockReason::Misuse).await).0, Code::PermissionDenied);
    let nothing = block(pb::BlockReason::Unspecified).await;
    assert_eq!(refusal(nothing).0, Code::InvalidArgument);
}

#[tokio::test]
async fn no_pay_needs_a_line_in_service_and_a_notice_against_its_company() {
    let (lines, _database) = lines().await;
    let personal = NewLine { company_id: None, ..new_line() };
    sign_up(&lines, &personal, true).await;
    let block = async || {
        let message = pb::BlockLineRequest {
            line_id: personal.line_id.to_string(),
            reason: pb::BlockReason::NoPay.into(),
        };
        lines.block_line(request_of(message, Role::Operator, None, Permission::LinesBlock)).await
    };
    let early = (Code::FailedPrecondition, "LINE_NOT_IN_SERVICE".to_owned());
    assert_eq!(refusal(block().await), early);
    sqlx::query("update line set status = 'active', activated_at = updated_at")
        .execute(&lines.service.db)
        .await
        .unwrap();
    let status = block().await.unwrap_err();
    let refused = Refusal::of(&status);
    assert_eq!(refused.reason, "NO_PAY_TOO_EARLY");
    assert!(!refused.facts.contains_key("earliest_date"), "no notice can stand against nobody");
}

#[tokio::test]
async fn a_line_moves_between_companies_of_whoever_moves_it() {
    let (lines, _database) = lines().await;
    let new = new_line();
    activated(&lines, &new).await;
    let to = CompanyId::generate();
    let change = async |line_id: LineId, companies: &[CompanyId]| {
        let message =
            pb::ChangeCompanyRequest { line_id: line_id.to_string(), company_id: to.to_string() };
        let grants = companies
            .iter()
            .map(|id| chassis::auth::Grant { role: Role::Manager, company_id: Some((*id).into()) })
            .collect();
        let request = chassis::testing::request(message, grants, Permission::LinesManage);
        LineService::change_company(&lines, request).await
    };
    let from = new.company_id.unwrap();
    let refused = change(new.line_id, &[from]).await.unwrap_err();
    let fields: Vec<_> = Refusal::of(&refused).violations;
    assert_eq!(fields.first().map(|broken| broken.field.as_str()), Some("company_id"));
    assert_eq!(refusal(change(new.line_id, &[to]).await), not_found());
    let moved = change(new.line_id, &[from, to]).await.unwrap().into_inner().line.unwrap();
    assert_eq!(moved.company_id, Some(to.to_string()));

    let personal = NewLine { company_id: None, ..new_line() };
    activated(&lines, &personal).await;
    assert_eq!(refusal(change(personal.line_id, &[from, to]).await), not_found());
}

#[tokio::test]
async fn a_tag_is_set_shown_and_removed() {
    let (lines, _database) = lines().await;
    let new = new_line();
    sign_up(&lines, &new, true).await;
    let set = async |tag: Option<&str>| {
        let message =
            pb::SetTagRequest { line_id: new.line_id.to_string(), tag: tag.map(str::to_owned) };
        let request = request_of(message, Role::Manager, new.company_id, Permission::LinesManage);
        LineService::set_tag(&lines, request).await
    };
    let tag = async |tag| set(tag).await.unwrap().into_inner().line.unwrap().tag;
    assert_eq!(tag(Some(" Support team ")).await.as_deref(), Some("Support team"));
    assert_eq!(tag(Some("")).await, None);
    let (longest, longer) = ("ã".repeat(100), "x".repeat(101));
    assert_eq!(tag(Some(&longest)).await.map(|tag| tag.chars().count()), Some(100));
    assert_eq!(tag(None).await, None);
    assert_eq!(refusal(set(Some(&longer)).await).0, Code::InvalidArgument);
    assert_eq!(refusal(set(Some("a\u{7}b")).await).0, Code::InvalidArgument);
}

#[tokio::test]
async fn the_same_idempotency_key_draws_one_number() {
    let (lines, _database) = lines().await;
    let new = new_line();
    activated(&lines, &new).await;
    let message = pb::ProvisionNumberRequest { line_id: new.line_id.to_string(), area_code: None };
    let first = request_of(message.clone(), Role::Manager, new.company_id, Permission::LinesManage);
    let extensions = first.extensions().clone();
    let ask = async || {
        let mut request = Request::new(message.clone());
        *request.extensions_mut() = extensions.clone();
        request.metadata_mut().insert("idempotency-key", "once".parse().unwrap());
        LineService::provision_number(&lines, request)
            .await
            .unwrap()
            .into_inner()
            .line
            .unwrap()
            .phone_number
    };
    let (one, other) = tokio::join!(ask(), ask());
    assert_eq!(one, other);
    assert_ne!(one.as_deref(), Some("+5541900000000"));
}

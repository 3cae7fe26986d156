//! Calls: how they are made and ended, and those that were.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use proto::common::v1::condition::Kind;
use proto::common::v1::query_value::Kind as Value;
use proto::common::v1::{Condition, Query};
use proto::telecom::v1::call_service_client::CallServiceClient;
use proto::telecom::v1::{DialRequest, GetRecordingRequest, HangUpRequest, ListCallsRequest};

use super::auth::Account;
use super::body::{Given, Taken};
use super::documents::{Always, Bodied, Filtered, Guarded, IdempotencyKey, Named};
use super::error::Error;
use super::filter::{Calls, Paging};
use super::rules::{Model, Rules};
use super::wire::calls::{CALL, Call, CallPage, DIALER, Dialer, Dialled, Done, NewCall, Sound};
use super::{BASE, Session, Voice};
use crate::body::{At, Id};
use crate::clients::Answer;
use crate::fault::Fault;

// The largest that telecom keeps, and what stands around it.
const RECORDING_BYTES_MAX: usize = 33 * 1_024 * 1_024;
const PATH: &str = "/recordings";

/// Call a number
///
/// The extension rings, then the number. The credit for a minute is reserved first.
#[utoipa::path(
    post, path = "/dialer", tag = "calls", operation_id = "dial",
    params(IdempotencyKey),
    request_body(content = Dialer, example = json!({
        "extension": "1000", "phone": "+554833328530",
        "metadata": {"gateway": "integration-test", "userId": 123, "entityId": 456}
    })),
    responses(
        (status = 200, description = "It is being made", body = Dialled),
        (status = 402, description = "There is not enough credit"),
        (status = 404, description = "There is no such extension"),
        Guarded, Bodied, Always
    ),
    security(("token" = []))
)]
pub(super) async fn dial(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<Dialer>>,
) -> Result<Response, Error> {
    let account = session.account(&voice).await?;
    let Given(dialer, _) = given.value()?;
    let request = dialer.into_request(account.id.clone());
    let answer = voice.dial(&account, request, &DIALER).await?;
    Ok((answer.replayed, Json(Dialled::new(answer.message))).into_response())
}

/// Call a number, by other names
#[utoipa::path(
    post, path = "/calls", tag = "calls", operation_id = "createCall",
    params(IdempotencyKey),
    request_body(content = NewCall, example = json!({
        "caller": "1000", "called": "+554833328530", "metadata": {"userId": 123}
    })),
    responses(
        (status = 200, description = "It is being made", body = Done),
        (status = 402, description = "There is not enough credit"),
        (status = 404, description = "There is no such extension"),
        Guarded, Bodied, Always
    ),
    security(("token" = []))
)]
pub(super) async fn create(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<NewCall>>,
) -> Result<Response, Error> {
    let account = session.account(&voice).await?;
    let Given(call, _) = given.value()?;
    let mut rules = Rules::of(&CALL);
    let request = call.into_request(&mut rules, account.id.clone());
    rules.pass()?;
    let answer = voice.dial(&account, request, &CALL).await?;
    Ok((answer.replayed, Json(Done::new(answer.message))).into_response())
}

/// End a call
#[utoipa::path(
    post, path = "/calls/{id}/hangup", tag = "calls", operation_id = "hangUp",
    params(("id" = String, Path, format = Uuid, description = "The call"), IdempotencyKey),
    responses((status = 200, description = "It has ended", body = Done), Guarded, Named, Always),
    security(("token" = []))
)]
pub(super) async fn hang_up(
    State(voice): State<Voice>,
    session: Session,
    At(id): At<Id>,
) -> Result<Response, Error> {
    let account = session.account(&voice).await?;
    let call_id = String::from(id);
    let request = HangUpRequest { company_id: account.id, call_id: call_id.clone() };
    let answer = voice
        .clients()
        .telecom
        .ask(&account.caller, request, |to, request| async move {
            CallServiceClient::new(to).hang_up(request).await
        })
        .await
        .map_err(|status| Error::of(status, &CALL))?;
    Ok((answer.replayed, Json(Done::new(call_id))).into_response())
}

/// List ended calls
///
/// Those that began last come first unless said. A USER sees those of their own extension.
#[utoipa::path(
    get, path = "/calls", tag = "calls", operation_id = "listCalls",
    params(
        ("page" = Option<u32>, Query, minimum = 1, description = "Which page, from 1"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000,
         description = "Calls of a page; 100 unless said. The filter's limit wins"),
        ("filter" = Option<String>, Query,
         example = json!("{\"where\":{\"call_type\":\"outbound\"}}"),
         description = "Which of them: where, order, limit, skip, fields")
    ),
    responses(
        (status = 200, description = "A page of calls", body = CallPage),
        Guarded, Filtered, Always
    ),
    security(("token" = []))
)]
pub(super) async fn list(
    State(voice): State<Voice>,
    session: Session,
    paging: Paging<Calls>,
) -> Result<Response, Error> {
    let account = session.account(&voice).await?;
    let base = voice.public_url();
    let query = paging.query().map(|query| without_base(query, &base));
    let request = ListCallsRequest { company_id: account.id, query };
    let answer = voice
        .clients()
        .telecom
        .ask(&account.caller, request, |to, request| async move {
            CallServiceClient::new(to)
                .max_decoding_message_size(RECORDING_BYTES_MAX)
                .list_calls(request)
                .await
        })
        .await
        .map_err(|status| Error::of(status, &CALL))?;
    let recordings = format!("{base}{BASE}{PATH}");
    let page = answer.message;
    let shown = |call| paging.filter().select(Call::new(call, &recordings));
    let data = page.calls.into_iter().map(shown).collect();
    Ok(Json(CallPage { data, meta: paging.meta(page.total_size) }).into_response())
}

/// Listen to a call
#[utoipa::path(
    get, path = "/recordings/{file}", tag = "calls", operation_id = "getRecording",
    params((
        "file" = String, Path, description = "The call's id, and `.mp3`",
        example = "3b46c0c6-5acc-4dfb-9ceb-14e37f1d3040.mp3"
    )),
    responses(
        (status = 200, description = "Its sound", content_type = "audio/mpeg", body = Sound),
        Guarded, Named, Always
    ),
    security(("token" = []))
)]
pub(super) async fn recording(
    State(voice): State<Voice>,
    session: Session,
    At(file): At<String>,
) -> Result<Response, Error> {
    let name = file.strip_suffix(".mp3").ok_or(Fault::NotFound)?;
    let id: Id = name.parse().map_err(|_| Fault::NoId)?;
    let account = session.account(&voice).await?;
    let request = GetRecordingRequest { company_id: account.id, call_id: id.into() };
    let answer = voice
        .clients()
        .telecom
        .ask(&account.caller, request, |to, request| async move {
            CallServiceClient::new(to)
                .max_decoding_message_size(RECORDING_BYTES_MAX)
                .get_recording(request)
                .await
        })
        .await
        .map_err(|status| Error::of(status, &CALL).without_kind_of_absence())?;
    let headers = [(CONTENT_TYPE, "audio/mpeg"), (CACHE_CONTROL, "private, no-store")];
    Ok((headers, answer.message.content).into_response())
}

impl Voice {
    async fn dial(
        &self,
        account: &Account,
        request: DialRequest,
        model: &Model,
    ) -> Result<Answer<String>, Error> {
        let answer = self
            .clients()
            .telecom
            .ask(&account.caller, request, |to, request| async move {
                CallServiceClient::new(to).dial(request).await
            })
            .await
            .map_err(|status| Error::of(status, model))?;
        Ok(Answer { message: answer.message.call_id, replayed: answer.replayed })
    }

    /// Where clients reach the gateway, without a slash at its end.
    fn public_url(&self) -> String {
        self.gateway.config.web.public_url.to_string().trim_end_matches('/').to_owned()
    }
}

/// Addresses of recordings are compared as the service knows them: without where we are.
fn without_base(mut query: Query, base: &str) -> Query {
    if let Some(condition) = &mut query.r#where {
        strip(condition, base);
    }
    query
}

fn strip(condition: &mut Condition, base: &str) {
    match &mut condition.kind {
        Some(Kind::AllOf(list) | Kind::AnyOf(list) | Kind::NoneOf(list)) => {
            list.conditions.iter_mut().for_each(|condition| strip(condition, base));
        }
        Some(Kind::Comparison(comparison)) if comparison.field == "record_url" => {
            for value in &mut comparison.values {
                if let Some(Value::Text(text)) = &mut value.kind
                    && let Some(path) = text.strip_prefix(base)
                {
                    *text = path.to_owned();
                }
            }
        }
        _ => {}
    }
}

//! The sandbox among the documents at `/docs`.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use super::payments::Notice;

/// Where the document is.
pub(super) const PATH: &str = "/openapi/sandbox.json";

/// The document without its paths.
pub(super) fn document() -> OpenApi {
    <Document as utoipa::OpenApi>::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Linha: the sandbox",
        version = "1.0.0",
        description = "The outside world, at a tester's command: the clock that all services go \
            by, the mailbox that all mail ends in, and the simulators of everybody that the \
            services deal with. It is served by the local launcher, needs no token, and is \
            nowhere else.\n\n\
            Simulators do what they are asked, at once, unless a script says otherwise. The steps \
            of a script are used up in order, each for its own operation. A call that moves or \
            injects something returns when its consequences inside the system are done, and after \
            10 s at the latest.\n\n\
            Every error is `{\"code\", \"message\"}`, as in the `lines` dialect.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "clock", description = "What time it is"),
        (name = "mail", description = "What was mailed"),
        (name = "billing", description = "The end of a month"),
        (name = "simulators", description = "How the outside world behaves")
    )
)]
struct Document;

/// A command that cannot be carried out.
#[derive(ToSchema)]
#[schema(as = Error)]
#[expect(dead_code, reason = "describes an answer to the document")]
pub(super) struct Refusal {
    /// What is wrong, for programs: kebab-case.
    code: String,
    /// What is wrong, for people.
    message: String,
}

/// How a simulator answers next.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes a body to the document; each simulator has its own")]
pub(super) struct Script {
    /// At most 1,000 steps, used up in order, after those that wait already. What no step is for
    /// succeeds.
    #[schema(max_items = 1000)]
    next: Vec<Step>,
}

/// One answer, or several alike.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes a body to the document; each simulator has its own")]
pub(super) struct Step {
    /// What it answers: see each simulator.
    operation: String,
    /// What becomes of the request.
    outcome: Outcome,
    /// Why, for a refusal.
    reason: Option<String>,
    /// How long the answer takes, at most a minute: milliseconds, or an ISO 8601 duration such as
    /// "PT1.5S". What is done is done before.
    delay: Option<Delay>,
    /// For how many answers it stands.
    #[schema(minimum = 1, maximum = 1000, default = 1)]
    times: Option<u32>,
}

/// `ok`: done, and answered. `fail`: not done, and no answer. `lose-answer`: done, but the answer
/// is lost. `refuse`: refused for good.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Ok,
    Fail,
    LoseAnswer,
    Refuse,
}

/// A duration.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body to the document")]
enum Delay {
    Milliseconds(u64),
    Text(String),
}

/// What the payment provider says, or how it answers next.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body to the document")]
pub(super) enum PaymentCommand {
    Notice(Notice),
    Script(Script),
}

/// What a month came to.
#[derive(ToSchema)]
#[schema(example = json!({"invoices": 3, "lines": 42}))]
#[expect(dead_code, reason = "describes an answer to the document")]
pub(super) struct ClosedMonth {
    /// Invoices that were made.
    invoices: i64,
    /// Lines on them.
    lines: i64,
}

/// What time it is.
#[derive(ToSchema)]
#[schema(example = json!({"now": "2026-11-05T12:00:00Z"}))]
#[expect(dead_code, reason = "describes an answer to the document")]
pub(super) struct Now {
    /// RFC 3339.
    now: String,
}

/// The mailbox.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes an answer to the document")]
pub(super) struct Mailbox {
    /// Newest first.
    mails: Vec<Mail>,
}

/// A mail that was sent.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes an answer to the document")]
struct Mail {
    /// Address.
    to: String,
    /// Subject.
    subject: String,
    /// The plain text.
    text: String,
    /// The same as HTML.
    html: String,
    /// Links in it.
    links: Vec<String>,
    /// Documents with it.
    attachments: Vec<Attachment>,
    /// RFC 3339, on the clock.
    sent_at: String,
}

/// A document with a mail.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes an answer to the document")]
struct Attachment {
    /// File name.
    name: String,
    /// Media type.
    media_type: String,
    /// Base64.
    content: String,
}

//! What is out of sight takes the same way as what is not there: the same calls and the same
//! statements, so that no clock tells them apart.

use harness::{Rest, World, with_token};
use local::Part;
use opentelemetry_proto::tonic::trace::v1::Span;
use proto::company::v1::school_service_client::SchoolServiceClient;
use proto::company::v1::{PutTenantRequest, TenantInput};
use serde_json::json;
use uuid::Uuid;

use crate::{attribute, is_server};

/// A read: its route, how it asks about a partner's things, and how about what is nobody's.
struct Read {
    route: &'static str,
    theirs: String,
    nobodys: String,
}

async fn program(world: &World, client_id: &str, client_secret: &str) -> Rest {
    let form = format!(
        "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}"
    );
    let form_type = "application/x-www-form-urlencoded";
    let answer = world.rest().post_raw("/oauth2/token", form_type, form).await.expect(200);
    world.rest().with_token(answer["access_token"].as_str().unwrap())
}

/// A tenant without a school.
async fn tenant(world: &World) -> String {
    let account = &world.demo.operator;
    let body = json!({ "email": account.email, "password": account.password });
    let session = world.rest().post("/login", &body).await.expect(200);
    let tenant = Some(TenantInput {
        reference: "grupo-sem-escola".to_owned(),
        name: "Grupo".to_owned(),
        brand: "GRUPO".to_owned(),
        inactive: false,
    });
    let request =
        with_token(PutTenantRequest { tenant }, session["access_token"].as_str().unwrap());
    let put = SchoolServiceClient::new(world.channel(Part::Company)).put_tenant(request).await;
    put.unwrap().into_inner().tenant_id
}

/// The reads of which something can be out of sight. The others name nothing: profiles are
/// everybody's, and lists of all in sight have no other's things to be asked about.
async fn reads(world: &World) -> Vec<Read> {
    let partner = world.demo.partner.as_ref().unwrap();
    let own = program(world, &partner.client_id, &partner.client_secret).await;
    let (school_id, called) = (&partner.school_id, &partner.school_external_id);
    let users = own.get(&format!("/data/partner/v1/user?schoolExternalId={called}")).await;
    let users = users.expect(200);
    let account = |name: &str| {
        let users = users["data"].as_array().unwrap();
        let user = users.iter().find(|user| user["name"] == name).unwrap();
        user["account_id"].as_str().unwrap().to_owned()
    };
    let (guardian, student) = (account("Ana Souza"), account("João Souza"));
    let (tenant_id, no_id) = (tenant(world).await, Uuid::now_v7());
    let read = |route, theirs: String, nobodys: String| Read { route, theirs, nobodys };
    let calling = |route: &'static str, name: &str| Read {
        route,
        theirs: format!("{route}?{name}={called}"),
        nobodys: format!("{route}?{name}=NONE"),
    };
    let in_school = "/data/partner/v1/accounts";
    vec![
        read(
            "/data/v1/tenants/{id}",
            format!("/data/v1/tenants/{tenant_id}"),
            format!("/data/v1/tenants/{no_id}"),
        ),
        read(
            "/data/v1/schools/{id}",
            format!("/data/v1/schools/{school_id}"),
            format!("/data/v1/schools/{no_id}"),
        ),
        read(
            "/data/v1/accounts/{id}/dependents",
            format!("/data/v1/accounts/{guardian}/dependents"),
            format!("/data/v1/accounts/{no_id}/dependents"),
        ),
        read(
            "/data/v1/accounts/{account_id}",
            format!("/data/v1/accounts/{student}"),
            format!("/data/v1/accounts/{no_id}"),
        ),
        read(
            "/data/partner/v1/accounts/{AccountId}",
            format!("{in_school}/{student}?school_id={school_id}"),
            format!("{in_school}/{no_id}?school_id={no_id}"),
        ),
        read(
            "/data/partner/v1/accounts/{AccountId}",
            format!("{in_school}/{student}?school_external_id={called}"),
            format!("{in_school}/{no_id}?school_external_id=NONE"),
        ),
        calling("/data/v1/educational-shifts", "school_external_id"),
        calling("/data/v1/educational-stages", "school_external_id"),
        calling("/data/partner/v1/classes", "school_external_id"),
        calling("/data/partner/v1/user", "schoolExternalId"),
    ]
}

/// Who asked, and how: the n-th request of a route by start asked about somebody's things, the
/// one after it about nobody's.
pub(crate) struct Asked(Vec<(&'static str, &'static str)>);

/// Lets those ask who see nothing of a partner's school.
pub(crate) async fn ask(world: &World) -> Asked {
    let reads = reads(world).await;
    let other = world.demo.other_partner.as_ref().unwrap();
    let other = program(world, &other.client_id, &other.client_secret).await;
    let mut asked = vec![];
    for (who, rest) in
        [("another program", other), ("a manager", world.manager().await), ("nobody", world.rest())]
    {
        for Read { route, theirs, nobodys } in &reads {
            let (seen, nothing) = (rest.get(theirs).await, rest.get(nobodys).await);
            assert_eq!((seen.status, seen.body), (nothing.status, nothing.body), "{theirs}");
            assert!([400, 401].contains(&seen.status), "{theirs} by {who}: {}", seen.status);
            asked.push((who, *route));
        }
    }
    Asked(asked)
}

impl Asked {
    /// Asserts that what was asked about somebody's things went the same way as the other.
    pub(crate) fn assert_same_way(&self, spans: &[Span]) {
        for route in
            self.0.iter().map(|(_, route)| *route).collect::<std::collections::BTreeSet<_>>()
        {
            let by: Vec<&str> =
                self.0.iter().filter(|(_, asked)| *asked == route).map(|(who, _)| *who).collect();
            let mut roots: Vec<&Span> =
                spans.iter().filter(|span| span.name == format!("GET {route}")).collect();
            roots.sort_by_key(|root| root.start_time_unix_nano);
            // The first of the users' was asked by whoever may.
            let roots = &roots[roots.len() - 2 * by.len()..];
            for (who, two) in by.iter().zip(roots.chunks(2)) {
                let (theirs, nobodys) = (way(spans, two[0]), way(spans, two[1]));
                assert_eq!(theirs, nobodys, "{route} by {who}");
                let calls = theirs.iter().filter(|step| step.contains("Service/")).count();
                assert_eq!(calls == 0, *who == "nobody", "{route} by {who}: {theirs:?}");
            }
        }
    }
}

/// Calls and statements of a request, in the order in which they began.
fn way(spans: &[Span], root: &Span) -> Vec<String> {
    let mut steps: Vec<&Span> = spans
        .iter()
        .filter(|span| span.trace_id == root.trace_id)
        .filter(|span| {
            is_server(span) && span.name.contains("Service/")
                || attribute(span, "db.query.text").is_some()
        })
        .collect();
    steps.sort_by_key(|step| step.start_time_unix_nano);
    steps.into_iter().map(|step| step.name.clone()).collect()
}

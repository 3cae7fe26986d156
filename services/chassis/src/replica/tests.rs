use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderName, Response};
use postgres_local::{Cluster, Options};
use proto::common::v1::Permission;
use sqlx::migrate::Migrator;
use tempfile::TempDir;
use tonic::body::Body;
use tower::{Layer, Service as _, ServiceExt, service_fn};

use super::*;
use crate::auth::{Claims, SubjectKind};
use crate::clock::Clock;
use crate::testing::{self, outage};

static NONE: Migrator = Migrator::DEFAULT;
const WRITING: &str = "/linha.company.v1.CompanyService/CreateCompany";
const READING: &str = "/linha.company.v1.CompanyService/ListCompanies";

/// A primary and a replica that streams from it. The one notes every committed `thing`.
struct Pair {
    directory: TempDir,
    primary: Cluster,
    replica: Option<Cluster>,
    service: Service,
}

impl Pair {
    async fn start() -> Self {
        let directory = outage::directory();
        let primary =
            Cluster::start(&directory.path().join("primary"), Options::durable()).await.unwrap();
        let replica = primary.replica(&directory.path().join("replica")).await.unwrap();
        let service = open(&primary, &replica).await;
        let pair = Self { directory, primary, replica: Some(replica), service };
        pair.sql("create table thing (id bigserial)").await;
        // The first reader finds no floor.
        assert!(!pair.reads_from_replica("first").await);
        pair.caught_up("first").await;
        pair
    }

    async fn sql(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.service.db).await.unwrap();
    }

    async fn on_replica(&self, statement: &'static str) {
        let pool = PgPool::connect(&self.replica.as_ref().unwrap().url()).await.unwrap();
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    }

    /// From now on the replica shows what it shows.
    async fn pause(&self) {
        self.on_replica("select pg_wal_replay_pause()").await;
        let pool = PgPool::connect(&self.replica.as_ref().unwrap().url()).await.unwrap();
        let state = "select pg_get_wal_replay_pause_state()";
        while sqlx::query_scalar::<_, String>(state).fetch_one(&pool).await.unwrap() != "paused" {
            // What it replays next makes it notice.
            self.sql("insert into thing default values").await;
        }
        pool.close().await;
    }

    async fn resume(&self) {
        self.on_replica("select pg_wal_replay_resume()").await;
    }

    async fn caught_up(&self, who: &str) {
        while !self.reads_from_replica(who).await {}
    }

    async fn reads_from_replica(&self, who: &str) -> bool {
        is_replica(&self.service, who).await
    }

    /// How many things somebody is shown.
    async fn things(&self, who: &str) -> i64 {
        let reader = self.service.reader(&by(caller(SubjectKind::User, who))).await.unwrap();
        let count = "select count(*) from thing";
        sqlx::query_scalar(count).fetch_one(&reader).await.unwrap()
    }
}

async fn open(primary: &Cluster, replica: &Cluster) -> Service {
    let urls = [("database-url", primary.url()), ("database-read-only-url", replica.url())];
    let urls = urls.each_ref().map(|(flag, url)| (*flag, url.as_str()));
    let config = testing::config("company", &urls);
    Service::open("company", &config, &NONE, Clock::system(), vec![]).await.unwrap()
}

/// People are called by a word here; their ids are made of it.
fn caller(kind: SubjectKind, who: &str) -> Caller {
    let sub = match kind {
        SubjectKind::User => {
            uuid::Uuid::from_u128(who.bytes().fold(0, |id, byte| id << 8 | u128::from(byte)))
                .to_string()
        }
        _ => who.to_owned(),
    };
    let claims = Claims::new(sub, kind, vec![], 0, 0, i64::MAX);
    Caller::new(claims, Permission::CompaniesRead, "/test").unwrap()
}

fn by(caller: Caller) -> Request<()> {
    let mut request = Request::new(());
    request.extensions_mut().insert(caller);
    request
}

async fn is_replica(service: &Service, who: &str) -> bool {
    let reader = service.reader(&by(caller(SubjectKind::User, who))).await.unwrap();
    sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&reader).await.unwrap()
}

/// Calls an rpc that makes a thing, and tells whether it was refused.
async fn call(service: &Service, path: &str, caller: Caller, origin: Option<&str>) -> bool {
    let refused = path == "/refused";
    let db = service.db.clone();
    let handler = service_fn(move |_| {
        let db = db.clone();
        async move {
            if refused {
                return Ok(Status::not_found("nothing is there").into_http());
            }
            sqlx::query("insert into thing default values").execute(&db).await.unwrap();
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let mut request = http::Request::post(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(caller);
    if let Some(origin) = origin {
        let name = HeaderName::from_static("linha-origin");
        request.headers_mut().insert(name, origin.parse().unwrap());
    }
    let mut layered = NoteWrites::new(service.clone()).unwrap().layer(handler);
    let answer = layered.ready().await.unwrap().call(request).await.unwrap();
    answer.headers().contains_key("grpc-status")
}

#[tokio::test]
async fn who_wrote_sees_it_and_others_may_not_yet() {
    let pair = Pair::start().await;
    let other_pod = open(&pair.primary, pair.replica.as_ref().unwrap()).await;
    pair.pause().await;
    let before = pair.things("reader").await;
    assert!(!call(&pair.service, WRITING, caller(SubjectKind::User, "writer"), None).await);

    assert!(!pair.reads_from_replica("writer").await);
    assert!(!is_replica(&other_pod, "writer").await, "whichever replica of the service is asked");
    let written = pair.things("writer").await;
    assert!(written > before);
    assert!(pair.reads_from_replica("reader").await);
    assert_eq!(pair.things("reader").await, before);

    assert!(!call(&pair.service, READING, caller(SubjectKind::User, "reader"), None).await);
    assert!(call(&pair.service, "/refused", caller(SubjectKind::User, "reader"), None).await);
    assert!(pair.reads_from_replica("reader").await, "reading and refusals leave no trace");

    // A service that asks for somebody says so; nobody else may.
    let origin = caller(SubjectKind::User, "behind").key();
    let stranger = caller(SubjectKind::User, "stranger");
    call(&pair.service, WRITING, stranger, Some(&origin)).await;
    assert!(pair.reads_from_replica("behind").await);
    assert!(!pair.reads_from_replica("stranger").await);
    let telecom = || caller(SubjectKind::Service, "telecom");
    call(&pair.service, WRITING, telecom(), Some(&origin)).await;
    assert!(!pair.reads_from_replica("behind").await);

    let reader = pair.service.reader(&by(telecom())).await.unwrap();
    let recovers: bool =
        sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&reader).await.unwrap();
    assert!(!recovers, "a service decides by what it reads");

    pair.resume().await;
    for who in ["writer", "stranger", "behind"] {
        pair.caught_up(who).await;
        assert_eq!(pair.things(who).await, written + 3, "{who}");
    }
}

#[tokio::test]
async fn a_replica_that_lags_or_of_which_nothing_is_known_serves_nobody() {
    let pair = Pair::start().await;
    let writer = caller(SubjectKind::User, "writer").key();
    pair.pause().await;
    pair.sql("insert into thing default values").await;
    memory::note(&pair.service.db, &writer).await.unwrap();
    memory::move_floor(&pair.service.db, Duration::ZERO).await.unwrap();
    assert!(pair.reads_from_replica("reader").await, "what is new need not be there");
    let noted = "select count(*) from last_write";
    let noted = async || sqlx::query_scalar::<_, i64>(noted).fetch_one(&pair.service.db).await;
    assert_eq!(noted().await.unwrap(), 1);

    memory::move_floor(&pair.service.db, Duration::from_secs(60)).await.unwrap();
    assert!(pair.reads_from_replica("reader").await, "another has moved it just now");
    memory::move_floor(&pair.service.db, Duration::ZERO).await.unwrap();
    assert!(!pair.reads_from_replica("reader").await, "what is older must be there");
    assert_eq!(noted().await.unwrap(), 0, "the floor says it for everybody");
    pair.resume().await;
    pair.caught_up("reader").await;

    // As after a crash of the primary.
    pair.pause().await;
    pair.sql("insert into thing default values").await;
    pair.sql("truncate last_write, replay_floor").await;
    for _ in 0..3 {
        assert!(!pair.reads_from_replica("reader").await);
    }
    pair.resume().await;
    pair.caught_up("reader").await;
}

#[tokio::test]
async fn while_the_replica_is_away_the_primary_serves() {
    let mut pair = Pair::start().await;
    let port = pair.replica.as_ref().unwrap().port();
    pair.replica.take().unwrap().stop().await;
    let everybody = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let began = Instant::now();
    for _ in 0..5 {
        let found = everybody.map(|who| pair.reads_from_replica(who));
        assert!(!futures::future::join_all(found).await.contains(&true));
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());

    let options = Options { port: Some(port), ..Options::durable() };
    let replica = Cluster::start(&pair.directory.path().join("replica"), options).await.unwrap();
    pair.replica = Some(replica);
    pair.caught_up("a").await;
    // Several statements at once go over the one connection.
    let reader = pair.service.reader(&by(caller(SubjectKind::User, "a"))).await.unwrap();
    let number = async |number: i64| {
        sqlx::query_scalar::<_, i64>("select $1").bind(number).fetch_one(&reader).await
    };
    let numbers = tokio::try_join!(number(1), number(2), number(3)).unwrap();
    assert_eq!(numbers, (1, 2, 3));
}

//! A Hydra client, that knows nothing but where collections are: pages, things and what these
//! lead to are found by links and contexts alone.

use std::collections::{HashMap, HashSet};

use harness::World;
use serde_json::{Value, json};

use super::client::{Client, Owner};
use crate::openapi::Document;

/// A page of a collection, and the links that it has.
struct Page(Value);

impl Page {
    async fn at(client: &Client, path: &str) -> Self {
        let page = client.get(path).await.expect(200);
        assert_eq!(page["@type"], "hydra:Collection", "{path}");
        Self(page)
    }

    fn members(&self) -> Vec<Value> {
        self.0["hydra:member"].as_array().unwrap().clone()
    }

    fn link(&self, name: &str) -> Option<String> {
        self.0["hydra:view"][name].as_str().map(str::to_owned)
    }
}

/// All members of a collection from a page on, by one kind of link.
async fn follow(client: &Client, start: &str, link: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut next) = (vec![], Some(start.to_owned()));
    while let Some(path) = next {
        let page = Page::at(client, &path).await;
        assert_eq!(page.link("@id"), Some(path), "a page knows its own place");
        next = page.link(link);
        pages.push(page.members());
    }
    pages
}

/// Every collection of the document; names in paths are filled in with what `known` has.
fn collections(document: &Document, known: &HashMap<&str, String>) -> Vec<String> {
    let is_collection = |value: &Value| {
        let content = &value["responses"]["200"]["content"]["application/ld+json"]["schema"];
        content["properties"]["hydra:member"].is_object()
    };
    let operations = document.operations().into_iter();
    let paths = operations.filter(|of| is_collection(of.value)).map(|of| {
        known.get(of.path).cloned().unwrap_or_else(|| {
            assert!(!of.path.contains('{'), "{} is not filled in", of.path);
            of.path.to_owned()
        })
    });
    paths.collect()
}

/// Two at least of all that can be listed.
async fn filled(world: &World) -> (Owner, HashMap<&'static str, String>) {
    let owner = Owner::new(world, "production").await;
    let client = &owner.client;
    client.post("/organizations", json!({"name": "Filial"})).await.expect(201);
    for day in ["2026-11-23", "2026-11-24", "2026-11-25"] {
        client.post("/locations", json!({"name": day})).await.expect(201);
        let (from, to) = (format!("{day}T10:00:00Z"), format!("{day}T11:00:00Z"));
        let meeting = json!({"employee": null, "dateFrom": from, "dateTo": to});
        client.post("/meetings", meeting).await.expect(201);
        owner.address().await;
        client.post("/payment-methods", json!({"type": "pix"})).await.expect(201);
    }
    let first = owner.subscribed().await;
    let path = first["@id"].as_str().unwrap();
    client.post(&format!("{path}/cancel"), json!({})).await.expect(201);
    let method = client.get("/payment-methods").await.expect(200)["hydra:member"][0].clone();
    let mut wanted = owner.subscription().await;
    wanted["paymentMethod"] = method["@id"].clone();
    let second = client.post("/subscriptions", wanted).await.expect(201);

    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "BancoDoBrasil"});
    client.post("/integrations/kontomatik/setup", setup.clone()).await.expect(201);
    let connected = client.post("/integrations/kontomatik/setup", setup).await.expect(201);
    let connection = connected["bankConnection"].as_str().unwrap();
    let pull = json!({"bankConnection": connection});
    client.post("/integrations/kontomatik/pull", pull).await.expect(201);
    world.settle().await;
    // A second invoice comes with the next month.
    world.advance("P32D").await;
    let client = super::client::log_in(world, &owner.email).await;
    let subscription = second["@id"].as_str().unwrap();
    let known = HashMap::from([
        ("/subscriptions/{id}/invoices", format!("{subscription}/invoices")),
        ("/bank-connections/{id}/transactions", format!("{connection}/transactions")),
    ]);
    (Owner { client, ..owner }, known)
}

#[tokio::test]
async fn a_hydra_client_walks_every_collection_by_its_links_alone() {
    let world = World::own().await;
    let (owner, known) = filled(&world).await;
    let client = &owner.client;
    let document = Document::of_dialect(&world, "workspaces").await;
    let collections = collections(&document, &known);
    assert_eq!(collections.len(), 12, "{collections:?}");
    let mut things = vec![];
    for path in collections {
        let whole = Page::at(client, &path).await;
        let total = whole.0["hydra:totalItems"].as_u64().unwrap();
        assert!(total >= 2, "{path} has {total}");
        let per_page = (total / 2).min(100);
        let start = Page::at(client, &format!("{path}?itemsPerPage={per_page}")).await;
        let (first, last) = (start.link("hydra:first"), start.link("hydra:last"));
        let (first, last) = (first.unwrap(), last.unwrap());
        assert_eq!(start.link("hydra:previous"), None, "{path}");
        let forward = follow(client, &first, "hydra:next").await;
        let mut backward = follow(client, &last, "hydra:previous").await;
        backward.reverse();
        assert_eq!(forward, backward, "{path}");
        let members: Vec<Value> = forward.into_iter().flatten().collect();
        assert_eq!(u64::try_from(members.len()).unwrap(), total, "{path}");
        let different: HashSet<String> = members.iter().map(Value::to_string).collect();
        assert_eq!(different.len(), members.len(), "{path} shows something twice");
        things.extend(members);
    }
    let mut contexts = HashMap::new();
    let mut seen = HashSet::new();
    for thing in things {
        arrive(client, thing, &mut contexts, &mut seen).await;
    }
    for kind in ["Organization", "Subscription", "Invoice", "BankConnection", "Country"] {
        assert!(contexts.contains_key(kind), "nothing leads to {kind}");
    }
}

/// Reads a thing where it says that it is, and goes where its relations lead.
async fn arrive(
    client: &Client,
    thing: Value,
    contexts: &mut HashMap<String, Vec<String>>,
    seen: &mut HashSet<String>,
) {
    let mut waiting = vec![thing];
    while let Some(thing) = waiting.pop() {
        let kind = thing["@type"].as_str().unwrap().to_owned();
        if !contexts.contains_key(&kind) {
            contexts.insert(kind.clone(), relations(client, &kind).await);
        }
        let leads = contexts[&kind].iter().flat_map(|relation| match &thing[relation] {
            Value::Array(paths) => paths.iter().filter_map(Value::as_str).collect(),
            Value::String(path) => vec![path.as_str()],
            other => {
                assert!(other.is_null(), "{relation} of {kind} is {other}");
                vec![]
            }
        });
        let places = thing["@id"].as_str().into_iter().chain(leads);
        for place in places.map(str::to_owned).collect::<Vec<_>>() {
            if seen.insert(place.clone()) {
                let found = client.get(&place).await.expect(200);
                assert_eq!(found["@id"], json!(place));
                assert_eq!(
                    found["@context"],
                    format!("/contexts/{}", found["@type"].as_str().unwrap())
                );
                waiting.push(found);
            }
        }
    }
}

/// The members of a type that are paths, as its context has it.
async fn relations(client: &Client, kind: &str) -> Vec<String> {
    let context = client.get(&format!("/contexts/{kind}")).await.expect(200);
    let members = context["@context"].as_object().unwrap();
    let relations = members.iter().filter(|(_, meaning)| meaning["@type"] == "@id");
    relations.map(|(name, _)| name.clone()).collect()
}

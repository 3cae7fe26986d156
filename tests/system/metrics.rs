//! What alerts and dashboards name is what a running system tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use harness::World;

const OBSERVABILITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/observability");
const PREFIX: &str = "linha_";

/// The names of metrics in a text, each with the labels that it is asked for by.
fn named(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = text.replace('\\', "");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (start, _) in text.match_indices(PREFIX) {
        let rest = &text[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        let labels = found.entry(name.to_owned()).or_default();
        let Some((selector, _)) = after.strip_prefix('{').and_then(|rest| rest.split_once('}'))
        else {
            continue;
        };
        // Values hold no comma followed by a name and an equals sign.
        for term in selector.split(',') {
            if let Some((label, _)) = term.split_once(['=', '!']) {
                labels.insert(label.trim().to_owned());
            }
        }
    }
    found
}

/// What alerts and dashboards name.
fn wanted() -> BTreeMap<String, BTreeSet<String>> {
    let dashboards = fs::read_dir(Path::new(OBSERVABILITY).join("dashboards")).unwrap();
    let mut files: Vec<_> = dashboards.map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    files.push(Path::new(OBSERVABILITY).join("alerts.yaml"));
    let texts = files.iter().map(|path| fs::read_to_string(path).unwrap());
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, labels) in texts.flat_map(|text| named(&text)) {
        wanted.entry(name).or_default().extend(labels);
    }
    wanted
}

#[test]
fn names_and_labels_are_found_in_queries() {
    let query = r#"sum by (a) (rate(linha_x_total{status=~\"5..\",kind!=\"b\"}[5m])) > linha_y"#;
    let found = named(query);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["linha_x_total", "linha_y"]);
    assert_eq!(found["linha_x_total"].iter().collect::<Vec<_>>(), ["kind", "status"]);
}

#[tokio::test]
async fn every_metric_of_an_alert_or_a_dashboard_is_told() {
    let world = World::shared().await;
    let operator = world.operator().await;
    operator.get("/companies").await.expect(200);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for address in world.stack.addresses().admin.values() {
        let scraped = client.get(format!("http://{address}/metrics")).send().await.unwrap();
        let text = scraped.error_for_status().unwrap().text().await.unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            for (name, labels) in named(line) {
                told.entry(name).or_default().extend(labels);
            }
        }
    }
    for (name, labels) in wanted() {
        let has = told.get(&name).unwrap_or_else(|| {
            panic!("{name} is not told, but {:?}", told.keys().collect::<Vec<_>>())
        });
        let lacks: Vec<_> = labels.difference(has).collect();
        assert!(lacks.is_empty(), "{name} has no {lacks:?}, but {has:?}");
    }
}

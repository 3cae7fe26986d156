//! No crash point without a kill.

use std::fs;
use std::path::{Path, PathBuf};

use local::Part;

use crate::*;

const CALL: &str = "crash::point(";

/// Where services are killed.
fn kills() -> Vec<&'static str> {
    let all: [&[(&str, Part)]; 20] = [
        &signups::POINTS,
        &orders::POINTS,
        &top_ups::POINTS,
        &port_ins::POINTS,
        &billing_runs::POINTS,
        &[billing_runs::SET_ASIDE],
        &bills::POINTS,
        &dunning::POINTS,
        &fiscal_notes::POINTS,
        &line_changes::POINTS,
        &school_imports::POINTS,
        &shipments::POINTS,
        &webhooks::POINTS,
        &calls::POINTS,
        &calls::CHARGE_POINTS,
        &voice_accounts::POINTS,
        &voice_accounts::OTHER_POINTS,
        &enterprises::POINTS,
        &workspaces::POINTS,
        &workspaces::BILLING_POINTS,
    ];
    all.into_iter().flatten().map(|(point, _)| *point).collect()
}

#[test]
fn services_are_killed_at_every_crash_point() {
    let points = points();
    assert!(points.len() > 40, "{points:?}");
    let kills = kills();
    let spared: Vec<&(String, PathBuf)> = points
        .iter()
        .filter(|(point, _)| !kills.iter().any(|kill| is_one_of(kill, point)))
        .collect();
    assert!(spared.is_empty(), "nobody is killed at {spared:?}");
    let gone: Vec<&&str> = kills
        .iter()
        .filter(|kill| !points.iter().any(|(point, _)| is_one_of(kill, point)))
        .collect();
    assert!(gone.is_empty(), "there is no such point: {gone:?}");
}

/// Whether a name can come of a pattern with places in braces.
fn is_one_of(name: &str, pattern: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('{') else { return name == pattern };
    let Some((_, after)) = rest.split_once('}') else { return false };
    let Some(rest) = name.strip_prefix(before) else { return false };
    rest.char_indices()
        .take_while(|(_, letter)| letter.is_ascii_lowercase() || *letter == '_')
        .any(|(at, letter)| is_one_of(&rest[at + letter.len_utf8()..], after))
}

/// Every point in the services' sources, with the file.
fn points() -> Vec<(String, PathBuf)> {
    let mut points = vec![];
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../services")) {
        let text = fs::read_to_string(&file).unwrap();
        for call in text.split(CALL).skip(1) {
            let name = call.trim_start().trim_start_matches("&format!(");
            let name = name.strip_prefix('"').and_then(|name| name.split_once('"'));
            let (name, _) = name.unwrap_or_else(|| panic!("a point in {file:?} has no name"));
            points.push((name.to_owned(), file.clone()));
        }
    }
    points
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => found.extend(sources(&path)),
            Some("rs") => found.push(path),
            _ => {}
        }
    }
    found
}

#[test]
fn places_in_braces_stand_for_one_word() {
    assert!(is_one_of("telecom.inbox.committed", "{}.inbox.committed"));
    assert!(is_one_of("telecom.plan_change.committed", "telecom.{matter}.committed"));
    assert!(!is_one_of("telecom.a.b.committed", "telecom.{matter}.committed"));
    assert!(!is_one_of("telecom.inbox.committed", "telecom.inbox.before_commit"));
}

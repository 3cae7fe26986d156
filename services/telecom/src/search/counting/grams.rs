//! Going through search texts: which terms are common, and which lines have them.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::super::looks_like_a_card;

/// Terms of up to so many characters are all counted, however few lines have them: the index of
/// rare terms knows nothing of them.
const SHORT: usize = 2;
const LENGTH_MAX: usize = 64;
const TERMS_MAX: usize = 6_000;
/// A bound for texts in scripts of thousands of letters. Each node takes a kilobyte.
const NODES_MAX: usize = 60_000;

/// Terms of more than [`SHORT`] characters that at least `lines_min` of the texts have, most
/// common ones first.
pub(super) fn common_terms(texts: &[String], lines_min: u32) -> Vec<String> {
    // Where a term may begin, and how much of it was looked at.
    let mut places: Vec<(usize, &str, usize)> = Vec::new();
    for (line, text) in texts.iter().enumerate() {
        for value in text.lines().filter(|value| !looks_like_a_card(value)) {
            places.extend(value.char_indices().map(|(at, _)| (line, &value[at..], 0)));
        }
    }
    let mut common: Vec<(u32, &str)> = Vec::new();
    for length in 1..=LENGTH_MAX {
        places.retain_mut(|(_, text, end)| {
            let next = text[*end..].chars().next();
            *end += next.map_or(0, char::len_utf8);
            next.is_some()
        });
        // How many lines have it, and the last of them.
        let mut lines: HashMap<&str, (u32, usize)> = HashMap::new();
        for (line, text, end) in &places {
            let (count, last) = lines.entry(&text[..*end]).or_insert((0, usize::MAX));
            *count += u32::from(*last != *line);
            *last = *line;
        }
        lines.retain(|_, (count, _)| *count >= lines_min);
        places.retain(|(_, text, end)| lines.contains_key(&text[..*end]));
        if length > SHORT {
            common.extend(lines.into_iter().map(|(term, (count, _))| (count, term)));
        }
        if places.is_empty() {
            break;
        }
    }
    common.sort_unstable_by_key(|(count, term)| (Reverse(*count), *term));
    common.into_iter().take(TERMS_MAX).map(|(_, term)| term.to_owned()).collect()
}

/// How many lines of which stretches have a term.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) lines: i64,
    /// Numbers of the stretches, from 1 on, and as many counts.
    pub(super) stretches: Vec<i32>,
    pub(super) counts: Vec<i32>,
}

/// What the lines of a company have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// Terms of up to so many characters are all among the terms.
    pub(super) complete: i32,
    /// Terms, and the places of their counts.
    pub(super) terms: Vec<(String, usize)>,
    pub(super) counts: Vec<Count>,
}

/// Counts the lines that have terms: given ones, and all short ones.
pub(super) struct Counter {
    /// For each node where the next byte leads; 0 is nowhere, since nothing leads to the root.
    nodes: Vec<[u32; 256]>,
    /// The term that ends in a node.
    ends: Vec<Option<usize>>,
    terms: Vec<String>,
    tallies: Vec<Tally>,
    line: u64,
    stretch: i32,
    complete: bool,
}

#[derive(Default)]
struct Tally {
    count: Count,
    last_line: u64,
}

impl Counter {
    /// Counts `terms` and the short ones.
    pub(super) fn new(terms: Vec<String>) -> Self {
        let mut counter = Self {
            nodes: vec![[0; 256]],
            ends: vec![None],
            terms: vec![],
            tallies: vec![],
            line: 0,
            stretch: 0,
            complete: true,
        };
        counter.add_term(0, "");
        for term in terms {
            let mut node = 0;
            for byte in term.bytes() {
                node = counter.grow(node, byte);
            }
            counter.add_term(node, &term);
        }
        counter
    }

    /// The next line is the first of another stretch.
    pub(super) fn begin_stretch(&mut self) {
        self.stretch += 1;
    }

    /// Takes the search text of the next line.
    pub(super) fn add(&mut self, text: &str) {
        self.line += 1;
        self.mark(0);
        for value in text.lines() {
            if looks_like_a_card(value) {
                let digits: String =
                    value.bytes().map(|letter| char::from(letter - b'A' + b'0')).collect();
                (0..digits.len()).for_each(|start| self.mark_end(&digits[start..]));
            } else {
                value.char_indices().for_each(|(start, _)| self.mark_beginnings(&value[start..]));
            }
        }
    }

    /// The terms that at least `lines_min` lines have, and all short ones.
    pub(super) fn finish(self, lines_min: i64) -> Counts {
        let Self { terms, tallies, complete, .. } = self;
        let mut found: Vec<(String, Count)> = terms
            .into_iter()
            .zip(tallies)
            .map(|(term, tally)| (term, tally.count))
            .filter(|(term, count)| count.lines >= lines_min || term.chars().count() <= SHORT)
            .collect();
        found.sort_unstable_by_key(|(term, _)| Reverse(term.len()));
        let complete = if complete { i32::try_from(SHORT).unwrap_or(0) } else { 0 };
        share(found, complete)
    }

    fn mark(&mut self, node: usize) {
        let (line, stretch) = (self.line, self.stretch);
        let Some(term) = self.ends[node] else { return };
        let tally = &mut self.tallies[term];
        if tally.last_line == line {
            return;
        }
        tally.last_line = line;
        tally.count.add(stretch);
    }

    /// Marks what a text begins with.
    fn mark_beginnings(&mut self, text: &str) {
        let mut node = 0;
        for (length, (start, character)) in text.char_indices().enumerate() {
            let end = start + character.len_utf8();
            for byte in text[start..end].bytes() {
                match self.nodes[node][usize::from(byte)] {
                    0 if length < SHORT && self.nodes.len() < NODES_MAX => {
                        node = self.grow(node, byte);
                    }
                    0 => {
                        self.complete &= length >= SHORT;
                        return;
                    }
                    next => node = next as usize,
                }
            }
            if length < SHORT && self.ends[node].is_none() {
                self.add_term(node, &text[..end]);
            }
            self.mark(node);
        }
    }

    /// Marks a text that is a term itself.
    fn mark_end(&mut self, digits: &str) {
        let mut node = 0;
        for byte in digits.bytes() {
            match self.nodes[node][usize::from(byte)] {
                0 if digits.len() <= SHORT && self.nodes.len() < NODES_MAX => {
                    node = self.grow(node, byte);
                }
                0 => {
                    self.complete &= digits.len() > SHORT;
                    return;
                }
                next => node = next as usize,
            }
        }
        if digits.len() <= SHORT && self.ends[node].is_none() {
            self.add_term(node, digits);
        }
        self.mark(node);
    }

    fn grow(&mut self, node: usize, byte: u8) -> usize {
        let next = self.nodes[node][usize::from(byte)];
        if next != 0 {
            return next as usize;
        }
        let new = self.nodes.len();
        self.nodes[node][usize::from(byte)] = u32::try_from(new).unwrap_or(0);
        self.nodes.push([0; 256]);
        self.ends.push(None);
        new
    }

    fn add_term(&mut self, node: usize, term: &str) {
        self.ends[node] = Some(self.terms.len());
        self.terms.push(term.to_owned());
        self.tallies.push(Tally::default());
    }
}

impl Count {
    fn add(&mut self, stretch: i32) {
        self.lines += 1;
        match (self.stretches.last(), self.counts.last_mut()) {
            (Some(last), Some(count)) if *last == stretch => *count += 1,
            _ => {
                self.stretches.push(stretch);
                self.counts.push(1);
            }
        }
    }
}

/// Lets terms share a count that are in the same lines: where a term is, its parts are too, so a
/// part that is in as many lines is in no others. `found` has longer terms first.
fn share(found: Vec<(String, Count)>, complete: i32) -> Counts {
    let places: HashMap<&str, usize> =
        found.iter().enumerate().map(|(place, (term, _))| (term.as_str(), place)).collect();
    let mut counted_with: Vec<Option<usize>> = vec![None; found.len()];
    let mut own: Vec<usize> = Vec::new();
    for (place, (term, count)) in found.iter().enumerate() {
        let id = *counted_with[place].get_or_insert_with(|| {
            own.push(place);
            own.len() - 1
        });
        for part in parts(term) {
            if let Some(part) = places.get(part)
                && counted_with[*part].is_none()
                && found[*part].1.lines == count.lines
            {
                counted_with[*part] = Some(id);
            }
        }
    }
    let mut counts = vec![Count::default(); own.len()];
    let mut terms = Vec::with_capacity(found.len());
    for (place, (term, count)) in found.into_iter().enumerate() {
        let id = counted_with[place].unwrap_or_default();
        if own[id] == place {
            counts[id] = count;
        }
        terms.push((term, id));
    }
    Counts { complete, terms, counts }
}

/// A term without its first and without its last character. A card's number that ends in a term
/// ends in the first of these, but need not end in the second.
fn parts(term: &str) -> impl Iterator<Item = &str> {
    let first = term.chars().next().map(|character| &term[character.len_utf8()..]);
    let last = term.char_indices().next_back().map(|(start, _)| &term[..start]);
    let is_number = term.bytes().all(|byte| byte.is_ascii_digit());
    first.into_iter().chain(last.filter(|_| !is_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(texts: &[&str], terms: &[&str], lines_min: i64) -> Counts {
        let mut counter = Counter::new(terms.iter().map(|term| (*term).to_owned()).collect());
        for (index, text) in texts.iter().enumerate() {
            if index % 2 == 0 {
                counter.begin_stretch();
            }
            counter.add(text);
        }
        counter.finish(lines_min)
    }

    fn count_of(counts: &Counts, term: &str) -> Option<Count> {
        let (_, id) = counts.terms.iter().find(|(other, _)| other == term)?;
        Some(counts.counts[*id].clone())
    }

    #[test]
    fn what_many_texts_have_is_common() {
        let texts = ["\nana silva\n", "\njoão silva\nXsilva silva\n", "\nsilvio\n", "\nAABB\n"]
            .map(str::to_owned);
        assert_eq!(common_terms(&texts, 3), ["ilv", "sil", "silv"]);
        let common = common_terms(&texts, 2);
        assert!(common.contains(&"silva".to_owned()) && common.contains(&" silva".to_owned()));
        assert!(!common.iter().any(|term| term.contains('A')));
    }

    #[test]
    fn each_line_counts_once() {
        let texts = ["\nana ana\n", "\nana\n", "\nbia\n", "\nAJB\nç\n"];
        let counts = counts(&texts, &["ana", "bia"], 2);
        let ana = Count { lines: 2, stretches: vec![1], counts: vec![2] };
        assert_eq!(count_of(&counts, "ana"), Some(ana.clone()));
        assert_eq!(count_of(&counts, "an"), Some(ana));
        assert_eq!(count_of(&counts, "bia"), None, "too few lines have it");
        let everything = Count { lines: 4, stretches: vec![1, 2], counts: vec![2, 2] };
        assert_eq!(count_of(&counts, ""), Some(everything));
        for term in ["ç", "1", "91"] {
            let last = Count { lines: 1, stretches: vec![2], counts: vec![1] };
            assert_eq!(count_of(&counts, term), Some(last), "{term}");
        }
        for term in ["0", "9", "09", "A"] {
            assert_eq!(count_of(&counts, term), None, "{term}");
        }
        assert_eq!(counts.complete, 2);
    }

    #[test]
    fn terms_in_the_same_lines_share_a_count() {
        let texts = ["\nx@acme.com\n", "\nx@acme.com\n", "\nx\n"];
        let counts = counts(&texts, &["acme", "acm", "cme", "@acme.com"], 1);
        let id = |term: &str| counts.terms.iter().find(|(other, _)| other == term).unwrap().1;
        assert_eq!(id("acme"), id("m"));
        assert_ne!(id("acme"), id("x"));
        assert_eq!(id("x"), id(""));
    }

    #[test]
    fn a_card_ends_in_a_number_and_not_in_its_beginning() {
        // As many lines have "2" as have "21", but not the same.
        let counts = counts(&["\nJCB\n", "\nx\n", "\n2\n"], &[], 1);
        assert_eq!(count_of(&counts, "21").unwrap().stretches, [1]);
        assert_eq!(count_of(&counts, "2").unwrap().stretches, [2]);
    }
}

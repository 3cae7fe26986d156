//! Files, row by row. A row that cannot be read is sent as such, so that it is in the report.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use serde_json::{Map, Value};

use crate::tables::{self, KIND};

/// The most bytes of a row: the longest one that can be put has fewer than a quarter of them.
const ROW_MAX: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values, with the fields' names in the first line. An empty cell is an
    /// absent value; several profiles are separated by "|". Rows are numbered as a spreadsheet does
    /// it: that of the names is the first, and blank lines are none.
    Csv,
    /// One JSON object a line. Null is an absent value; rows have the numbers of their lines.
    Jsonl,
}

/// The rows of a file.
pub(crate) type Rows = Box<dyn Iterator<Item = anyhow::Result<pb::ImportRow>> + Send>;

impl Format {
    /// What a file is by its name.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// The rows of a file, whose cells `separator` separates if it has cells.
    pub(crate) fn open(self, file: &Path, separator: u8) -> anyhow::Result<Rows> {
        let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
        self.read(opened, separator)
    }

    fn read(self, source: impl Read + Send + 'static, separator: u8) -> anyhow::Result<Rows> {
        match self {
            Self::Csv => {
                let left = Arc::new(AtomicUsize::new(ROW_MAX));
                let mut reader = csv::ReaderBuilder::new()
                    .flexible(true)
                    .delimiter(separator)
                    .from_reader(Bounded { source, left: left.clone() });
                let names = reader.headers().context("the first line cannot be read")?.clone();
                check(&names)?;
                let records = reader.into_byte_records();
                Ok(Box::new(Csv { names, records, left, row_number: 1 }))
            }
            Self::Jsonl => {
                Ok(Box::new(JsonLines { source: BufReader::new(source), row_number: 0 }))
            }
        }
    }
}

/// Refuses names under which nothing could be found, or under which it would be ambiguous.
fn check(names: &csv::StringRecord) -> anyhow::Result<()> {
    let names: Vec<&str> = names.iter().map(str::trim).collect();
    if !names.contains(&KIND) {
        bail!("the first line names no column \"{KIND}\"; is it --separator that separates them?");
    }
    for (place, name) in names.iter().enumerate() {
        let is_again = !name.is_empty() && names[..place].contains(name);
        ensure!(!is_again, "the first line names the column \"{name}\" twice");
    }
    Ok(())
}

/// Reads no further than a row may be long: whoever takes a row in allows for another one.
struct Bounded<R> {
    source: R,
    left: Arc<AtomicUsize>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::other("a row has more than 64 kB; is a quote left open?"));
        }
        let length = buffer.len().min(left);
        let read = self.source.read(&mut buffer[..length])?;
        self.left.fetch_sub(read, Ordering::Relaxed);
        Ok(read)
    }
}

struct Csv<R> {
    names: csv::StringRecord,
    records: csv::ByteRecordsIntoIter<Bounded<R>>,
    left: Arc<AtomicUsize>,
    row_number: u32,
}

impl<R: Read> Iterator for Csv<R> {
    type Item = anyhow::Result<pb::ImportRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error.into())),
        };
        self.left.store(ROW_MAX, Ordering::Relaxed);
        self.row_number += 1;
        Some(Ok(match self.fields(record) {
            Ok(fields) => tables::row(self.row_number, fields),
            Err(reason) => unreadable(self.row_number, reason),
        }))
    }
}

impl<R> Csv<R> {
    fn fields(&self, record: csv::ByteRecord) -> Result<Map<String, Value>, &'static str> {
        let record = csv::StringRecord::from_byte_record(record).map_err(|_| "is not UTF-8")?;
        if record.len() > self.names.len() {
            return Err("has more cells than the first line");
        }
        if record.iter().any(|cell| cell.contains('\n')) {
            return Err("has a line break in a cell; is a quote left open?");
        }
        let cells = self.names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        Ok(cells.map(|(name, cell)| (name.trim().to_owned(), cell.into())).collect())
    }
}

struct JsonLines<R> {
    source: BufReader<R>,
    row_number: u32,
}

impl<R: Read> Iterator for JsonLines<R> {
    type Item = anyhow::Result<pb::ImportRow>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = vec![];
            let most = u64::try_from(ROW_MAX).unwrap_or(u64::MAX);
            match self.source.by_ref().take(most).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(ROW_MAX) => {
                    let line = self.row_number + 1;
                    return Some(Err(anyhow::anyhow!("line {line} has more than 64 kB")));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error.into())),
            }
            self.row_number += 1;
            let text = match self.row_number {
                1 => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line),
                _ => &line,
            };
            if text.trim_ascii().is_empty() {
                continue;
            }
            let row_number = self.row_number;
            return Some(Ok(match std::str::from_utf8(text).map(serde_json::from_str) {
                Ok(Ok(fields)) => tables::row(row_number, fields),
                Ok(Err(_)) => unreadable(row_number, "is no JSON object"),
                Err(_) => unreadable(row_number, "is not UTF-8"),
            }));
        }
    }
}

fn unreadable(row_number: u32, reason: &str) -> pb::ImportRow {
    pb::ImportRow { row_number, row: Some(Row::Unreadable(reason.to_owned())) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn rows(format: Format, text: impl AsRef<[u8]> + Send + 'static) -> Vec<pb::ImportRow> {
        format.read(Cursor::new(text), b',').unwrap().map(Result::unwrap).collect()
    }

    fn refused(format: Format, text: String) -> String {
        match format.read(Cursor::new(text), b',') {
            Err(error) => error.to_string(),
            Ok(rows) => match rows.collect::<Result<Vec<_>, _>>() {
                Err(error) => error.to_string(),
                Ok(rows) => panic!("{rows:?}"),
            },
        }
    }

    fn reasons(rows: Vec<pb::ImportRow>) -> Vec<String> {
        rows.into_iter()
            .map(|row| match row.row {
                Some(Row::Unreadable(reason)) => reason,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn names(rows: Vec<pb::ImportRow>) -> Vec<String> {
        rows.into_iter()
            .map(|row| match row.row {
                Some(Row::Tenant(tenant)) => tenant.name,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn both_formats_say_the_same() {
        let csv = "kind,reference,school_reference,name,profiles,document_type,document_value,inactive\n\
                   person,p1,s1,\"Souza, Ana\",Sponsor|Teacher,CPF,123.456.789-00,\n\
                   \n\
                   tenant,t1,,Grupo,,,,true\n";
        let json = "{\"kind\":\"person\",\"reference\":\"p1\",\"school_reference\":\"s1\",\
                    \"name\":\"Souza, Ana\",\"profiles\":[\"Sponsor\",\"Teacher\"],\
                    \"document_type\":\"CPF\",\"document_value\":\"123.456.789-00\"}\n\
                    \n\
                    {\"kind\":\"tenant\",\"reference\":\"t1\",\"name\":\"Grupo\",\
                    \"inactive\":true}\n";
        let from_csv = rows(Format::Csv, csv);
        let from_json = rows(Format::Jsonl, json);
        let kinds =
            |rows: &[pb::ImportRow]| -> Vec<_> { rows.iter().map(|row| row.row.clone()).collect() };
        assert_eq!(kinds(&from_csv), kinds(&from_json));
        assert_eq!((from_csv[0].row_number, from_csv[1].row_number), (2, 3));
        assert_eq!((from_json[0].row_number, from_json[1].row_number), (1, 3), "lines of the file");
        let Some(Row::Person(person)) = &from_csv[0].row else { panic!("{from_csv:?}") };
        assert_eq!(person.school_reference, "s1");
        let person = person.person.as_ref().unwrap();
        assert_eq!(person.profiles, ["Sponsor", "Teacher"]);
        assert_eq!(person.document.as_ref().unwrap().value, "123.456.789-00");
        assert!(person.email.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let json = "nonsense\n[]\n{\"kind\":\"pupil\"}\n{\"name\":\"x\"}\n\
                    {\"kind\":\"tenant\",\"nome\":\"x\"}\n{\"kind\":\"tenant\",\"inactive\":\"?\"}\n\
                    {\"kind\":\"person\",\"document_value\":12345678909}\n\
                    {\"kind\":\"person\",\"profiles\":[1]}\n\
                    {\"kind\":\"school\",\"addresses\":[{\"city\":\"A\"},{\"city\":5}]}\n";
        let told = reasons(rows(Format::Jsonl, json));
        assert_eq!(told[0], "is no JSON object");
        assert_eq!(told[1], "is no JSON object");
        assert_eq!(told[2], "has no known kind");
        assert_eq!(told[3], "has no known kind");
        assert!(told[4].starts_with("cannot be read: unknown field `nome`"), "{}", told[4]);
        // Where the value that is wrong may be somebody's, it is not told.
        let expected = [
            "cannot be read: inactive must be true or false",
            "cannot be read: document_value must be a string",
            "cannot be read: profiles must be texts",
            "cannot be read: addresses[1].city must be a string",
        ];
        assert_eq!(told[5..], expected);
        let csv = "kind,name\ntenant,x,y\n";
        assert_eq!(reasons(rows(Format::Csv, csv)), ["has more cells than the first line"]);
    }

    #[test]
    fn files_of_spreadsheets_and_of_other_systems_are_read() {
        let csv = "\u{FEFF}kind,reference,name,,\r\ntenant,t1,\"Grupo \"\"Sol\"\", Ltda\",,\r\n\
                   tenant,t2\r\n";
        assert_eq!(names(rows(Format::Csv, csv)), ["Grupo \"Sol\", Ltda", ""]);
        let json = "\u{FEFF}{\"kind\":\"tenant\",\"name\":\"Sol\",\"brand\":null}\r\n\r\n\
                    {\"kind\":\"tenant\",\"name\":\"Lua\"}";
        assert_eq!(names(rows(Format::Jsonl, json)), ["Sol", "Lua"]);
        let semicolons = Cursor::new("kind;name\ntenant;Sol, Lua\n");
        let read = Format::Csv.read(semicolons, b';').unwrap();
        assert_eq!(names(read.map(Result::unwrap).collect()), ["Sol, Lua"]);
    }

    #[test]
    fn a_row_that_is_no_text_is_one_row_and_no_more() {
        let good: &[u8] = b"tenant,Lua\n";
        let csv = [b"kind,name\n", b"tenant,S\xE3o\n".as_slice(), good].concat();
        let read = rows(Format::Csv, csv);
        assert_eq!(reasons(read[..1].to_vec()), ["is not UTF-8"]);
        assert_eq!(names(read[1..].to_vec()), ["Lua"]);
        let json = b"{\"kind\":\"S\xE3o\"}\n{\"kind\":\"tenant\",\"name\":\"Lua\"}\n".as_slice();
        let read = rows(Format::Jsonl, json);
        assert_eq!(reasons(read[..1].to_vec()), ["is not UTF-8"]);
        assert_eq!(names(read[1..].to_vec()), ["Lua"]);
    }

    #[test]
    fn a_quote_left_open_is_told_and_swallows_no_more_than_a_row_may_have() {
        let few = "kind,name\ntenant,\"Sol\ntenant,Lua\n";
        let told = reasons(rows(Format::Csv, few));
        assert_eq!(told, ["has a line break in a cell; is a quote left open?"]);
        let many = format!("kind,name\ntenant,\"Sol\n{}", "tenant,Lua\n".repeat(10_000));
        assert!(refused(Format::Csv, many).contains("is a quote left open?"));
        // So many are fine without it.
        let many = format!("kind,name\n{}", "tenant,Lua\n".repeat(10_000));
        assert_eq!(rows(Format::Csv, many).len(), 10_000);
        let long = format!("{{\"kind\":\"{}\"}}\n", "x".repeat(ROW_MAX));
        assert_eq!(refused(Format::Jsonl, format!("\n{long}")), "line 2 has more than 64 kB");
    }

    #[test]
    fn a_first_line_that_names_nothing_is_refused() {
        for (csv, told) in [
            ("", "no column \"kind\""),
            ("name,reference\n", "no column \"kind\""),
            ("kind;name\ntenant;x\n", "--separator"),
            ("kind,name, name\n", "the column \"name\" twice"),
        ] {
            let refused = refused(Format::Csv, csv.to_owned());
            assert!(refused.contains(told), "{csv}: {refused}");
        }
    }

    #[test]
    fn a_name_tells_the_format() {
        for (name, format) in
            [("a.csv", Some(Format::Csv)), ("a.JSONL", Some(Format::Jsonl)), ("a.txt", None)]
        {
            assert_eq!(Format::of(Path::new(name)), format);
        }
    }
}

//! Files, row by row. A row that cannot be read is sent as such, so that it is in the report.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Read};
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use serde_json::{Map, Value};

use crate::tables;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values, with the fields' names in the first line. An empty cell is an
    /// absent value; several profiles are separated by "|". Rows are numbered as a spreadsheet does
    /// it: that of the names is the first, and blank lines are none.
    Csv,
    /// One JSON object a line.
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

    /// The rows of a file.
    pub(crate) fn open(self, file: &Path) -> anyhow::Result<Rows> {
        let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
        self.read(opened)
    }

    fn read(self, source: impl Read + Send + 'static) -> anyhow::Result<Rows> {
        match self {
            Self::Csv => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
                let names = reader.headers().context("there is no first line")?.clone();
                Ok(Box::new(Csv { names, records: reader.into_records(), row_number: 1 }))
            }
            Self::Jsonl => {
                let lines = BufReader::new(source).lines();
                Ok(Box::new(JsonLines { lines, row_number: 0 }))
            }
        }
    }
}

struct Csv<R> {
    names: csv::StringRecord,
    records: csv::StringRecordsIntoIter<R>,
    row_number: u32,
}

impl<R: Read> Iterator for Csv<R> {
    type Item = anyhow::Result<pb::ImportRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error.into())),
        };
        self.row_number += 1;
        let row_number = self.row_number;
        if record.len() > self.names.len() {
            let row = Row::Unreadable("has more cells than the first line".to_owned());
            return Some(Ok(pb::ImportRow { row_number, row: Some(row) }));
        }
        let fields: Map<String, Value> = self
            .names
            .iter()
            .zip(&record)
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(name, cell)| (name.trim().to_owned(), cell.into()))
            .collect();
        Some(Ok(tables::row(row_number, fields)))
    }
}

struct JsonLines<R> {
    lines: Lines<BufReader<R>>,
    row_number: u32,
}

impl<R: Read> Iterator for JsonLines<R> {
    type Item = anyhow::Result<pb::ImportRow>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error.into())),
            };
            self.row_number += 1;
            if line.trim().is_empty() {
                continue;
            }
            let row_number = self.row_number;
            return Some(Ok(match serde_json::from_str(&line) {
                Ok(fields) => tables::row(row_number, fields),
                Err(_) => {
                    let row = Some(Row::Unreadable("is no JSON object".to_owned()));
                    pb::ImportRow { row_number, row }
                }
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn rows(format: Format, text: &'static str) -> Vec<pb::ImportRow> {
        format.read(Cursor::new(text)).unwrap().map(Result::unwrap).collect()
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
        let reasons = |rows: Vec<pb::ImportRow>| -> Vec<String> {
            rows.into_iter()
                .map(|row| match row.row {
                    Some(Row::Unreadable(reason)) => reason,
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        let json = "nonsense\n[]\n{\"kind\":\"pupil\"}\n{\"name\":\"x\"}\n\
                    {\"kind\":\"tenant\",\"nome\":\"x\"}\n{\"kind\":\"tenant\",\"inactive\":\"?\"}\n";
        let told = reasons(rows(Format::Jsonl, json));
        assert_eq!(told[0], "is no JSON object");
        assert_eq!(told[1], "is no JSON object");
        assert_eq!(told[2], "has no known kind");
        assert_eq!(told[3], "has no known kind");
        assert!(told[4].contains("unknown field `nome`"), "{}", told[4]);
        assert!(told[5].contains("true or false"), "{}", told[5]);
        let csv = "kind,name\ntenant,x,y\n";
        assert_eq!(reasons(rows(Format::Csv, csv)), ["has more cells than the first line"]);
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

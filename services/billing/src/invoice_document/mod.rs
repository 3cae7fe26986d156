//! An invoice on paper: what it is made of, and how to pay it.

mod made;
mod store;

use brazil::Cents;
use time::Date;
use time::macros::format_description;

pub(crate) use self::made::pdf;
use crate::paper::{LEFT, RIGHT, Sheets, Style, font};
use crate::payments::PaymentOptions;

/// The most items that are listed one by one.
const ITEMS_MAX: i64 = 1_000;

/// What stands on the paper.
struct InvoiceDocument<'a> {
    /// Who is paid.
    payee: &'a str,
    /// Who pays: name and CNPJ.
    payer: (&'a str, &'a str),
    /// As people name the invoice.
    id: &'a str,
    /// Its month.
    period: &'a str,
    issued: Date,
    due: Date,
    /// Where the invoice is, in a word.
    status: &'a str,
    /// What it is made of, in words.
    items: Vec<(String, Cents)>,
    amount: Cents,
    /// How to pay it; absent when there is nothing to pay.
    payment: Option<&'a PaymentOptions>,
}

const TITLE: Style = Style::bold(18.0);
const HEADING: Style = Style::bold(10.0);
const BODY: Style = Style::plain(10.0);
const ITEM_SIZE: f32 = 9.0;
const ITEM: Style = Style::plain(ITEM_SIZE);
const CODE_SIZE: f32 = 8.0;
const CODE: Style = Style::plain(CODE_SIZE);
const LINE: f32 = 14.0;
const VALUES: f32 = 150.0;
const ITEM_LINE: f32 = 12.5;
const DESCRIPTION_WIDTH: f32 = 400.0;
/// Of everything about payment, which stays on one page.
const PAYMENT_HEIGHT: f32 = 300.0;
const QR_SIDE: f32 = 140.0;
const BESIDE_QR: f32 = LEFT + QR_SIDE + 15.0;
/// Bars of 103 by 13 mm, as Febraban wants them, and the white beside them.
const BARCODE_WIDTH: f32 = 306.0;
const BARCODE_HEIGHT: f32 = 37.0;

impl InvoiceDocument<'_> {
    /// As PDF.
    fn pdf(&self) -> Vec<u8> {
        let mut sheets = Sheets::new();
        self.head(&mut sheets);
        self.items(&mut sheets);
        if let Some(options) = self.payment {
            payment(&mut sheets, options);
        }
        let title = format!("Invoice {}", self.period);
        sheets.finish(&title, &format!("{} · invoice {}", self.payee, self.id))
    }

    fn head(&self, sheets: &mut Sheets) {
        sheets.down(18.0);
        sheets.text(LEFT, TITLE, &format!("Invoice {}", self.period));
        sheets.down(10.0);
        for (name, value) in [
            ("From", self.payee),
            ("To", self.payer.0),
            ("CNPJ", self.payer.1),
            ("Number", self.id),
            ("Issued", &day(self.issued)),
            ("Due", &day(self.due)),
            ("Status", self.status),
        ] {
            // A voice account may have no CNPJ.
            if value.is_empty() {
                continue;
            }
            sheets.down(LINE);
            sheets.text(LEFT, HEADING, name);
            sheets.text(VALUES, BODY, &font::fit(value, 10.0, RIGHT - VALUES));
        }
        sheets.down(2.0 * LINE);
        table_head(sheets);
    }

    fn items(&self, sheets: &mut Sheets) {
        for (description, amount) in &self.items {
            if !sheets.down(ITEM_LINE) {
                sheets.down(LINE);
                table_head(sheets);
                sheets.down(ITEM_LINE);
            }
            sheets.text(LEFT, ITEM, &font::fit(description, ITEM_SIZE, DESCRIPTION_WIDTH));
            sheets.text_right(RIGHT, ITEM, &reais(*amount));
        }
        sheets.rule();
        if !sheets.down(LINE + 4.0) {
            sheets.down(LINE);
        }
        sheets.text(LEFT, HEADING, "Total");
        sheets.text_right(RIGHT, HEADING, &reais(self.amount));
    }
}

fn table_head(sheets: &mut Sheets) {
    sheets.text(LEFT, HEADING, "Item");
    sheets.text_right(RIGHT, BODY, "Amount");
    sheets.rule();
    sheets.down(4.0);
}

fn payment(sheets: &mut Sheets, options: &PaymentOptions) {
    if sheets.has(PAYMENT_HEIGHT) {
        sheets.down(2.5 * LINE);
    } else {
        sheets.turn();
        sheets.down(LINE);
    }
    let due = &options.due;
    sheets.text(LEFT, HEADING, &format!("To be paid until {}", day(due.until)));
    for (name, amount) in [
        ("Open amount", due.principal),
        ("Fine of 2 %", due.late.fine),
        ("Interest of 1 % a month", due.late.interest),
        ("In all", due.late.total),
    ] {
        sheets.down(LINE);
        sheets.text(LEFT, BODY, name);
        sheets.text_right(RIGHT, BODY, &reais(amount));
    }

    sheets.down(2.0 * LINE);
    sheets.text(LEFT, HEADING, "Pix");
    let code = font::lines(options.pix.as_str(), CODE_SIZE, RIGHT - BESIDE_QR);
    for line in &code {
        sheets.text(BESIDE_QR, CODE, line);
        sheets.down(10.0);
    }
    // The picture is higher than the text beside it.
    let written = code.iter().fold(0.0, |height, _| height + 10.0);
    sheets.down((QR_SIDE - written).max(0.0));
    sheets.picture(LEFT, QR_SIDE, QR_SIDE, &options.pix_picture);

    sheets.down(1.5 * LINE);
    sheets.text(LEFT, HEADING, "Boleto");
    sheets.text(BESIDE_QR, BODY, &options.boleto.line());
    sheets.down(BARCODE_HEIGHT + 6.0);
    sheets.picture(LEFT, BARCODE_WIDTH, BARCODE_HEIGHT, &options.boleto_picture);
}

fn reais(amount: Cents) -> String {
    format!("R$ {}", amount.formatted())
}

fn day(date: Date) -> String {
    date.format(format_description!("[day]/[month]/[year]")).unwrap_or_default()
}

#[cfg(test)]
mod tests;

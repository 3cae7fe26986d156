//! A fiscal document on paper.

use brazil::local_date;
use chassis::address::Address;
use time::macros::format_description;

use super::{FiscalModel, FiscalNote, Taxpayer};
use crate::paper::{LEFT, RIGHT, Sheets, Style, font};

const TITLE: Style = Style::bold(18.0);
const NAME: Style = Style::bold(10.0);
const VALUE_SIZE: f32 = 10.0;
const VALUE: Style = Style::plain(VALUE_SIZE);
const TITLE_HEIGHT: f32 = 18.0;
const LINE: f32 = 16.0;
const VALUES: f32 = 170.0;

/// What people call a model.
pub(super) fn kind(model: FiscalModel) -> &'static str {
    match model {
        FiscalModel::Nfse => "NFS-e",
        FiscalModel::Nfcom => "NFCom",
    }
}

/// The document as PDF, with what its reader needs to check it.
pub(super) fn pdf(note: &FiscalNote) -> Vec<u8> {
    let title = format!("{} {}", kind(note.series.model), note.number);
    let issued = local_date(note.created_at)
        .format(format_description!("[day]/[month]/[year]"))
        .unwrap_or_default();
    let (taxpayer_kind, taxpayer) = match &note.recipient.taxpayer {
        Taxpayer::Cnpj(cnpj) => ("CNPJ", cnpj.formatted()),
        Taxpayer::Cpf(cpf) => ("CPF", cpf.formatted()),
    };
    let issuer = note.series.issuer.formatted();

    let mut sheets = Sheets::new();
    sheets.down(TITLE_HEIGHT);
    sheets.text(LEFT, TITLE, &title);
    sheets.rule();
    for (name, value) in [
        ("Issuer's CNPJ", Some(issuer.clone())),
        ("Series", Some(note.series.series.to_string())),
        ("Number", Some(note.number.to_string())),
        ("Issued", Some(issued)),
        ("To", Some(note.recipient.name.clone())),
        (taxpayer_kind, Some(taxpayer)),
        ("Address", note.recipient.address.as_ref().map(in_a_line)),
        ("Amount", Some(format!("R$ {}", note.amount.formatted()))),
        ("Access key", note.access_key.clone()),
        ("Authorization code", note.authorization_code.clone()),
    ] {
        let Some(value) = value else { continue };
        sheets.down(LINE);
        sheets.text(LEFT, NAME, name);
        sheets.text(VALUES, VALUE, &font::fit(&value, VALUE_SIZE, RIGHT - VALUES));
    }
    sheets.finish(&title, &format!("{issuer} · {title}"))
}

fn in_a_line(address: &Address) -> String {
    let parts = [
        address.street_name.clone(),
        address.street_number.clone(),
        address.complement.clone(),
        address.neighborhood.clone(),
        address.city.clone(),
        address.state.map(|state| state.to_string()),
        address.zip_code.as_ref().map(|zip_code| zip_code.formatted()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

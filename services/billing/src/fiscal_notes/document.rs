//! A fiscal document as a file.

use std::fmt::Write;

use chassis::address::Address;
use time::format_description::well_known::Rfc3339;

use super::{FiscalModel, FiscalNote, Taxpayer};

/// The document as XML, with what its reader needs to check it.
pub(super) fn xml(note: &FiscalNote) -> String {
    let model = match note.series.model {
        FiscalModel::Nfse => "NFS-e",
        FiscalModel::Nfcom => "62",
    };
    let issued_at = note.created_at.format(&Rfc3339).unwrap_or_default();
    let (kind, taxpayer) = match &note.recipient.taxpayer {
        Taxpayer::Cnpj(cnpj) => ("cnpj", cnpj.as_str()),
        Taxpayer::Cpf(cpf) => ("cpf", cpf.as_str()),
    };
    let mut xml = Xml(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    xml.open("fiscalNote");
    xml.element("model", model);
    xml.element("series", &note.series.series.to_string());
    xml.element("number", &note.number.to_string());
    xml.element("issuedAt", &issued_at);
    xml.element("issuerCnpj", note.series.issuer.as_str());
    xml.open("recipient");
    xml.element(kind, taxpayer);
    xml.element("name", &note.recipient.name);
    if let Some(address) = &note.recipient.address {
        xml.address(address);
    }
    xml.close("recipient");
    xml.element("amount", &note.amount.to_string());
    xml.optional("accessKey", note.access_key.as_deref());
    xml.optional("authorizationCode", note.authorization_code.as_deref());
    xml.close("fiscalNote");
    xml.0
}

struct Xml(String);

impl Xml {
    fn open(&mut self, name: &str) {
        self.line(&format!("<{name}>"));
    }

    fn close(&mut self, name: &str) {
        self.line(&format!("</{name}>"));
    }

    fn element(&mut self, name: &str, text: &str) {
        self.line(&format!("<{name}>{}</{name}>", escape(text)));
    }

    fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.element(name, text);
        }
    }

    fn address(&mut self, address: &Address) {
        self.open("address");
        self.optional("street", address.street_name.as_deref());
        self.optional("number", address.street_number.as_deref());
        self.optional("complement", address.complement.as_deref());
        self.optional("neighborhood", address.neighborhood.as_deref());
        self.optional("city", address.city.as_deref());
        self.optional("state", address.state.map(|state| state.as_str()));
        self.optional("zipCode", address.zip_code.as_ref().map(|zip_code| zip_code.as_str()));
        self.close("address");
    }

    fn line(&mut self, text: &str) {
        // A String takes everything.
        let _ = writeln!(self.0, "{text}");
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

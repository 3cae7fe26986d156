use brazil::BusinessCalendar;
use time::macros::date;
use uuid::Uuid;

use super::*;
use crate::payments::Account;
use crate::payments::tests::payee;

fn options() -> PaymentOptions {
    let account = Account {
        amount: Cents::new(1_234_567),
        due: date!(2026 - 12 - 04),
        received: Cents::ZERO,
        settled: None,
    };
    let due = account.due_on(date!(2026 - 12 - 14), &BusinessCalendar::national()).unwrap();
    payee().options(Uuid::nil(), due).unwrap()
}

fn pdf(items: usize, payment: Option<&PaymentOptions>) -> String {
    let document = InvoiceDocument {
        payee: "Linha Telecom",
        payer: ("Padaria Nova Ltda", "11.222.333/0001-81"),
        id: "sandbox:0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
        period: "2026-11",
        issued: date!(2026 - 12 - 01),
        due: date!(2026 - 12 - 04),
        status: "overdue",
        items: (1..=items).map(|n| (format!("Item {n}"), Cents::new(14_990))).collect(),
        amount: Cents::new(1_234_567),
        payment,
    };
    document.pdf().iter().map(|byte| char::from(*byte)).collect()
}

#[test]
fn everything_about_an_invoice_stands_on_one_page() {
    let options = options();
    let pdf = pdf(3, Some(&options));
    assert!(pdf.starts_with("%PDF-1.") && pdf.trim_end().ends_with("%%EOF"));
    assert!(pdf.contains("/Count 1"));
    for text in [
        "Invoice 2026-11",
        "Padaria Nova Ltda",
        "11.222.333/0001-81",
        "04/12/2026",
        "Item 3",
        "R$ 149,90",
        "R$ 12.345,67",
        "To be paid until 14/12/2026",
        "R$ 246,91",
        "R$ 41,15",
        "R$ 12.633,73",
        &options.boleto.line(),
        "1 / 1",
    ] {
        assert!(pdf.contains(text), "{text}");
    }
    let drawn = pdf.matches(" re\n").count();
    assert_eq!(drawn, options.pix_picture.dark.len() + options.boleto_picture.dark.len());
}

#[test]
fn many_items_go_over_many_pages() {
    let pdf = pdf(1_000, None);
    let pages = pdf.matches("/Type /Page\n").count();
    assert!((15..=20).contains(&pages), "{pages}");
    assert!(pdf.contains("(Item 1000)") && pdf.contains(&format!("({pages} / {pages})")));
    assert!(!pdf.contains("Pix"));
    assert_eq!(pdf.matches("(Amount)").count(), pages);
}

#[test]
fn payment_is_not_torn_apart() {
    let options = options();
    for items in 0..60 {
        let pdf = pdf(items, Some(&options));
        let streams: Vec<_> = pdf.split("endstream").collect();
        let with_pix: Vec<_> = streams.iter().filter(|text| text.contains("(Pix)")).collect();
        assert!(with_pix.len() == 1 && with_pix[0].contains("(Boleto)"), "{items}");
    }
}

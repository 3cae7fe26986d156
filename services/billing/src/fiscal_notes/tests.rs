use std::sync::Arc;

use chassis::mail::Post;
use chassis::simulator::{Outcome, ScriptStep};
use chassis::{Service, testing};
use postgres_local::testing::TestDatabase;
use proptest::prelude::*;
use time::macros::datetime;

use super::*;
use crate::MIGRATIONS;
use crate::fiscal_issuer::{FiscalIssuerSimulator, FiscalOperation};

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-05 12:00 UTC);

/// Fiscal documents on an empty database, with an issuer that obeys.
pub(super) struct Fiscal {
    pub(super) service: Service,
    pub(super) issuer: FiscalIssuerSimulator,
    pub(super) issuing: Issuing,
    pub(super) notes: FiscalNotes,
    pub(super) _database: TestDatabase,
}

impl Fiscal {
    pub(super) async fn new() -> Self {
        let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
        let mut config = FiscalConfig::new("11222333000181".parse().unwrap(), State::Parana);
        config.fiscal_wait_ms = 0;
        config.fiscal_timeout_ms = 1_000;
        let issuer = FiscalIssuerSimulator::new();
        let post = Post::new(&service, &"http://gateway".parse().unwrap());
        let issuing = Issuing::new(service.clone(), Arc::new(issuer.clone()), post, &config);
        let notes = FiscalNotes::new(service.clone(), issuing.clone(), &config);
        Self { service, issuer, issuing, notes, _database: database }
    }

    /// What the issuer answers next.
    pub(super) fn expect(&self, outcome: Outcome, times: u32) {
        let reason = Some("no such tax code".to_owned());
        let step = ScriptStep::new(FiscalOperation::Authorize, outcome);
        self.issuer.script(vec![ScriptStep { reason, times, ..step }]);
    }

    pub(super) async fn kept(&self, note_id: FiscalNoteId) -> FiscalNote {
        let (db, keyring) = (&self.service.db, &self.service.keyring);
        store::find(db, keyring, note_id).await.unwrap().unwrap()
    }
}

pub(super) fn emitter() -> Emitter {
    FiscalConfig::new("11222333000181".parse().unwrap(), State::Parana).emitter()
}

/// A document for a person.
pub(super) fn new_note() -> NewNote {
    NewNote {
        party: Party::Person(UserId::generate()),
        recipient: Recipient {
            name: "Ana & Souza".to_owned(),
            taxpayer: Taxpayer::Cpf("11144477735".parse().unwrap()),
            email: "ana@example.com".parse().unwrap(),
            address: Some(Address {
                street_name: Some("Rua <XV>".to_owned()),
                street_number: Some("7".to_owned()),
                state: Some(State::Parana),
                ..Address::default()
            }),
        },
        amount: Cents::new(10_025),
        send_email: true,
        invoice_id: None,
    }
}

/// A document for the invoice of a company.
pub(super) fn for_invoice(invoice_id: Uuid) -> NewNote {
    let recipient = Recipient {
        taxpayer: Taxpayer::Cnpj("11222333000181".parse().unwrap()),
        ..new_note().recipient
    };
    let party = Party::Company(CompanyId::generate());
    NewNote { party, recipient, invoice_id: Some(invoice_id), ..new_note() }
}

pub(super) fn authorization(code: &str) -> Authorization {
    Authorization { code: code.to_owned(), access_key: Some(format!("key of {code}")) }
}

/// Whatever happens to a document, in whatever order, and how often.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Send,
    Authorize(u8),
    Reject(u8),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        Just(Deed::Send),
        any::<u8>().prop_map(Deed::Authorize),
        any::<u8>().prop_map(Deed::Reject),
    ];
    prop::collection::vec(deed, 0..12)
}

/// What the table's row checks say.
fn is_sound(note: &FiscalNote) -> bool {
    let decided = matches!(note.status, Status::Authorized | Status::Rejected);
    (note.authorization_code.is_some() == (note.status == Status::Authorized))
        && (note.rejection_reason.is_some() == (note.status == Status::Rejected))
        && (note.decided_at.is_some() == decided)
}

proptest! {
    #[test]
    fn a_document_is_decided_once(telecom: bool, deeds in deeds()) {
        let new = if telecom { for_invoice(Uuid::now_v7()) } else { new_note() };
        let mut note = FiscalNote::draft(new, &emitter(), 7, NOW);
        let key = note.access_key.clone();
        prop_assert_eq!(key.is_some(), telecom);
        let mut told = 0;
        for deed in deeds {
            let before = note.clone();
            let step = match deed {
                Deed::Send => note.send(),
                Deed::Authorize(code) => note
                    .authorize(authorization(&code.to_string()), NOW)
                    .map(|Authorized| told += 1),
                Deed::Reject(reason) => note.reject(&reason.to_string(), NOW),
            };
            match step {
                Ok(()) => prop_assert!(before.status.may_become(note.status)),
                Err(_) => prop_assert_eq!(&note, &before, "a refusal changes nothing"),
            }
            prop_assert!(is_sound(&note), "{:?}", note);
            prop_assert!(before.decided_at.is_none() || before == note, "decided twice");
            prop_assert!(!telecom || note.access_key == key, "the key of an NFCom stays");
        }
        prop_assert_eq!(told, i32::from(note.status == Status::Authorized));
    }
}

#[test]
fn nothing_follows_an_end() {
    use Status::{Authorized, Cancelled, Draft, Rejected, Replaced, Sent};
    let all = [Draft, Sent, Authorized, Rejected, Cancelled, Replaced];
    for from in [Rejected, Cancelled, Replaced] {
        assert!(all.into_iter().all(|to| !from.may_become(to)), "{from:?}");
    }
    assert!(Authorized.may_become(Cancelled) && Authorized.may_become(Replaced));
    assert!(!Draft.may_become(Authorized) && !Draft.may_become(Rejected));
}

#[test]
fn a_series_has_up_to_three_digits() {
    assert_eq!("999".parse(), Ok(FiscalSeries(999)));
    for wrong in ["", "1000", "-1", "A", "1.0"] {
        assert_eq!(wrong.parse::<FiscalSeries>(), Err(InvalidSeries), "{wrong}");
    }
}

#[test]
fn everything_about_a_document_stands_on_its_paper() {
    let mut note = FiscalNote::draft(new_note(), &emitter(), 7, NOW);
    note.send().unwrap();
    let _ = note.authorize(authorization("ABC123"), NOW).unwrap();
    let pdf: String = document::pdf(&note).into_iter().map(char::from).collect();
    assert!(pdf.starts_with("%PDF-1.") && pdf.trim_end().ends_with("%%EOF"));
    for text in [
        "NFS-e 7",
        "11.222.333/0001-81",
        "Ana & Souza",
        "111.444.777-35",
        "Rua <XV>, 7, PR",
        "05/11/2026",
        "R$ 100,25",
        "ABC123",
        "key of ABC123",
        "1 / 1",
    ] {
        assert!(pdf.contains(text), "{text}");
    }
    let letter = letters::issued(&note);
    assert!(letter.text().contains("NFS-e number 7, series 1, over R$ 100,25"));
    assert!(letter.text().contains("Authorization code: ABC123"));
}

//! The ways to pay an invoice: Pix copia e cola, and boleto.

use brazil::{
    Boleto, Cents, InvalidBoleto, InvalidPixCharge, PixCharge, PixCode, PixKey, PixRecipient,
};
use clap::Args;
use time::Date;
use uuid::Uuid;

use super::{AmountDue, Picture};

const REFERENCE_DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// So many digits of base 36 hold 128 bits, and a Pix reference has no more.
const REFERENCE_LENGTH: usize = 25;
/// The part of a boleto's free field that names the invoice has 21 digits.
const BOLETO_NUMBERS: u128 = 1_000_000_000_000_000_000_000;

/// To whom invoices are paid.
#[derive(Clone, Debug, Args)]
pub struct Payee {
    /// Pix key of the account that invoices are paid to.
    #[arg(long, env = "LINHA_PIX_KEY", value_name = "LINHA_PIX_KEY")]
    pub pix_key: PixKey,

    /// Name of who is paid, on invoices and in Pix codes, which hold 25 characters of it.
    #[arg(long, env = "LINHA_PIX_MERCHANT_NAME", value_name = "LINHA_PIX_MERCHANT_NAME")]
    pub pix_merchant_name: String,

    /// City of who is paid; Pix codes hold 15 characters of it.
    #[arg(long, env = "LINHA_PIX_MERCHANT_CITY", value_name = "LINHA_PIX_MERCHANT_CITY")]
    pub pix_merchant_city: String,

    /// Three digits of the bank that boletos are drawn on.
    #[arg(long, env = "LINHA_BOLETO_BANK", value_name = "LINHA_BOLETO_BANK")]
    pub boleto_bank: String,

    /// Four digits of the agreement with that bank: how its free field begins.
    #[arg(long, env = "LINHA_BOLETO_AGREEMENT", value_name = "LINHA_BOLETO_AGREEMENT")]
    pub boleto_agreement: String,
}

/// The settings of whom to pay make no Pix code or no boleto.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidPayee {
    #[error("LINHA_PIX_MERCHANT_NAME and LINHA_PIX_MERCHANT_CITY make no Pix code")]
    Pix(#[from] InvalidPixCharge),
    #[error(
        "LINHA_BOLETO_BANK, of three digits, and LINHA_BOLETO_AGREEMENT, of four, make no boleto"
    )]
    Boleto(#[from] InvalidBoleto),
    #[error("the code does not fit into a picture")]
    Picture,
}

/// How to pay an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaymentOptions {
    pub(crate) due: AmountDue,
    pub(crate) pix: PixCode,
    pub(crate) pix_picture: Picture,
    pub(crate) boleto: Boleto,
    pub(crate) boleto_picture: Picture,
}

impl Payee {
    /// Whether Pix codes and boletos can be made with these settings.
    pub(crate) fn check(&self) -> Result<(), InvalidPayee> {
        let (any, amount) = (Uuid::nil(), Cents::new(1));
        self.pix(any, amount)?;
        self.boleto(any, amount, time::macros::date!(2026 - 01 - 01))?;
        Ok(())
    }

    /// The ways to pay what is due for an invoice. The same invoice has the same Pix reference
    /// and the same number on its boleto, whenever it is paid.
    pub(crate) fn options(
        &self,
        invoice_id: Uuid,
        due: AmountDue,
    ) -> Result<PaymentOptions, InvalidPayee> {
        let pix = self.pix(invoice_id, due.late.total)?;
        let boleto = self.boleto(invoice_id, due.late.total, due.until)?;
        Ok(PaymentOptions {
            due,
            pix_picture: Picture::qr_code(pix.as_str()).ok_or(InvalidPayee::Picture)?,
            boleto_picture: Picture::barcode(boleto.as_str()).ok_or(InvalidPayee::Picture)?,
            pix,
            boleto,
        })
    }

    /// The Pix code with which so much is paid for an invoice.
    pub(crate) fn pix(&self, invoice_id: Uuid, amount: Cents) -> Result<PixCode, InvalidPixCharge> {
        let charge = PixCharge {
            recipient: PixRecipient::Key(self.pix_key.clone()),
            amount: Some(amount),
            merchant_name: self.pix_merchant_name.clone(),
            merchant_city: self.pix_merchant_city.clone(),
            reference: Some(reference(invoice_id)),
        };
        charge.code()
    }

    fn boleto(&self, invoice_id: Uuid, amount: Cents, due: Date) -> Result<Boleto, InvalidBoleto> {
        let number = invoice_id.as_u128() % BOLETO_NUMBERS;
        let free_field = format!("{}{number:021}", self.boleto_agreement);
        Boleto::new(&self.boleto_bank, Some(due), amount, &free_field)
    }
}

/// An id in the alphabet of Pix references.
fn reference(id: Uuid) -> String {
    let mut rest = id.as_u128();
    let mut text = [b'0'; REFERENCE_LENGTH];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(rest % 36).unwrap_or_default();
        *place = REFERENCE_DIGITS[digit];
        rest /= 36;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

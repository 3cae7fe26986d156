//! When months are closed, and what invoices say.

/// Settings of invoices and of the runs that make them.
#[derive(Clone, Debug, clap::Args)]
pub struct InvoicingConfig {
    /// Whether months are closed without anybody asking for it.
    #[arg(
        long,
        env = "LINHA_BILLING_AUTOMATIC",
        value_name = "LINHA_BILLING_AUTOMATIC",
        default_value_t = Self::default().billing_automatic,
        action = clap::ArgAction::Set
    )]
    pub billing_automatic: bool,

    /// The day of a month on which the month before is closed, in Brasília's time.
    #[arg(
        long,
        env = "LINHA_BILLING_DAY",
        value_name = "LINHA_BILLING_DAY",
        default_value_t = Self::default().billing_day,
        value_parser = clap::value_parser!(u8).range(1..=28)
    )]
    pub billing_day: u8,

    /// Days from an invoice's issue until it is due.
    #[arg(
        long,
        env = "LINHA_INVOICE_DUE_DAYS",
        value_name = "LINHA_INVOICE_DUE_DAYS",
        default_value_t = Self::default().invoice_due_days
    )]
    pub invoice_due_days: u16,
}

impl Default for InvoicingConfig {
    fn default() -> Self {
        Self { billing_automatic: true, billing_day: 1, invoice_due_days: 5 }
    }
}

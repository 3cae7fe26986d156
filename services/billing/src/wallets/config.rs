//! What credit buys.

use brazil::Cents;
use clap::Args;

/// What calls cost.
#[derive(Clone, Copy, Debug, Args)]
pub struct CreditConfig {
    /// Price of each started minute of a call that goes out, in cents.
    #[arg(
        long,
        env = "LINHA_CALL_MINUTE_PRICE_CENTS",
        value_name = "LINHA_CALL_MINUTE_PRICE_CENTS",
        default_value_t = Self::default().call_minute_price_cents,
        value_parser = clap::value_parser!(u32).range(0..=1_000_000)
    )]
    pub call_minute_price_cents: u32,
}

impl CreditConfig {
    /// Price of each started minute.
    pub(crate) fn minute_price(self) -> Cents {
        Cents::new(self.call_minute_price_cents.into())
    }
}

impl Default for CreditConfig {
    fn default() -> Self {
        Self { call_minute_price_cents: 8 }
    }
}

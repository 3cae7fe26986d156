use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::State;

/// A Brazilian area code (DDD): one of the 67 that Anatel's numbering plan assigns.
///
/// A number between 11 and 99, serialised as a number and shown by `Display` as two digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u8")]
pub struct AreaCode {
    code: u8,
    state: State,
}

/// No such area code is assigned in Brazil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a Brazilian area code")]
pub struct InvalidAreaCode;

impl AreaCode {
    /// The code as a number, for example 11.
    pub fn get(self) -> u8 {
        self.code
    }

    /// The state the code belongs to.
    pub fn state(self) -> State {
        self.state
    }

    /// All 67 codes, lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (11..=99).filter_map(|code: u8| Self::try_from(code).ok())
    }

    pub(crate) fn first_of(state: State) -> Self {
        let code = match state {
            State::SaoPaulo => 11,
            State::RioDeJaneiro => 21,
            State::EspiritoSanto => 27,
            State::MinasGerais => 31,
            State::Parana => 41,
            State::SantaCatarina => 47,
            State::RioGrandeDoSul => 51,
            State::DistritoFederal => 61,
            State::Goias => 62,
            State::Tocantins => 63,
            State::MatoGrosso => 65,
            State::MatoGrossoDoSul => 67,
            State::Acre => 68,
            State::Rondonia => 69,
            State::Bahia => 71,
            State::Sergipe => 79,
            State::Pernambuco => 81,
            State::Alagoas => 82,
            State::Paraiba => 83,
            State::RioGrandeDoNorte => 84,
            State::Ceara => 85,
            State::Piaui => 86,
            State::Para => 91,
            State::Amazonas => 92,
            State::Roraima => 95,
            State::Amapa => 96,
            State::Maranhao => 98,
        };
        Self { code, state }
    }
}

fn state_of(code: u8) -> Option<State> {
    Some(match code {
        11..=19 => State::SaoPaulo,
        21 | 22 | 24 => State::RioDeJaneiro,
        27 | 28 => State::EspiritoSanto,
        31..=35 | 37 | 38 => State::MinasGerais,
        41..=46 => State::Parana,
        47..=49 => State::SantaCatarina,
        51 | 53..=55 => State::RioGrandeDoSul,
        61 => State::DistritoFederal,
        62 | 64 => State::Goias,
        63 => State::Tocantins,
        65 | 66 => State::MatoGrosso,
        67 => State::MatoGrossoDoSul,
        68 => State::Acre,
        69 => State::Rondonia,
        71 | 73..=75 | 77 => State::Bahia,
        79 => State::Sergipe,
        81 | 87 => State::Pernambuco,
        82 => State::Alagoas,
        83 => State::Paraiba,
        84 => State::RioGrandeDoNorte,
        85 | 88 => State::Ceara,
        86 | 89 => State::Piaui,
        91 | 93 | 94 => State::Para,
        92 | 97 => State::Amazonas,
        95 => State::Roraima,
        96 => State::Amapa,
        98 | 99 => State::Maranhao,
        _ => return None,
    })
}

impl TryFrom<u8> for AreaCode {
    type Error = InvalidAreaCode;

    fn try_from(code: u8) -> Result<Self, InvalidAreaCode> {
        state_of(code).map(|state| Self { code, state }).ok_or(InvalidAreaCode)
    }
}

impl TryFrom<u32> for AreaCode {
    type Error = InvalidAreaCode;

    fn try_from(code: u32) -> Result<Self, InvalidAreaCode> {
        u8::try_from(code).map_err(|_| InvalidAreaCode)?.try_into()
    }
}

impl TryFrom<i16> for AreaCode {
    type Error = InvalidAreaCode;

    /// For a `smallint` column.
    fn try_from(code: i16) -> Result<Self, InvalidAreaCode> {
        u8::try_from(code).map_err(|_| InvalidAreaCode)?.try_into()
    }
}

impl TryFrom<i32> for AreaCode {
    type Error = InvalidAreaCode;

    /// For an `integer` column or a protobuf `int32`.
    fn try_from(code: i32) -> Result<Self, InvalidAreaCode> {
        u8::try_from(code).map_err(|_| InvalidAreaCode)?.try_into()
    }
}

impl TryFrom<String> for AreaCode {
    type Error = InvalidAreaCode;

    fn try_from(text: String) -> Result<Self, InvalidAreaCode> {
        text.parse()
    }
}

impl FromStr for AreaCode {
    type Err = InvalidAreaCode;

    /// Accepts two digits.
    fn from_str(text: &str) -> Result<Self, InvalidAreaCode> {
        if !crate::digits::is_digits(text, 2) {
            return Err(InvalidAreaCode);
        }
        text.parse::<u8>().map_err(|_| InvalidAreaCode)?.try_into()
    }
}

impl From<AreaCode> for u8 {
    fn from(code: AreaCode) -> Self {
        code.code
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}

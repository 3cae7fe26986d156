use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::AreaCode;

/// One of the 27 federative units: 26 states and the Federal District.
///
/// `Display`, storage and serde use the two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
#[allow(missing_docs)]
pub enum State {
    Acre,
    Alagoas,
    Amapa,
    Amazonas,
    Bahia,
    Ceara,
    DistritoFederal,
    EspiritoSanto,
    Goias,
    Maranhao,
    MatoGrosso,
    MatoGrossoDoSul,
    MinasGerais,
    Para,
    Paraiba,
    Parana,
    Pernambuco,
    Piaui,
    RioDeJaneiro,
    RioGrandeDoNorte,
    RioGrandeDoSul,
    Rondonia,
    Roraima,
    SantaCatarina,
    SaoPaulo,
    Sergipe,
    Tocantins,
}

/// The text is not the abbreviation of a Brazilian state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a Brazilian state")]
pub struct InvalidState;

impl State {
    /// All of them, in alphabetical order of their names.
    pub const ALL: [Self; 27] = [
        Self::Acre,
        Self::Alagoas,
        Self::Amapa,
        Self::Amazonas,
        Self::Bahia,
        Self::Ceara,
        Self::DistritoFederal,
        Self::EspiritoSanto,
        Self::Goias,
        Self::Maranhao,
        Self::MatoGrosso,
        Self::MatoGrossoDoSul,
        Self::MinasGerais,
        Self::Para,
        Self::Paraiba,
        Self::Parana,
        Self::Pernambuco,
        Self::Piaui,
        Self::RioDeJaneiro,
        Self::RioGrandeDoNorte,
        Self::RioGrandeDoSul,
        Self::Rondonia,
        Self::Roraima,
        Self::SantaCatarina,
        Self::SaoPaulo,
        Self::Sergipe,
        Self::Tocantins,
    ];

    /// The abbreviation, for example `SP`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acre => "AC",
            Self::Alagoas => "AL",
            Self::Amapa => "AP",
            Self::Amazonas => "AM",
            Self::Bahia => "BA",
            Self::Ceara => "CE",
            Self::DistritoFederal => "DF",
            Self::EspiritoSanto => "ES",
            Self::Goias => "GO",
            Self::Maranhao => "MA",
            Self::MatoGrosso => "MT",
            Self::MatoGrossoDoSul => "MS",
            Self::MinasGerais => "MG",
            Self::Para => "PA",
            Self::Paraiba => "PB",
            Self::Parana => "PR",
            Self::Pernambuco => "PE",
            Self::Piaui => "PI",
            Self::RioDeJaneiro => "RJ",
            Self::RioGrandeDoNorte => "RN",
            Self::RioGrandeDoSul => "RS",
            Self::Rondonia => "RO",
            Self::Roraima => "RR",
            Self::SantaCatarina => "SC",
            Self::SaoPaulo => "SP",
            Self::Sergipe => "SE",
            Self::Tocantins => "TO",
        }
    }

    /// The two digits that IBGE counts it by, with which fiscal access keys begin: 35 for `SP`.
    pub fn ibge_code(self) -> u8 {
        match self {
            Self::Acre => 12,
            Self::Alagoas => 27,
            Self::Amapa => 16,
            Self::Amazonas => 13,
            Self::Bahia => 29,
            Self::Ceara => 23,
            Self::DistritoFederal => 53,
            Self::EspiritoSanto => 32,
            Self::Goias => 52,
            Self::Maranhao => 21,
            Self::MatoGrosso => 51,
            Self::MatoGrossoDoSul => 50,
            Self::MinasGerais => 31,
            Self::Para => 15,
            Self::Paraiba => 25,
            Self::Parana => 41,
            Self::Pernambuco => 26,
            Self::Piaui => 22,
            Self::RioDeJaneiro => 33,
            Self::RioGrandeDoNorte => 24,
            Self::RioGrandeDoSul => 43,
            Self::Rondonia => 11,
            Self::Roraima => 14,
            Self::SantaCatarina => 42,
            Self::SaoPaulo => 35,
            Self::Sergipe => 28,
            Self::Tocantins => 17,
        }
    }

    /// The area codes of the state, lowest first. Code 61 counts for the Federal District
    /// although some towns of Goiás use it too.
    pub fn area_codes(self) -> impl Iterator<Item = AreaCode> {
        AreaCode::all().filter(move |code| code.state() == self)
    }

    /// The lowest area code of the state.
    pub fn first_area_code(self) -> AreaCode {
        AreaCode::first_of(self)
    }
}

impl FromStr for State {
    type Err = InvalidState;

    /// Accepts the abbreviation in either case.
    fn from_str(text: &str) -> Result<Self, InvalidState> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(text))
            .ok_or(InvalidState)
    }
}

impl TryFrom<String> for State {
    type Error = InvalidState;

    fn try_from(text: String) -> Result<Self, InvalidState> {
        text.parse()
    }
}

impl From<State> for &'static str {
    fn from(state: State) -> Self {
        state.as_str()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

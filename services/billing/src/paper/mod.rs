//! Documents on paper, as PDF.

pub(crate) mod font;
mod sheets;

pub(crate) use self::sheets::{LEFT, RIGHT, Sheets, Style};

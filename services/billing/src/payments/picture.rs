//! Codes for cameras and scanners, as dark rectangles on white: for SVG, and for paper.

use std::fmt::Write;

use qrcode::{Color, QrCode};

/// White space around a QR code that readers need (ISO/IEC 18004), in modules.
const QUIET_QR: u32 = 4;
/// White space beside a barcode that scanners need (ISO/IEC 16390), in modules.
const QUIET_BARCODE: u32 = 10;
/// Height of a boleto's barcode, 13 mm, where it is 103 mm wide.
const BARCODE_HEIGHT: u32 = 54;
/// Which two of the five bars, or spaces, of a digit are wide.
const WIDE: [[usize; 2]; 10] =
    [[2, 3], [0, 4], [1, 4], [0, 1], [2, 4], [0, 2], [1, 2], [3, 4], [0, 3], [1, 3]];
/// Bars and spaces before the digits, and after them.
const START: [u32; 4] = [1, 1, 1, 1];
const STOP: [u32; 3] = [WIDE_MODULES, 1, 1];
const WIDE_MODULES: u32 = 3;
/// Pixels of a module where nothing says how large the picture is to be.
const MODULE_PIXELS: u32 = 4;

/// A black and white picture, measured in modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// What is dark, from top left.
    pub(crate) dark: Vec<Area>,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Picture {
    /// The QR code of a text. None when the text is too long for one.
    pub(crate) fn qr_code(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let modules = code.width();
        let colors = code.to_colors();
        let rows = colors.chunks(modules).zip(QUIET_QR..);
        let dark = rows.flat_map(|(row, y)| {
            let cells = row.iter().map(|color| *color == Color::Dark);
            runs(cells, QUIET_QR).map(move |(x, width)| Area { x, y, width, height: 1 })
        });
        let side = u32::try_from(modules).ok()? + 2 * QUIET_QR;
        Some(Self { width: side, height: side, dark: dark.collect() })
    }

    /// The interleaved 2-of-5 barcode (ISO/IEC 16390) of an even number of digits, as boletos have
    /// it. None for anything else.
    pub(crate) fn barcode(digits: &str) -> Option<Self> {
        let digits: Vec<[u32; 5]> = digits.chars().map(widths).collect::<Option<_>>()?;
        let (pairs, []) = digits.as_chunks::<2>() else { return None };
        // The first digit of a pair is in its bars, the second in the spaces between them.
        let pairs = pairs.iter().flat_map(|[bars, spaces]| {
            bars.iter().zip(spaces).flat_map(|(bar, space)| [*bar, *space])
        });
        let mut x = QUIET_BARCODE;
        let mut dark = Vec::new();
        for (place, width) in START.into_iter().chain(pairs).chain(STOP).enumerate() {
            if place % 2 == 0 {
                dark.push(Area { x, y: 0, width, height: BARCODE_HEIGHT });
            }
            x += width;
        }
        Some(Self { width: x + QUIET_BARCODE, height: BARCODE_HEIGHT, dark })
    }

    /// As SVG, a document of its own.
    pub(crate) fn svg(&self) -> String {
        let Self { width, height, dark } = self;
        let (wide, high) = (width * MODULE_PIXELS, height * MODULE_PIXELS);
        let mut path = String::new();
        for Area { x, y, width, height } in dark {
            // Writing to a text cannot fail.
            let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" \
             viewBox=\"0 0 {width} {height}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{width}v{height}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }
}

/// How wide the bars, or spaces, of a digit are.
fn widths(digit: char) -> Option<[u32; 5]> {
    let wide = WIDE.get(usize::try_from(digit.to_digit(10)?).ok()?)?;
    Some(std::array::from_fn(|place| if wide.contains(&place) { WIDE_MODULES } else { 1 }))
}

/// Dark cells that touch, as (first, how many), counted from `start`.
fn runs(cells: impl Iterator<Item = bool>, start: u32) -> impl Iterator<Item = (u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (place, _) in (start..).zip(cells).filter(|(_, dark)| *dark) {
        match runs.last_mut() {
            Some((first, length)) if *first + *length == place => *length += 1,
            _ => runs.push((place, 1)),
        }
    }
    runs.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_has_its_three_corners_and_its_quiet_zone() {
        let picture = Picture::qr_code("00020126").unwrap();
        assert_eq!((picture.width, picture.height), (29, 29));
        let top: Vec<_> = picture.dark.iter().filter(|area| area.y == 4).collect();
        assert_eq!((top[0].x, top[0].width), (4, 7));
        assert_eq!(top.last().map(|area| (area.x, area.width)), Some((18, 7)));
        assert!(picture.dark.iter().all(|area| area.x >= 4 && area.x + area.width <= 25));
        assert_eq!(Picture::qr_code(&"x".repeat(5_000)), None);
    }

    #[test]
    fn a_barcode_is_what_the_standard_draws() {
        // Start, 1 in the bars, 2 in the spaces, stop.
        let picture = Picture::barcode("12").unwrap();
        let bars: Vec<_> = picture.dark.iter().map(|bar| (bar.x - 10, bar.width)).collect();
        let expected =
            [(0, 1), (2, 1), (4, 3), (8, 1), (12, 1), (14, 1), (16, 3), (22, 3), (26, 1)];
        assert_eq!(bars, expected);
        assert_eq!(picture.width, 10 + 27 + 10);
        let boleto = Picture::barcode(&"0".repeat(44)).unwrap();
        assert_eq!(boleto.width, 10 + 4 + 22 * 18 + 5 + 10);
        assert_eq!(Picture::barcode("123"), None);
        assert_eq!(Picture::barcode("1a"), None);
    }

    #[test]
    fn svg_paints_what_is_dark() {
        let dark = vec![Area { x: 1, y: 0, width: 2, height: 1 }];
        let svg = Picture { width: 4, height: 1, dark }.svg();
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"16\""));
        assert!(svg.contains("viewBox=\"0 0 4 1\""));
        assert!(svg.ends_with("<path d=\"M1 0h2v1h-2z\"/></svg>"));
    }
}

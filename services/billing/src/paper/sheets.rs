//! Pages of A4, filled from top to bottom.

use pdf_writer::{Content, Name, Pdf, Rect, Ref, Str, TextStr};

use super::font;
use crate::payments::Picture;

const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 50.0;
const PLAIN: Name = Name(b"F1");
const BOLD: Name = Name(b"F2");
const FOOTER_SIZE: f32 = 8.0;

/// Left edge of what is written.
pub(crate) const LEFT: f32 = MARGIN;
/// Right edge.
pub(crate) const RIGHT: f32 = WIDTH - MARGIN;

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    size: f32,
    bold: bool,
}

impl Style {
    /// Upright.
    pub(crate) const fn plain(size: f32) -> Self {
        Self { size, bold: false }
    }

    /// Fat.
    pub(crate) const fn bold(size: f32) -> Self {
        Self { size, bold: true }
    }
}

/// A document in the making.
pub(crate) struct Sheets {
    full: Vec<Content>,
    current: Content,
    /// Where the next line goes, from the bottom.
    y: f32,
}

impl Sheets {
    /// An empty page.
    pub(crate) fn new() -> Self {
        Self { full: Vec::new(), current: Content::new(), y: HEIGHT - MARGIN }
    }

    /// Goes down; false when that leaves the page, and a new one begins.
    pub(crate) fn down(&mut self, by: f32) -> bool {
        let fits = self.has(by);
        if fits {
            self.y -= by;
        } else {
            self.turn();
        }
        fits
    }

    /// Whether so much is left of the page.
    pub(crate) fn has(&self, height: f32) -> bool {
        self.y - height >= MARGIN
    }

    /// Begins a new page.
    pub(crate) fn turn(&mut self) {
        self.full.push(std::mem::replace(&mut self.current, Content::new()));
        self.y = HEIGHT - MARGIN;
    }

    /// Writes from `x` on.
    pub(crate) fn text(&mut self, x: f32, style: Style, text: &str) {
        let y = self.y;
        write(&mut self.current, x, y, style, text);
    }

    /// Writes up to `x`.
    pub(crate) fn text_right(&mut self, x: f32, style: Style, text: &str) {
        // Helvetica's digits and signs are as wide when they are fat.
        self.text(x - font::width(text, style.size), style, text);
    }

    /// Draws a thin line across the page.
    pub(crate) fn rule(&mut self) {
        let y = self.y - 3.0;
        self.current.set_line_width(0.5).move_to(LEFT, y).line_to(RIGHT, y).stroke();
    }

    /// Draws a picture whose lower left corner is at `x`, on the line.
    pub(crate) fn picture(&mut self, x: f32, width: f32, height: f32, picture: &Picture) {
        let module = |modules: u32| f32::from(u16::try_from(modules).unwrap_or(u16::MAX));
        let across = width / module(picture.width);
        let up = height / module(picture.height);
        for area in &picture.dark {
            let bottom = picture.height.saturating_sub(area.y + area.height);
            self.current.rect(
                x + module(area.x) * across,
                self.y + module(bottom) * up,
                module(area.width) * across,
                module(area.height) * up,
            );
        }
        self.current.fill_nonzero();
    }

    /// The document, as PDF. Each page ends with `footer` and its number.
    pub(crate) fn finish(mut self, title: &str, footer: &str) -> Vec<u8> {
        self.turn();
        let pages = self.full;
        let (catalog, tree, info) = (Ref::new(1), Ref::new(2), Ref::new(3));
        let (plain, bold) = (Ref::new(4), Ref::new(5));
        // Two objects for each page: what it is, and what stands on it.
        let refs: Vec<(Ref, Ref)> =
            (3..).take(pages.len()).map(|n| (Ref::new(2 * n), Ref::new(2 * n + 1))).collect();

        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        pdf.document_info(info).title(TextStr(title));
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(refs.iter().map(|(page, _)| *page)).count(count);
        for (id, name) in [(plain, "Helvetica"), (bold, "Helvetica-Bold")] {
            pdf.type1_font(id)
                .base_font(Name(name.as_bytes()))
                .encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for (((page_id, content_id), mut content), number) in refs.into_iter().zip(pages).zip(1..) {
            let style = Style::plain(FOOTER_SIZE);
            let y = MARGIN / 2.0;
            let place = format!("{number} / {count}");
            write(&mut content, LEFT, y, style, footer);
            write(&mut content, RIGHT - font::width(&place, FOOTER_SIZE), y, style, &place);
            pdf.stream(content_id, &content.finish());
            let mut page = pdf.page(page_id);
            page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(content_id);
            page.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
        }
        pdf.finish()
    }
}

fn write(content: &mut Content, x: f32, y: f32, style: Style, text: &str) {
    let name = if style.bold { BOLD } else { PLAIN };
    content
        .begin_text()
        .set_font(name, style.size)
        .next_line(x, y)
        .show(Str(&font::encode(text)))
        .end_text();
}

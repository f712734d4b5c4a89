//! Pixels that shapes and words are painted on; the only file that names the rasterizer. Imports: nothing.

use zeno::{Command, Fill, Join, Mask, PathData, Placement, Stroke, Style, Transform};

use super::State;
use super::encode::encoded;
use super::font::Fonts;
use crate::display::wording;

pub(super) struct Painter {
    width: usize,
    height: usize,
    scale: f64,
    /// Red, green, blue and opacity of each pixel.
    pixels: Vec<u8>,
}

impl Painter {
    /// Transparent pixels for a drawing of that size, `scale` to a unit.
    pub(super) fn new(width: f64, height: f64, scale: f64) -> Painter {
        let pixels = |length: f64| (length * scale).ceil().max(1.0) as usize;
        let (width, height) = (pixels(width), pixels(height));
        Painter { width, height, scale, pixels: vec![0; width * height * 4] }
    }

    /// Fills and strokes a path.
    pub(super) fn shape(&mut self, outline: &str, state: &State) {
        let transform = self.placed(state.x, state.y);
        self.path(outline, state, transform);
    }

    /// Writes words at the place of `state`, no wider than drawings think that they are.
    pub(super) fn words(&mut self, words: &str, state: &State, fonts: &Fonts) {
        let glyphs: Vec<_> = words.chars().map(|character| fonts.glyph(character, state.bold)).collect();
        let natural: f64 = glyphs.iter().map(|glyph| glyph.advance).sum::<f64>() * state.font_size;
        let bold = if state.bold { 1.12 } else { 1.0 };
        let narrowed = (wording::width(words, state.font_size * bold) / natural.max(1e-9)).min(1.0);
        let mut x = state.x - natural * narrowed * state.before;
        for glyph in glyphs {
            let place = self.placed(x, state.y);
            let size = state.font_size as f32;
            let place = Transform::scale(size * narrowed as f32, size).then(&place);
            // A halo is painted below the letters.
            let halo = State { fill: None, ..state.clone() };
            let width = state.stroke_width / state.font_size;
            self.path(&glyph.outline, &State { stroke_width: width, ..halo }, place);
            self.path(&glyph.outline, &State { stroke: None, ..state.clone() }, place);
            x += glyph.advance * state.font_size * narrowed;
        }
    }

    pub(super) fn encoded(&self) -> Vec<u8> {
        encoded(self.width, self.height, &self.pixels)
    }

    fn placed(&self, x: f64, y: f64) -> Transform {
        let scale = self.scale as f32;
        Transform::scale(scale, scale).then_translate((x * self.scale) as f32, (y * self.scale) as f32)
    }

    fn path<P: PathData + Copy>(&mut self, outline: P, state: &State, transform: Transform) {
        if let Some(fill) = state.fill {
            self.mask(outline, Fill::NonZero.into(), transform, fill, state.fill_opacity);
        }
        if let Some(stroke) = state.stroke {
            let mut style = Stroke::new(state.stroke_width as f32);
            style.join(Join::Round);
            self.mask(outline, style.into(), transform, stroke, 1.0);
        }
    }

    /// Lays a colour over the pixels that a path covers.
    fn mask<P: PathData>(&mut self, outline: P, style: Style, transform: Transform, colour: [u8; 3], opacity: f64) {
        let (mask, Placement { left, top, width, .. }) =
            Mask::new(outline).style(style).transform(Some(transform)).render();
        for (row, line) in mask.chunks_exact(width.max(1) as usize).enumerate() {
            for (column, &cover) in line.iter().enumerate().filter(|(_, cover)| **cover > 0) {
                let (x, y) = (i64::from(left) + column as i64, i64::from(top) + row as i64);
                if (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y) {
                    let at = (y as usize * self.width + x as usize) * 4;
                    let pixel = &mut self.pixels[at..at + 4];
                    over(pixel, colour, opacity * f64::from(cover) / 255.0);
                }
            }
        }
    }
}

/// Lays a colour over a pixel (Porter and Duff, "Compositing digital images", 1984).
fn over(pixel: &mut [u8], colour: [u8; 3], opacity: f64) {
    let below = f64::from(pixel[3]) / 255.0 * (1.0 - opacity);
    let both = opacity + below;
    for (channel, new) in pixel.iter_mut().zip(colour) {
        *channel = ((f64::from(new) * opacity + f64::from(*channel) * below) / both).round() as u8;
    }
    pixel[3] = (both * 255.0).round() as u8;
}

/// The outline of a letter, one unit high, in the path commands of the rasterizer.
#[derive(Clone, Default)]
pub(super) struct Glyph {
    pub outline: Vec<Command>,
    /// How far the next letter is from this.
    pub advance: f64,
}

/// Takes the outline of a letter from its font, whose units are so many to one of ours, and whose y goes up.
pub(super) struct Outliner<'a> {
    pub glyph: &'a mut Glyph,
    pub unit: f32,
}

impl Outliner<'_> {
    fn point(&self, x: f32, y: f32) -> zeno::Point {
        zeno::Point::new(x / self.unit, -y / self.unit)
    }
}

impl ttf_parser::OutlineBuilder for Outliner<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.glyph.outline.push(Command::MoveTo(self.point(x, y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.glyph.outline.push(Command::LineTo(self.point(x, y)));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.glyph.outline.push(Command::QuadTo(self.point(x1, y1), self.point(x, y)));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.glyph.outline.push(Command::CurveTo(self.point(x1, y1), self.point(x2, y2), self.point(x, y)));
    }

    fn close(&mut self) {
        self.glyph.outline.push(Command::Close);
    }
}

//! A figure as PNG: the few kinds of elements that our drawings are made of, painted on pixels. Imports: nothing.

mod encode;
mod font;
mod paint;
mod read;

use super::error::DrawingError;
use font::Fonts;
use paint::Painter;
use read::{Attributes, Token, tokens};

/// Pixels to a unit of a drawing, and how many pixels there may be: beyond that there are fewer to a unit.
const SCALE: f64 = 2.0;
const MOST_PIXELS: f64 = 24e6;

/// A drawing of ours as an image.
pub(super) fn drawn(svg: &str) -> Result<Vec<u8>, DrawingError> {
    let fonts = Fonts::of_this_machine().ok_or(DrawingError::NoFont)?;
    let mut within: Vec<State> = Vec::new();
    let mut painter: Option<Painter> = None;
    for token in tokens(svg) {
        match token {
            Token::Open(name, attributes) => {
                let painter = painter.get_or_insert_with(|| painter_of(&attributes));
                let state = within.last().cloned().unwrap_or_default().inside(name, &attributes);
                if let Some(outline) = outline(name, &attributes) {
                    painter.shape(&outline, &state);
                }
                within.push(state);
            }
            Token::Text(words) => {
                let state = within.last().filter(|state| state.name == "text");
                if let Some((painter, state)) = painter.as_mut().zip(state) {
                    painter.words(&words, state, &fonts);
                }
            }
            Token::Close => drop(within.pop()),
        }
    }
    Ok(painter.map_or_else(Vec::new, |painter| painter.encoded()))
}

fn painter_of(root: &Attributes) -> Painter {
    let (width, height) = (root.number("width").unwrap_or(1.0), root.number("height").unwrap_or(1.0));
    Painter::new(width, height, SCALE.min((MOST_PIXELS / (width * height).max(1.0)).sqrt()))
}

/// What an element inherits of those around it, and says itself.
#[derive(Clone)]
struct State<'a> {
    name: &'a str,
    x: f64,
    y: f64,
    fill: Option<[u8; 3]>,
    fill_opacity: f64,
    stroke: Option<[u8; 3]>,
    stroke_width: f64,
    font_size: f64,
    bold: bool,
    /// Which share of a text is before its place.
    before: f64,
}

impl Default for State<'_> {
    fn default() -> Self {
        State {
            name: "",
            x: 0.0,
            y: 0.0,
            fill: Some([0; 3]),
            fill_opacity: 1.0,
            stroke: None,
            stroke_width: 1.0,
            font_size: 12.0,
            bold: false,
            before: 0.0,
        }
    }
}

impl<'a> State<'a> {
    /// The state of an element inside.
    fn inside(mut self, name: &'a str, attributes: &Attributes) -> State<'a> {
        self.name = name;
        for (name, value) in attributes.iter() {
            match name {
                "fill" => self.fill = colour(value),
                "stroke" => self.stroke = colour(value),
                "fill-opacity" => self.fill_opacity = value.parse().unwrap_or(1.0),
                "stroke-width" => self.stroke_width = value.parse().unwrap_or(1.0),
                "font-size" => self.font_size = value.parse().unwrap_or(12.0),
                "font-weight" => self.bold = true,
                "text-anchor" => {
                    self.before = if value == "middle" { 0.5 } else { f64::from(u8::from(value == "end")) }
                }
                "transform" => {
                    let moved = value.trim_start_matches("translate(").trim_end_matches(')').split_once(' ');
                    let (x, y) = moved.unwrap_or(("0", "0"));
                    self.x += x.parse::<f64>().unwrap_or(0.0);
                    self.y += y.parse::<f64>().unwrap_or(0.0);
                }
                "x" | "y" if self.name == "text" => {
                    let place = if name == "x" { &mut self.x } else { &mut self.y };
                    *place += value.parse::<f64>().unwrap_or(0.0);
                }
                _ => {}
            }
        }
        self
    }
}

/// `#1f2328`; none for `none`.
fn colour(value: &str) -> Option<[u8; 3]> {
    let digits = value.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

/// The outline of a shape as path commands.
fn outline(name: &str, attributes: &Attributes) -> Option<String> {
    let number = |name| attributes.number(name).unwrap_or(0.0);
    match name {
        "path" => attributes.get("d").map(str::to_owned),
        "rect" => {
            let (width, height) = (number("width"), number("height"));
            let round = number("rx").min(width / 2.0).min(height / 2.0);
            let (across, down) = (width - 2.0 * round, height - 2.0 * round);
            let arc =
                |x: f64, y: f64| if round > 0.0 { format!("a{round} {round} 0 0 1 {x} {y}") } else { String::new() };
            Some(format!(
                "M{} {}h{across}{}v{down}{}h{}{}v{}{}z",
                number("x") + round,
                number("y"),
                arc(round, round),
                arc(-round, round),
                -across,
                arc(-round, -round),
                -down,
                arc(round, -round),
            ))
        }
        "circle" => {
            let (x, y, radius) = (number("cx"), number("cy"), number("r"));
            let (left, across) = (x - radius, 2.0 * radius);
            Some(format!("M{left} {y}a{radius} {radius} 0 1 0 {across} 0a{radius} {radius} 0 1 0 -{across} 0z"))
        }
        _ => None,
    }
}

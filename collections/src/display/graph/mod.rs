//! The picture of a graph: cards in ranks, data flowing downwards or to the right, coloured by what the reader chose.
//! Draws a [`Sketch`]; knows nothing of layers and tasks. Imports: nothing.

mod card;
mod legend;
mod link;
mod opened;

use super::colour::Colouring;
use super::figure::{Area, Figure, Type, text};
use super::layout::{Direction, Gaps, Layout, Point, Size, layout};
use super::markup::{Element, number};
use super::palette::FAINT;
use super::sketch::{Card, Sketch};
use legend::Legend;
use link::{Label, Links};

/// Free room around the picture.
const MARGIN: f64 = 16.0;
/// Room for the line above the graph.
const LINE: f64 = 26.0;
const SUMMARY: Type = Type::new(12.0, FAINT);
const NOTE: Type = Type::new(10.5, FAINT);
/// The words below a narrow graph are at least so wide.
const NARROWEST: f64 = 280.0;

/// Draws `sketch`. Where its boxes lie is decided by the graph alone, so that they stay there when it has run.
pub(super) fn draw(sketch: &Sketch) -> Figure {
    let colouring = Colouring::of(sketch);
    let sizes = card::sizes(&sketch.cards);
    let links = Links::of(sketch);
    let graph = layout(&sizes, &links.edges(), gaps(sketch, &links), sketch.direction);
    let inner = graph.size.width.max(SUMMARY.width(&widest_head(sketch))).max(NARROWEST);
    let origin = Point { x: MARGIN + (inner - graph.size.width) / 2.0, y: MARGIN + LINE };
    let legend = Legend::of(sketch, &colouring, inner);
    let below = origin.y + graph.size.height + MARGIN;
    let size = Size { width: inner + 2.0 * MARGIN, height: below + legend.height() + MARGIN };
    let labels = links.labels(&graph);
    let areas = areas(&sketch.cards, &graph, &sizes, &labels).map(|area| area.moved(origin)).collect();
    Figure::new(size, sketch.summary(), areas, |svg| {
        text(svg, &head(sketch), Point { x: MARGIN, y: MARGIN + 9.0 }, SUMMARY);
        let mut canvas = moved(svg, origin);
        links.draw(&mut canvas, &graph, &labels);
        for ((card, corner), size) in sketch.cards.iter().zip(&graph.boxes).zip(&sizes) {
            card::draw(&mut moved(&mut canvas, *corner), card, *size, &colouring, sketch.shows_path());
        }
        drop(canvas);
        legend.draw(svg, Point { x: MARGIN, y: below });
    })
}

/// What speaks when it is pointed at. What is on a card comes before it: the first area at a place is the one that does.
fn areas<'a>(
    cards: &'a [Card],
    graph: &'a Layout,
    sizes: &'a [Size],
    labels: &'a [Label],
) -> impl Iterator<Item = Area> + 'a {
    let of_card = |((card, &corner), &size): ((&'a Card, &Point), &Size)| {
        let task = move |(task, within, size): (&Card, Point, Size)| {
            Area { corner: within, size, hover: task.hover() }.moved(corner)
        };
        card::tiles(card).map(task).chain([Area { corner, size, hover: card.hover() }])
    };
    let of_label = |label: &Label| Area { corner: label.corner(), size: label.size(), hover: label.hover.clone() };
    cards.iter().zip(&graph.boxes).zip(sizes).flat_map(of_card).chain(labels.iter().map(of_label))
}

/// The line above the graph.
fn head(sketch: &Sketch) -> String {
    match &sketch.ran {
        Some(ran) => format!("{}, {}", sketch.counts(), ran.time()),
        None => sketch.counts(),
    }
}

/// As wide a line as that may become.
fn widest_head(sketch: &Sketch) -> String {
    format!("{}, stopped after 88 min 88 s", sketch.counts())
}

fn gaps(sketch: &Sketch, links: &Links) -> Gaps {
    let gaps =
        if sketch.by_task() { Gaps { within: 12.0, between: 30.0 } } else { Gaps { within: 28.0, between: 34.0 } };
    match sketch.direction {
        Direction::Down => gaps,
        // Labels lie along the links, which are as long as the gap between ranks.
        Direction::Right => Gaps { within: 16.0, between: gaps.between.max(links.widest_label() + 14.0) },
    }
}

fn moved<'a>(parent: &'a mut Element, to: Point) -> Element<'a> {
    let mut transform = String::from("translate(");
    number(to.x, &mut transform);
    transform.push(' ');
    number(to.y, &mut transform);
    transform.push(')');
    parent.child("g").with("transform", transform)
}

//! What ran when: a lane for each worker with its tasks in the colour of their operation, and curves of memory and
//! processor below on the same axis of time. Draws numbers; knows nothing of runs. Imports: nothing.
//!
//! A task too narrow to be seen by itself shares a column of pixels with its neighbours, in the colour of the operation
//! that took most of it and as opaque as the worker was busy: the drawing stays small, whatever ran.

use super::figure::{Anchor, Area, Figure, Type, pair, rectangle, text};
use super::layout::{Point, Size};
use super::markup::{Element, number};
use super::palette::{self, EDGE, FAINT, FRAME, GOOD, INK, WARNING};
use super::wording;

/// The drawn length of the axis of time.
const WIDTH: f64 = 760.0;
/// Room for the names of lanes, to the left of the axis, and for the names of levels to its right.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 84.0;
const MARGIN: f64 = 14.0;
/// Height of the lanes together at most, and of one at most.
const LANES: f64 = 260.0;
const LANE: std::ops::RangeInclusive<f64> = 5.0..=22.0;
/// More lanes than this are not drawn.
pub(super) const MOST_LANES: usize = 40;
const CURVE: f64 = 62.0;
/// No more blocks than about this many are drawn: with many lanes, columns are wider than a pixel.
const MOST_BLOCKS: f64 = 3_500.0;
/// A task at least so wide is drawn by itself, and one at least so wide says what it is when pointed at.
const BY_ITSELF: f64 = 3.0;
const SPEAKS: f64 = 6.0;
const MOST_AREAS: usize = 240;
const NOTE: Type = Type::new(10.5, FAINT);
const NOTE_LINE: f64 = 16.0;
const HEAD: Type = Type::new(12.0, FAINT);

/// Tasks and curves over `0..length` seconds.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// The line above.
    pub summary: String,
    /// What is not shown: lines below.
    pub notes: Vec<String>,
    /// In seconds.
    pub length: f64,
    /// What the kinds of spans are called, the first first in the legend.
    pub kinds: Vec<String>,
    pub lanes: Vec<Lane>,
    pub curves: Vec<Curve>,
}

#[derive(Debug, Default)]
pub(super) struct Lane {
    pub name: String,
    /// In order of time; they do not overlap.
    pub spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: f64,
    pub end: f64,
    /// An index into the kinds.
    pub kind: usize,
    /// What the caller knows it by, to ask for its words.
    pub index: u32,
}

#[derive(Debug)]
pub(super) struct Curve {
    pub name: &'static str,
    /// What its area shows.
    pub points: Vec<(f64, f64)>,
    /// A thin line over the same axis, and what it is.
    pub other: Option<(&'static str, Vec<(f64, f64)>)>,
    /// A level not to be passed, and what it is.
    pub limit: (f64, &'static str),
    /// The axis of values goes at least so far.
    pub least: f64,
    /// How its values are spelt.
    pub spelt: fn(f64) -> String,
}

impl Timeline {
    /// Draws it; `words` says what a span is when it is pointed at.
    pub(super) fn draw(&self, words: &dyn Fn(u32) -> String) -> Figure {
        let lanes = self.lanes.len().min(MOST_LANES);
        let lane = (LANES / lanes.max(1) as f64).clamp(*LANE.start(), *LANE.end());
        let legend = self.legend();
        let top = MARGIN + 22.0;
        let below_lanes = top + lane * lanes as f64;
        let curves = self.curves.iter().filter(|curve| curve.points.len() > 1);
        let below = below_lanes + curves.clone().count() as f64 * (CURVE + 14.0) + 18.0;
        let rows = legend.last().map_or(0.0, |(at, _, _)| at.y + 18.0);
        let width = MARGIN * 2.0 + LEFT + WIDTH + RIGHT;
        let size = Size { width, height: below + rows + NOTE_LINE * self.notes.len() as f64 + MARGIN };
        let drawn = self.lanes[..lanes].iter().enumerate();
        let areas = drawn.clone().flat_map(|(row, each)| self.areas(each, top + lane * row as f64, lane, words));
        let areas: Vec<Area> = areas.take(MOST_AREAS).collect();
        let said = [&self.summary].into_iter().chain(&self.notes).map(String::as_str).collect::<Vec<_>>().join("; ");
        Figure::new(size, said, areas, |svg| {
            text(svg, &self.summary, Point { x: MARGIN, y: MARGIN + 8.0 }, HEAD);
            for (row, each) in drawn {
                let y = top + lane * row as f64;
                let name = Point { x: MARGIN + LEFT - 8.0, y: y + lane / 2.0 + 3.5 };
                if lane >= 11.0 || row % 2 == 0 {
                    text(
                        svg,
                        &wording::shortened(&each.name, NOTE.size, LEFT - 10.0),
                        name,
                        NOTE.anchored(Anchor::End),
                    );
                }
                self.draw_lane(svg, each, y, lane);
            }
            let mut y = below_lanes;
            for curve in curves {
                y += 14.0;
                self.draw_curve(svg, curve, y);
                y += CURVE;
            }
            self.draw_axis(svg, y, top);
            for (at, kind, name) in legend {
                let (x, y) = (at.x, below + at.y + 12.0);
                let swatch = rectangle(svg, Point { x, y: y - 9.0 }, Size { width: 11.0, height: 11.0 });
                drop(swatch.with("rx", 2.0).with("fill", palette::category(kind)));
                text(svg, &name, Point { x: x + 16.0, y }, NOTE);
            }
            for (line, note) in self.notes.iter().enumerate() {
                let y = below + rows + NOTE_LINE * line as f64 + 12.0;
                text(svg, note, Point { x: MARGIN + LEFT, y }, NOTE);
            }
        })
    }

    fn x(&self, seconds: f64) -> f64 {
        MARGIN + LEFT + WIDTH * (seconds / self.length.max(1e-9)).clamp(0.0, 1.0)
    }

    /// Place, kind and name of each entry, in as many rows as they need.
    fn legend(&self) -> Vec<(Point, usize, String)> {
        let mut at = Point { x: MARGIN + LEFT, y: 0.0 };
        let entry = |(kind, name): (usize, &String)| {
            let name = wording::shortened(name, NOTE.size, 220.0);
            let width = 30.0 + wording::width(&name, NOTE.size);
            if at.x + width > MARGIN + LEFT + WIDTH + RIGHT {
                at = Point { x: MARGIN + LEFT, y: at.y + 17.0 };
            }
            let place = at;
            at.x += width;
            (place, kind, name)
        };
        self.kinds.iter().enumerate().map(entry).collect()
    }

    fn areas(&self, lane: &Lane, y: f64, height: f64, words: &dyn Fn(u32) -> String) -> Vec<Area> {
        let wide = |span: &&Span| self.x(span.end) - self.x(span.start) >= SPEAKS;
        let area = |span: &Span| Area {
            corner: Point { x: self.x(span.start), y },
            size: Size { width: self.x(span.end) - self.x(span.start), height },
            hover: words(span.index),
        };
        lane.spans.iter().filter(wide).take(MOST_AREAS / self.lanes.len().max(1) + 1).map(area).collect()
    }

    fn draw_lane(&self, svg: &mut Element, lane: &Lane, y: f64, height: f64) {
        let height = height - if height > 8.0 { 2.0 } else { 1.0 };
        let ground = rectangle(svg, Point { x: MARGIN + LEFT, y }, Size { width: WIDTH, height });
        drop(ground.with("fill", palette::LANE));
        let mut paths: Vec<[String; 3]> = vec![Default::default(); self.kinds.len()];
        let grain = (self.lanes.len().min(MOST_LANES) as f64 * WIDTH / MOST_BLOCKS).ceil();
        let mut columns = vec![Column::default(); (WIDTH / grain) as usize + 1];
        for span in &lane.spans {
            let (from, to) = (self.x(span.start), self.x(span.end));
            if to - from >= BY_ITSELF.max(grain) {
                block(&mut paths[span.kind][2], from, y, to - from - 0.6, height);
            } else {
                let column = ((from - MARGIN - LEFT) / grain) as usize;
                columns[column].add(span.kind, (to - from) / grain);
            }
        }
        let shades: Vec<_> = columns.iter().map(Column::shade).collect();
        let mut start = 0;
        for run in shades.chunk_by(|a, b| a == b) {
            if let Some((kind, shade)) = run[0] {
                let x = MARGIN + LEFT + start as f64 * grain;
                block(&mut paths[kind][shade], x, y, run.len() as f64 * grain, height);
            }
            start += run.len();
        }
        for (kind, shades) in paths.iter().enumerate() {
            for (path, opacity) in shades.iter().zip([0.35, 0.65, 1.0]).filter(|(path, _)| !path.is_empty()) {
                let path = svg.child("path").with("d", path).with("fill", palette::category(kind));
                drop(if opacity < 1.0 { path.with("fill-opacity", format!("{opacity}")) } else { path });
            }
        }
    }

    fn draw_curve(&self, svg: &mut Element, curve: &Curve, top: f64) {
        let values = |points: &[(f64, f64)]| points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let other = curve.other.as_ref().map_or(0.0, |(_, points)| values(points));
        let highest = values(&curve.points).max(other).max(curve.least).max(1e-9);
        let (limit, what) = curve.limit;
        // A limit far above all that happened would press the curve flat: it is said in words.
        let near = limit <= highest * 3.0;
        let scale = 1.06 * if near { limit.max(highest) } else { highest };
        let at = |&(seconds, value): &(f64, f64)| Point { x: self.x(seconds), y: top + CURVE * (1.0 - value / scale) };
        let base = top + CURVE;
        let mut area = String::new();
        let (first, last) = (at(&curve.points[0]), at(&curve.points[curve.points.len() - 1]));
        pair('M', Point { y: base, ..first }, &mut area);
        curve.points.iter().for_each(|point| pair('L', at(point), &mut area));
        pair('L', Point { y: base, ..last }, &mut area);
        area.push('z');
        let area = svg.child("path").with("d", area).with("fill", GOOD).with("fill-opacity", "0.25");
        drop(area.with("stroke", GOOD).with("stroke-width", 1.2).with("stroke-linejoin", "round"));
        if let Some((_, points)) = &curve.other {
            let mut line = String::new();
            points.iter().enumerate().for_each(|(i, point)| pair(if i == 0 { 'M' } else { 'L' }, at(point), &mut line));
            drop(
                svg.child("path").with("d", line).with("fill", "none").with("stroke", FAINT).with("stroke-width", 1.0),
            );
        }
        let right = MARGIN + LEFT + WIDTH;
        if near {
            let y = at(&(0.0, limit)).y;
            let line = svg.child("line").with("x1", MARGIN + LEFT).with("x2", right).with("y1", y).with("y2", y);
            drop(line.with("stroke", WARNING).with("stroke-width", 1.2).with("stroke-dasharray", "5 3"));
        }
        let base_line = svg.child("line").with("x1", MARGIN + LEFT).with("x2", right).with("y1", base).with("y2", base);
        drop(base_line.with("stroke", FRAME));
        let name = Point { x: MARGIN + LEFT - 8.0, y: top + 12.0 };
        text(svg, curve.name, name, Type::new(10.5, INK).anchored(Anchor::End));
        let most = |points: &[(f64, f64)]| format!("at most {}", (curve.spelt)(values(points)));
        let mut y = top + 12.0;
        let mut say = |svg: &mut Element, words: &str, indent: f64| {
            text(svg, words, Point { x: right + 6.0 + indent, y }, Type::new(9.5, FAINT));
            y += 13.0;
        };
        say(svg, &most(&curve.points), 0.0);
        say(svg, &format!("{what} {}", (curve.spelt)(limit)), 0.0);
        if let Some((what, points)) = &curve.other {
            let sample = Point { x: right + 6.0, y: top + 12.0 + 2.0 * 13.0 - 3.0 };
            let line = svg.child("line").with("x1", sample.x).with("x2", sample.x + 10.0);
            drop(line.with("y1", sample.y).with("y2", sample.y).with("stroke", FAINT).with("stroke-width", 1.0));
            say(svg, what, 14.0);
            say(svg, &most(points), 0.0);
        }
    }

    /// Ticks of seconds under everything, with faint lines up to `top`.
    fn draw_axis(&self, svg: &mut Element, y: f64, top: f64) {
        let step = step(self.length / 6.0);
        let mut lines = String::new();
        let mut tick = 0.0;
        while tick <= self.length * 1.0001 {
            let x = self.x(tick);
            pair('M', Point { x, y: top }, &mut lines);
            pair('L', Point { x, y: y + 3.0 }, &mut lines);
            text(svg, &seconds(tick, step), Point { x, y: y + 14.0 }, NOTE.anchored(Anchor::Middle));
            tick += step;
        }
        let lines = svg.child("path").with("d", lines).with("stroke", EDGE).with("stroke-width", 0.5);
        drop(lines.with("stroke-opacity", "0.5").with("fill", "none"));
    }
}

/// A column of pixels: the share of it that each kind took.
#[derive(Clone, Default)]
struct Column {
    kinds: Vec<(usize, f64)>,
}

impl Column {
    fn add(&mut self, kind: usize, width: f64) {
        match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, sum)) => *sum += width,
            None => self.kinds.push((kind, width)),
        }
    }

    /// The kind that took most of it, and in three steps how much of it was taken.
    fn shade(&self) -> Option<(usize, usize)> {
        let (kind, _) = self.kinds.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let busy: f64 = self.kinds.iter().map(|(_, width)| width).sum();
        Some((*kind, ((busy * 3.0) as usize).min(2)))
    }
}

fn block(path: &mut String, x: f64, y: f64, width: f64, height: f64) {
    pair('M', Point { x, y }, path);
    for (command, value) in [('h', width), ('v', height), ('h', -width)] {
        path.push(command);
        number(value, path);
    }
    path.push('z');
}

/// The least of 1, 2, 5, 10 ... times a power of ten that is not below `least`.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-9).log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= least * 0.999).unwrap_or(10.0);
    factor * power
}

/// A tick of the axis, as precise as its distance from the next.
fn seconds(tick: f64, step: f64) -> String {
    match step {
        _ if tick == 0.0 => "0".to_owned(),
        ..0.000_999 => format!("{:.0} µs", tick * 1e6),
        ..0.099 => format!("{:.0} ms", tick * 1e3),
        ..0.999 => format!("{tick:.1} s"),
        _ => format!("{tick:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(name: &str, tasks: u32, length: f64) -> Lane {
        let each = length / f64::from(tasks);
        let span = |index: u32| Span {
            start: f64::from(index) * each,
            end: (f64::from(index) + 0.9) * each,
            kind: index as usize % 2,
            index,
        };
        Lane { name: name.to_owned(), spans: (0..tasks).map(span).collect() }
    }

    fn timeline(lanes: Vec<Lane>) -> Timeline {
        let kinds = vec!["random".to_owned(), "<sum>".to_owned()];
        let points: Vec<_> = (0..20).map(|n| (f64::from(n) / 10.0, f64::from(n % 7) * 1e6)).collect();
        let curve = Curve {
            name: "memory",
            points: points.clone(),
            other: Some(("process", points)),
            limit: (8e6, "budget"),
            least: 0.0,
            spelt: |value| wording::bytes(value as u64),
        };
        Timeline { summary: "what ran".to_owned(), notes: Vec::new(), length: 2.0, kinds, lanes, curves: vec![curve] }
    }

    #[test]
    fn tasks_lie_in_lanes_over_curves() {
        let figure =
            timeline(vec![lane("worker 0", 4, 2.0), lane("worker 1", 5, 1.5)]).draw(&|index| index.to_string());
        insta::assert_snapshot!("timeline", figure.svg);
        assert_eq!(figure.html().matches("<span title").count(), 9);
    }

    #[test]
    fn a_million_tasks_of_many_workers_stay_small() {
        let lanes = (0..64).map(|worker| lane(&format!("worker {worker}"), 20_000, 2.0)).collect();
        let figure = timeline(lanes).draw(&|index| index.to_string());
        assert!(figure.html().len() < 200_000, "{}", figure.html().len());
        let lanes = (0..64).map(|worker| lane(&format!("worker {worker}"), 250, 2.0)).collect();
        let figure = timeline(lanes).draw(&|index| index.to_string());
        assert!(figure.html().len() < 200_000, "{}", figure.html().len());
    }

    #[test]
    fn nothing_is_drawn_as_an_empty_axis() {
        let figure = Timeline { summary: "nothing ran".to_owned(), ..Timeline::default() }.draw(&|_| String::new());
        assert!(figure.svg.contains("nothing ran") && figure.svg.ends_with("</svg>"));
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!([0.17, 1.0, 3.1, 0.000_02, 70.0].map(step), [0.2, 1.0, 5.0, 0.000_02, 100.0]);
        assert_eq!([seconds(0.4, 0.2), seconds(10.0, 5.0), seconds(0.000_04, 0.000_02)], ["0.4 s", "10 s", "40 µs"]);
    }
}

//! How things are spelt in pictures and tables: sizes, times, counts, places in a grid, labels cut to a width.
//! Imports: nothing.

use std::time::Duration;

/// How many characters there may be of a text that is not ours: of a name in a line or a list with others, of one that
/// stands by itself, of what is said of it. Every such text is cut to one of these by [`clipped`], or to a width by
/// [`shortened`]: no picture or table is large because a name is long.
pub(super) const NAME: usize = 60;
pub(super) const TITLE: usize = 120;
pub(super) const REMARK: usize = 240;

/// `512 B`, `80.0 KiB`, `1.2 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `35 µs`, `1.2 ms`, `3.4 s`, `2 min 5 s`, `1 h 2 min`.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.000_999_5 => format!("{:.0} µs", seconds * 1e6),
        ..0.009_95 => format!("{:.1} ms", seconds * 1e3),
        ..0.999_5 => format!("{:.0} ms", seconds * 1e3),
        ..9.95 => format!("{seconds:.1} s"),
        ..59.5 => format!("{seconds:.0} s"),
        ..3_599.5 => {
            let whole = seconds.round() as u64;
            format!("{} min {} s", whole / 60, whole % 60)
        }
        _ => {
            let minutes = (seconds / 60.0).round() as u64;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

/// `0.4 a second`, `25 a second`, `1 200 a second`.
pub(super) fn rate(rate: f64) -> String {
    if rate < 9.95 { format!("{rate:.1} a second") } else { format!("{} a second", count(rate.round() as usize)) }
}

/// Digits in groups of three: `1 234 567`, with spaces that do not break.
pub(super) fn count(count: usize) -> String {
    let digits = count.to_string();
    let mut spelt = String::with_capacity(digits.len() + 4);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            spelt.push('\u{a0}');
        }
        spelt.push(digit);
    }
    spelt
}

/// `1 task`, `2 tasks`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{}\u{a0}{noun}{plural}", count(number))
}

/// `(100, 10)`; `(100,)` as a tuple of one is written.
pub(super) fn tuple(numbers: &[usize]) -> String {
    match numbers {
        [one] => format!("({one},)"),
        _ => format!("({})", numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The place of partition `index` in a grid of chunks, the last axis running fastest.
pub(super) fn place_in_grid(mut index: usize, grid: &[usize]) -> String {
    let mut place = vec![0; grid.len()];
    for (axis, &chunks) in grid.iter().enumerate().rev() {
        place[axis] = index % chunks.max(1);
        index /= chunks.max(1);
    }
    tuple(&place)
}

/// A computed float to six digits: `0.25`, `1.41421`, `6.02e23`.
pub(super) fn float(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return format!("{value:?}");
    }
    if !(1e-4..1e7).contains(&size) {
        let spelt = format!("{value:.5e}");
        let (digits, exponent) = spelt.split_once('e').expect("it is written with one");
        return format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let whole = size.log10().floor() as i32 + 1;
    let spelt = format!("{value:.*}", (6 - whole).clamp(1, 9) as usize);
    let trimmed = spelt.trim_end_matches('0');
    if trimmed.ends_with('.') { format!("{trimmed}0") } else { trimmed.to_owned() }
}

/// The width of a sans-serif text, as near as can be had without its font.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| advance(character) * size).sum()
}

fn advance(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' => 0.29,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | ' ' | '\u{a0}' | '-' => 0.38,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.9,
        '<' | '>' | '=' | '+' => 0.78,
        '→' => 0.85,
        'A'..='Z' | '_' | '×' => 0.68,
        '\0'..'\u{2e80}' => 0.57,
        _ => 1.1,
    }
}

/// `text` on one line, cut with an ellipsis where it is wider than `room`.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> String {
    let line: String = one_line(text).collect();
    if width(&line, size) <= room {
        return line;
    }
    let mut left = room - advance('…') * size;
    let fits = |character: &char| {
        left -= advance(*character) * size;
        left >= 0.0
    };
    let mut kept: String = line.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

/// `text` on one line of at most `characters` characters.
pub(super) fn clipped(text: &str, characters: usize) -> String {
    let mut line = one_line(text);
    let mut kept: String = line.by_ref().take(characters).collect();
    if line.next().is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// The last of `text`, of at most so many characters: a path says most at its end.
pub(super) fn clipped_before(text: &str, characters: usize) -> String {
    let length = one_line(text).count();
    if length <= characters {
        return one_line(text).collect();
    }
    ['…'].into_iter().chain(one_line(text).skip(length + 1 - characters)).collect()
}

/// `text` in lines that are no wider than `room`, broken at spaces.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in one_line(text).collect::<String>().split(' ') {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(shortened(word, size, room)),
        }
    }
    lines
}

/// The characters of `text` as they stand on one line, in the order in which they are written: what would break it is
/// a space, and what would turn its order around (the embeddings, overrides and isolates of Unicode's annex 9) is seen.
fn one_line(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|character| match character {
        '\u{2028}' | '\u{2029}' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ if character.is_control() => ' ',
        _ => character,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_change_their_unit_before_they_need_four_digits() {
        let spelt = [0, 1023, 1024, 1024 * 1024 - 1, 80_000_000, u64::MAX].map(bytes);
        assert_eq!(spelt, ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "76.3 MiB", "16.0 EiB"]);
    }

    #[test]
    fn times_have_two_or_three_digits() {
        let spelt =
            [35e-6, 0.0012, 0.034, 0.9996, 3.42, 59.6, 125.0, 3_720.0].map(|s| time(Duration::from_secs_f64(s)));
        assert_eq!(spelt, ["35 µs", "1.2 ms", "34 ms", "1.0 s", "3.4 s", "1 min 0 s", "2 min 5 s", "1 h 2 min"]);
    }

    #[test]
    fn floats_keep_six_digits() {
        let spelt = [0.25, 2_f64.sqrt(), 6.022e23, 1e-9, 3.0, 0.0, -123_456.789, 0.000_123_456_78, f64::NAN].map(float);
        assert_eq!(spelt, ["0.25", "1.41421", "6.022e23", "1e-9", "3.0", "0.0", "-123456.8", "0.000123457", "NaN"]);
    }

    #[test]
    fn counts_are_grouped_and_agree_with_their_noun() {
        assert_eq!(count(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!([counted(1, "task"), counted(0, "task")], ["1\u{a0}task", "0\u{a0}tasks"]);
    }

    #[test]
    fn places_run_fastest_along_the_last_axis() {
        assert_eq!(place_in_grid(7, &[3, 4]), "(1, 3)");
        assert_eq!(place_in_grid(2, &[5]), "(2,)");
    }

    #[test]
    fn long_labels_are_cut_and_short_ones_kept() {
        assert_eq!(shortened("sum", 12.0, 100.0), "sum");
        let long = shortened(&"🦀<b>".repeat(2_500), 12.0, 100.0);
        assert!(long.ends_with('…') && width(&long, 12.0) <= 101.0, "{long}");
        assert_eq!(clipped("a\nb", 5), "a b");
        assert_eq!(clipped("abcde", 5), "abcde");
        assert_eq!(clipped("abcdef", 5), "abcd…");
        assert_eq!(clipped_before("abcde", 5), "abcde");
        assert_eq!(clipped_before("abcdef", 5), "…cdef");
        assert_eq!(wrapped("a few words", 12.0, 44.0), ["a few", "words"]);
        assert!(wrapped(&"long".repeat(99), 12.0, 100.0)[0].ends_with('…'));
    }

    #[test]
    fn no_label_turns_its_line_around() {
        let hostile = "sum\u{202e}txt.\u{2066}exe\u{2069}\u{2029}";
        for line in [clipped(hostile, 60), shortened(hostile, 12.0, 400.0), wrapped(hostile, 12.0, 400.0).concat()] {
            assert_eq!(line.trim_end(), "sum\u{fffd}txt.\u{fffd}exe\u{fffd}");
        }
        assert_eq!(clipped("שלום", 60), "שלום", "what is written from right to left stays so");
    }
}

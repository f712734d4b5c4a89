//! Cells that were run before. Imports: session. Pure.
//!
//! The kernel remembers its own life only, which it calls session 1; 0 also means the present one.

use crate::session::{Entry, Session};
use jupyter_protocol::{HistoryEntry, HistoryReply, HistoryRequest};
use std::collections::BTreeSet;

const PRESENT: usize = 1;

/// Finds what is asked for, oldest first.
pub(crate) fn answer(session: &Session, request: &HistoryRequest) -> HistoryReply {
    let (entries, output) = match request {
        HistoryRequest::Range { session: life, start, stop, output, .. } => {
            let ours = matches!(life, None | Some(0 | 1));
            (session.entries().iter().filter(|entry| ours && in_range(entry, *start, *stop)).collect(), *output)
        }
        HistoryRequest::Tail { n, output, .. } => (last(session.entries().iter().collect(), *n), *output),
        HistoryRequest::Search { pattern, unique, output, n, .. } => {
            let mut found: Vec<&Entry> =
                session.entries().iter().filter(|entry| matches(pattern.as_bytes(), entry.input.as_bytes())).collect();
            if *unique {
                keep_latest(&mut found);
            }
            (last(found, *n), *output)
        }
    };
    HistoryReply::new(entries.into_iter().map(|entry| message(entry, output)).collect())
}

/// Does the cell lie in `start..stop`?
fn in_range(entry: &Entry, start: i32, stop: i32) -> bool {
    let number = i64::from(entry.number);
    number >= i64::from(start) && number < i64::from(stop)
}

fn last(mut entries: Vec<&Entry>, count: i32) -> Vec<&Entry> {
    let count = usize::try_from(count).unwrap_or(0);
    entries.split_off(entries.len().saturating_sub(count))
}

/// Of equal texts, keeps the one that was run last.
fn keep_latest(entries: &mut Vec<&Entry>) {
    let mut seen = BTreeSet::new();
    entries.reverse();
    entries.retain(|entry| seen.insert(entry.input.as_str()));
    entries.reverse();
}

fn message(entry: &Entry, output: bool) -> HistoryEntry {
    let number = entry.number as usize;
    if output {
        HistoryEntry::InputOutput(PRESENT, number, (entry.input.clone(), entry.output.clone()))
    } else {
        HistoryEntry::Input(PRESENT, number, entry.input.clone())
    }
}

/// Does the text match a pattern in which `*` stands for anything and `?` for one byte?
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // The place after the last star, and the text it has taken: where to go on when what follows does not fit.
    let (mut at, mut read, mut retry) = (0, 0, None);
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                retry = Some((at, read));
            }
            Some(&wanted) if wanted == b'?' || wanted == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match retry {
                Some((after, taken)) => {
                    (at, read) = (after, taken + 1);
                    retry = Some((after, read));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*.sum()*", "x.sum().compute()", true),
            ("*ab", "aab", true),
            ("let", "let x", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    fn check(request: HistoryRequest, expected: &[u32]) {
        let mut session = Session::default();
        for input in ["let a = 1;", "a", "a + 1", "a"] {
            session.record(input);
        }
        let found: Vec<u32> = answer(&session, &request)
            .history
            .iter()
            .map(|entry| match entry {
                HistoryEntry::Input(_, number, _) | HistoryEntry::InputOutput(_, number, _) => *number as u32,
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_range_excludes_its_end() {
        check(HistoryRequest::Range { session: Some(0), start: 2, stop: 4, output: false, raw: true }, &[2, 3]);
        check(HistoryRequest::Range { session: Some(-1), start: 2, stop: 4, output: false, raw: true }, &[]);
    }

    #[test]
    fn the_tail_is_the_latest() {
        check(HistoryRequest::Tail { n: 2, output: true, raw: true }, &[3, 4]);
        check(HistoryRequest::Tail { n: 9, output: true, raw: true }, &[1, 2, 3, 4]);
    }

    #[test]
    fn a_search_can_leave_out_repetitions() {
        let search = |unique| HistoryRequest::Search { pattern: "a*".into(), unique, output: false, raw: true, n: 10 };
        check(search(false), &[2, 3, 4]);
        check(search(true), &[3, 4]);
    }
}

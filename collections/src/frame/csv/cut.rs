//! Where lines of CSV end. A field in quotes may contain line ends, so whether a byte lies inside quotes
//! depends on all quotes before it: what a block needs to know from its predecessors is one bit, whether
//! their number is odd. (A doubled quote inside quotes leaves and enters again, which changes nothing.)

use memchr::{memchr, memchr_iter, memchr2_iter};

/// Whether `bytes` holds an odd number of quotes.
pub(super) fn flips(quote: Option<u8>, bytes: &[u8]) -> bool {
    quote.is_some_and(|quote| memchr_iter(quote, bytes).count() % 2 == 1)
}

/// Behind the first line end that is not inside quotes; `inside` says whether `bytes` begins inside.
pub(super) fn line_end(quote: Option<u8>, bytes: &[u8], inside: bool) -> Option<usize> {
    line_ends(quote, bytes, inside).next()
}

/// Behind each line end that is not inside quotes.
pub(super) fn line_ends(quote: Option<u8>, bytes: &[u8], mut inside: bool) -> impl Iterator<Item = usize> {
    memchr2_iter(quote.unwrap_or(b'\n'), b'\n', bytes).filter_map(move |at| {
        if bytes[at] != b'\n' {
            inside = !inside;
        }
        (bytes[at] == b'\n' && !inside).then_some(at + 1)
    })
}

/// Number of lines in `bytes`, which begins outside quotes; the last may lack its end.
pub(super) fn count(quote: Option<u8>, bytes: &[u8]) -> usize {
    let unquoted = quote.is_none_or(|quote| memchr(quote, bytes).is_none());
    let ends = if unquoted { memchr_iter(b'\n', bytes).count() } else { line_ends(quote, bytes, false).count() };
    ends + usize::from(bytes.last().is_some_and(|last| *last != b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTE: Option<u8> = Some(b'"');

    #[test]
    fn a_line_end_inside_quotes_ends_no_line() {
        let text = b"a,\"b\nc\"\nd,\"e \"\"f\"\"\ng\"\nh";
        assert_eq!(line_ends(QUOTE, text, false).collect::<Vec<_>>(), [8, 22]);
        assert_eq!(line_ends(None, text, false).count(), 4);
        assert_eq!(count(QUOTE, text), 3);
    }

    #[test]
    fn the_state_at_a_cut_decides_which_line_end_counts() {
        let text = b"b\nc\"\nd\n";
        assert_eq!(line_end(QUOTE, text, true), Some(5));
        assert_eq!(line_end(QUOTE, text, false), Some(2));
    }

    #[test]
    fn an_empty_text_has_no_line() {
        assert_eq!((count(QUOTE, b""), count(QUOTE, b"\n"), count(QUOTE, b"a")), (0, 1, 1));
    }
}

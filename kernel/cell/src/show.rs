//! Shows the last expression of a cell. A type that knows how to show itself has an inherent method
//! `evcxr_display` (as plotting crates do); a long vector is shown by its length and both ends, every other value by
//! its `Debug` text.

use std::any::type_name;
use std::fmt::{self, Debug, Write};

use crate::channel;

/// More of a text is cut.
const MOST_CHARACTERS: usize = 10_000;
/// Longer vectors are shown in part: so many items from the beginning, and from the end.
const LONG: usize = 100;
const FIRST: usize = 40;
const LAST: usize = 10;
/// Items share a line up to this width, and one alone is cut.
const LINE: usize = 100;
const MOST_OF_ITEM: usize = 200;

/// Shows the value of an expression: its own `evcxr_display` where it has one, else its `Debug` text.
#[macro_export]
macro_rules! show {
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::{Fallback as _, Items as _};
        (&$value).evcxr_display()
    }};
}

/// Found by method lookup only where a type has no method `evcxr_display` of its own.
pub trait Items {
    /// Sends the `Debug` text, of a long vector that of its ends.
    fn evcxr_display(&self);
}

impl<T: Debug> Items for Vec<T> {
    fn evcxr_display(&self) {
        if self.len() > LONG {
            send(&ends(self.len(), &|index| &self[index]))
        } else {
            send(&debug(self, MOST_CHARACTERS))
        }
    }
}

/// Found by method lookup where there is nothing better: a reference further away than [`Items`].
pub trait Fallback {
    /// Sends the `Debug` text.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> Fallback for &T {
    fn evcxr_display(&self) {
        if type_name::<T>() != "()" {
            send(&debug(self, MOST_CHARACTERS));
        }
    }
}

fn send(text: &str) {
    channel::request(&[("type", "execute_result"), ("text", text)]);
}

/// The `Debug` text, cut where it is longer than `most` characters.
fn debug(value: &dyn Debug, most: usize) -> String {
    let mut text = Bounded { text: String::new(), left: most };
    // The only error is the one that `Bounded` returns when it is full.
    if write!(text, "{value:?}").is_err() {
        text.text.push_str(&format!(" … (cut after {most} characters)"));
    }
    text.text
}

/// The first and last of `length` items, in lines.
fn ends<'a>(length: usize, item: &dyn Fn(usize) -> &'a dyn Debug) -> String {
    let mut text = format!("{length} items\n[");
    let mut width = 1;
    for index in (0..FIRST).chain(length - LAST..length) {
        let spelt = debug(item(index), MOST_OF_ITEM) + if index + 1 == length { "]" } else { "," };
        if index == length - LAST {
            text.push_str(if width > 1 { "\n …\n " } else { "…\n " });
            width = 1;
        } else if width > 1 && width + spelt.chars().count() >= LINE {
            text.push_str("\n ");
            width = 1;
        } else if width > 1 {
            text.push(' ');
        }
        width += spelt.chars().count() + 1;
        text.push_str(&spelt);
    }
    text
}

/// Text that refuses to grow past a limit, so that a vector of a million elements is not formatted whole.
struct Bounded {
    text: String,
    left: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for c in s.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_vector_is_shown_by_its_ends() {
        let squares: Vec<u64> = (0..1000).map(|n| n * n).collect();
        let text = ends(squares.len(), &|index| &squares[index]);
        assert!(text.starts_with("1000 items\n[0, 1, 4, 9,"), "{text}");
        assert!(text.contains(" 1521,\n …\n 980100,") && text.ends_with(" 998001]"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= LINE + 1), "{text}");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(debug(&"abcdef", 4), "\"abc … (cut after 4 characters)");
        let texts = vec!["x".repeat(5_000); 200];
        assert!(ends(texts.len(), &|index| &texts[index]).len() < 13_000);
    }

    struct Own;

    impl Own {
        fn evcxr_display(&self) -> &'static str {
            "its own"
        }
    }

    #[test]
    fn a_type_that_shows_itself_does() {
        assert_eq!(show!(Own), "its own");
        let () = show!(vec![1]);
        let () = show!("text");
        let () = show!([1, 2][..]);
    }
}

//! Shows the last expression of a cell. A type that knows how to show itself has an inherent method
//! `evcxr_display` (as plotting crates do); every other type is shown by its `Debug` text.

use std::fmt::{self, Debug, Write};

use crate::channel;

/// Shows the value of an expression: its own `evcxr_display` where it has one, else its `Debug` text.
#[macro_export]
macro_rules! show {
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::Fallback as _;
        ($value).evcxr_display()
    }};
}

/// Found by method lookup only where a type has no method `evcxr_display` of its own.
pub trait Fallback {
    /// Sends the `Debug` text, cut after 10 000 characters.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> Fallback for T {
    fn evcxr_display(&self) {
        if std::any::type_name::<T>() != "()" {
            show_debug(&self);
        }
    }
}

fn show_debug(value: &dyn Debug) {
    let mut text = Bounded { text: String::new(), left: 10_000 };
    // The only error is the one that `Bounded` returns when it is full.
    if write!(text, "{value:?}").is_err() {
        text.text.push_str(" … (cut after 10000 characters)");
    }
    channel::request(&[("type", "execute_result"), ("text", &text.text)]);
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

//! Writes SVG and HTML: an element closes when it is dropped, what it says is escaped, and numbers are
//! rounded, each in this one place. (A design learnt from typst's SVG writer.) Imports: nothing.

use std::fmt::Write;

/// An element being written; its end tag is written when it is dropped.
pub(super) struct Element<'a> {
    out: &'a mut String,
    name: &'static str,
    open: bool,
}

/// Elements that never have content, written `<img/>`.
const EMPTY: [&str; 8] = ["br", "circle", "img", "line", "meta", "path", "polygon", "rect"];

impl<'a> Element<'a> {
    /// Begins an element at the end of `out`.
    pub(super) fn new(out: &'a mut String, name: &'static str) -> Self {
        out.push('<');
        out.push_str(name);
        Element { out, name, open: true }
    }

    /// An attribute; must come before any content.
    pub(super) fn with(self, name: &str, value: impl Attribute) -> Self {
        debug_assert!(self.open, "attributes come before content");
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        value.write(self.out);
        self.out.push('"');
        self
    }

    /// An element inside.
    pub(super) fn child(&mut self, name: &'static str) -> Element<'_> {
        self.end_tag();
        Element::new(self.out, name)
    }

    /// Escaped text inside.
    pub(super) fn text(&mut self, text: &str) {
        self.end_tag();
        escape(text, self.out);
    }

    /// Finished markup inside, made by another writer of this kind.
    pub(super) fn markup(&mut self, markup: &str) {
        self.end_tag();
        self.out.push_str(markup);
    }

    fn end_tag(&mut self) {
        if std::mem::take(&mut self.open) {
            self.out.push('>');
        }
    }
}

impl Drop for Element<'_> {
    fn drop(&mut self) {
        if self.open && EMPTY.contains(&self.name) {
            self.out.push_str("/>");
        } else {
            self.end_tag();
            self.out.push_str("</");
            self.out.push_str(self.name);
            self.out.push('>');
        }
    }
}

/// What an attribute can say.
pub(super) trait Attribute {
    fn write(&self, out: &mut String);
}

impl Attribute for str {
    fn write(&self, out: &mut String) {
        escape(self, out);
    }
}

impl Attribute for String {
    fn write(&self, out: &mut String) {
        escape(self, out);
    }
}

impl Attribute for f64 {
    fn write(&self, out: &mut String) {
        number(*self, out);
    }
}

impl Attribute for usize {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl<A: Attribute + ?Sized> Attribute for &A {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}

/// A number rounded to a tenth, without a trailing zero.
pub(super) fn number(value: f64, out: &mut String) {
    let rounded = (value * 10.0).round() / 10.0;
    // Writing to a String cannot fail; adding zero turns -0 into 0.
    let _ = write!(out, "{}", rounded + 0.0);
}

/// Text that means itself in markup. What XML cannot hold becomes the replacement character.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            '\0'..' ' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_close_in_order_and_escape_what_they_say() {
        let mut out = String::new();
        let mut figure = Element::new(&mut out, "div").with("title", "\"it's\" <b> & 🦀");
        figure.child("rect").with("x", 1.0 / 3.0).with("y", -0.01).with("n", 7_usize);
        figure.child("p").text("<script>alert(1)</script>\0");
        drop(figure);
        assert_eq!(
            out,
            "<div title=\"&quot;it&#39;s&quot; &lt;b&gt; &amp; 🦀\"><rect x=\"0.3\" y=\"0\" n=\"7\"/>\
             <p>&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}</p></div>"
        );
    }

    #[test]
    fn an_element_that_may_have_content_gets_an_end_tag() {
        let mut out = String::new();
        drop(Element::new(&mut out, "td"));
        assert_eq!(out, "<td></td>");
    }
}

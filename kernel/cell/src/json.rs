//! The little JSON a cell writes: objects of strings. (serde would cost every cell 40 ms of metadata.)

use std::fmt::Write;

/// `{"name":"value",...}`
pub(crate) fn object(fields: &[(&str, &str)]) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        string(&mut text, name);
        text.push(':');
        string(&mut text, value);
    }
    text.push('}');
    text
}

fn string(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            c if (c as u32) < 0x20 => {
                write!(text, "\\u{:04x}", c as u32).expect("writing to a String cannot fail");
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// The string value of field `name` in a flat JSON object that the kernel wrote.
pub(crate) fn field(object: &str, name: &str) -> Option<String> {
    let start = object.find(&format!("\"{name}\":\""))? + name.len() + 4;
    let mut value = String::new();
    let mut chars = object[start..].chars();
    loop {
        match chars.next()? {
            '"' => return Some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                'b' => value.push('\u{8}'),
                'f' => value.push('\u{c}'),
                'u' => {
                    let unit = u32::from_str_radix(&chars.by_ref().take(4).collect::<String>(), 16).ok()?;
                    value.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let odd = "a \"quoted\" \\ line\nand \u{1} snow ❄";
        assert_eq!(field(&object(&[("type", "x"), ("text", odd)]), "text").as_deref(), Some(odd));
    }
}

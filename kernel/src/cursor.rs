//! A place in a cell's text: characters in messages, bytes inside. Imports nothing in-house; pure.

/// The byte offset of a character; the end of the text if it lies behind.
pub(crate) fn to_byte(code: &str, character: usize) -> usize {
    code.char_indices().nth(character).map_or(code.len(), |(byte, _)| byte)
}

/// How many characters stand before a byte offset.
pub(crate) fn to_character(code: &str, byte: usize) -> usize {
    code[..code.floor_char_boundary(byte)].chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_bytes_convert_both_ways() {
        let code = "\u{3c0} = \u{1f980}.len";
        for (character, byte) in [(0, 0), (1, 2), (4, 5), (5, 9), (9, 13)] {
            assert_eq!(to_byte(code, character), byte);
            assert_eq!(to_character(code, byte), character);
        }
    }

    #[test]
    fn what_lies_behind_the_text_is_its_end() {
        assert_eq!(to_byte("ab", 7), 2);
        assert_eq!(to_character("ab", 7), 2);
    }
}

//! Could this be run, or is the user still typing? Imports nothing in-house; pure.
//!
//! Syntax alone decides, so the interpreter is not asked and the answer comes while a cell runs.

use jupyter_protocol::IsCompleteReply;
use ra_ap_syntax::{AstNode, Edition, NodeOrToken, Parse, SourceFile, SyntaxKind, TextSize};

/// What a cell is wrapped in to be parsed: statements and items, as in a function.
const BEFORE: &str = "fn cell() {\n";
const AFTER: &str = "\n}";

/// One level of indentation.
const INDENT: &str = "    ";

/// Judges a cell: incomplete if a delimiter, a string or a comment is open, or if all that is wrong with it is its end.
pub(crate) fn answer(code: &str) -> IsCompleteReply {
    let code = without_commands(code);
    let bare = SourceFile::parse(code, Edition::CURRENT);
    if breaks_off_inside_token(&bare) {
        return IsCompleteReply::incomplete(String::new());
    }
    let Some(depth) = open_delimiters(&bare) else {
        return IsCompleteReply::invalid();
    };
    if depth > 0 {
        return IsCompleteReply::incomplete(INDENT.repeat(depth));
    }
    judge_statements(code)
}

/// The text from its first code on: lines before it are for the kernel (`:dep rand`) or for the shell (`!ls`), not for the compiler.
fn without_commands(code: &str) -> &str {
    const BEFORE_CODE: &str = ":time ";
    let is_before = |line: &&str| {
        let text = line.trim_start();
        let is_command = text.starts_with([':', '%']) && !text.starts_with(BEFORE_CODE);
        is_command || text.is_empty() || line.starts_with('!') || line.starts_with("//")
    };
    let before: usize = code.split_inclusive('\n').take_while(is_before).map(str::len).sum();
    let code = &code[before..];
    code.trim_start().strip_prefix(BEFORE_CODE).unwrap_or(code)
}

/// Is the last token a string or a comment that is not closed?
fn breaks_off_inside_token(parse: &Parse<SourceFile>) -> bool {
    let Some(last) = parse.tree().syntax().last_token() else { return false };
    let can_be_open = matches!(
        last.kind(),
        SyntaxKind::STRING | SyntaxKind::BYTE_STRING | SyntaxKind::C_STRING | SyntaxKind::COMMENT
    );
    can_be_open
        && parse.errors().iter().any(|error| {
            // The lexer's words for a literal or comment without its end.
            let text = error.to_string();
            last.text_range().contains_inclusive(error.range().start())
                && (text.contains("Missing trailing") || text.contains("Invalid raw string"))
        })
}

/// How many delimiters are open at the end; nothing if one is closed that was not open.
fn open_delimiters(parse: &Parse<SourceFile>) -> Option<usize> {
    let mut open = Vec::new();
    let tokens = parse.tree().syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    for kind in tokens.map(|token| token.kind()) {
        match kind {
            SyntaxKind::L_PAREN => open.push(SyntaxKind::R_PAREN),
            SyntaxKind::L_BRACK => open.push(SyntaxKind::R_BRACK),
            SyntaxKind::L_CURLY => open.push(SyntaxKind::R_CURLY),
            _ => {}
        }
        let closes = matches!(kind, SyntaxKind::R_PAREN | SyntaxKind::R_BRACK | SyntaxKind::R_CURLY);
        if closes && open.pop() != Some(kind) {
            return None;
        }
    }
    Some(open.len())
}

/// Judges code whose delimiters match.
fn judge_statements(code: &str) -> IsCompleteReply {
    let code = code.trim_end();
    let parse = SourceFile::parse(&format!("{BEFORE}{code}{AFTER}"), Edition::CURRENT);
    let end = TextSize::of(BEFORE) + TextSize::of(code);
    let errors = parse.errors();
    if errors.is_empty() {
        IsCompleteReply::complete()
    } else if errors.iter().all(|error| error.range().start() >= end) {
        IsCompleteReply::incomplete(String::new())
    } else {
        IsCompleteReply::invalid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::IsCompleteReplyStatus::{self, Complete, Incomplete, Invalid};

    fn check(code: &str, status: IsCompleteReplyStatus, indent: &str) {
        let answer = answer(code);
        assert_eq!((answer.status, answer.indent.as_str()), (status, indent), "{code:?}");
    }

    #[test]
    fn statements_items_and_expressions_are_complete() {
        for code in ["", "1 + 1", "let x = 1;", "fn f() -> i32 { 1 }", "let x = vec![1];\nx.len()", "x?", "// done"] {
            check(code, Complete, "");
        }
        check(":dep rand = \"0.9\"\nlet x = 1;", Complete, "");
        check(":dep rand = { version = \"0.9\" }\n!echo '(' | wc\nlet x = 1;", Complete, "");
        check("!echo \"it is", Complete, "");
        check("!ls\nlet x = (", Incomplete, "    ");
        check(":time let x = (", Incomplete, "    ");
        check(":time\nlet x = 1;", Complete, "");
    }

    #[test]
    fn open_delimiters_ask_for_more_and_indent() {
        check("fn f() {", Incomplete, "    ");
        check("let x = vec![\n1,", Incomplete, "    ");
        check("for i in 0..3 { f(", Incomplete, "        ");
    }

    #[test]
    fn open_strings_and_comments_ask_for_more() {
        for code in ["let s = \"abc", "let s = r#\"abc\"", "/* abc", "let s = b\"abc"] {
            check(code, Incomplete, "");
        }
        check("let s = \"(\";", Complete, "");
        check("// (", Complete, "");
    }

    #[test]
    fn code_that_only_lacks_its_end_asks_for_more() {
        for code in ["let x =", "x.", "1 +", "fn f()"] {
            check(code, Incomplete, "");
        }
    }

    #[test]
    fn what_no_further_line_can_mend_is_invalid() {
        for code in ["fn f() )", "let x = ];", "let let = 1;"] {
            check(code, Invalid, "");
        }
    }
}

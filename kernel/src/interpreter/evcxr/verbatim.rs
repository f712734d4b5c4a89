//! evcxr's own file, compiled only for its errors: it understands those of its own layout. Every line keeps its number.
//! Imports: ledger, superseded.

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile};

use super::ledger::Page;
use super::superseded::without_superseded;

/// What the user's statements need to be correct, on the line before their function: that a value can be shown, by our own
/// call and not by this one, and that `?` may take any error that can be displayed.
const HELPERS: &str = "trait EvcxrShown { fn evcxr_shown(&self) {} } \
    impl<T: ?::std::marker::Sized> EvcxrShown for T {} \
    struct EvcxrRefused; impl<T: ::std::fmt::Display> ::std::convert::From<T> for EvcxrRefused { \
    fn from(_: T) -> Self { loop {} } } ";

/// What evcxr does where the user's statements panic.
const CAUGHT: &str = "    println!(\"EVCXR_PANIC_NOTIFICATION\");\n";

/// What of `source`, written for the cell of `page`, the compiler is asked about.
pub fn for_errors(source: &str, page: &Page, wants_library: bool) -> String {
    const FUNCTION: &str = "#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code_";
    let mut source = with_macros_first(&without_superseded(source, page));
    if let Some(at) = source.find(FUNCTION) {
        let (items, function) = source.split_at(at);
        let function = function.replace("\n).evcxr_display();", "\n).evcxr_shown();");
        // The user may have another `Ok`.
        let function = function.replace(
            &format!("\n  Ok(_) => {{}}\n  Err(_) => {{\n{CAUGHT}"),
            &format!("\n  _ if true => {{}}\n  _ => {{\n{CAUGHT}"),
        );
        source = format!("{}{HELPERS}{}", without_runtime(items), with_question_marks(&function));
    }
    if wants_library { source } else { source.replace("use lazuli::prelude::*;", "") }
}

/// A macro is known only after its definition, and evcxr has no order among items. So that a use before it is no error,
/// the lines of the file's attributes, which nobody is shown, get a copy of each macro.
fn with_macros_first(source: &str) -> String {
    let file = SourceFile::parse(source, Edition::Edition2024);
    let macros = file.tree().syntax().children().filter_map(ast::MacroRules::cast);
    let copies: Vec<String> = macros.map(|found| in_one_line(&found)).filter(|text| !text.contains('\n')).collect();
    let attributes = source.split_inclusive('\n').take_while(|line| line.starts_with("#![")).map(str::len).sum();
    let (attributes, rest) = source.split_at(attributes);
    match attributes.strip_suffix('\n') {
        Some(attributes) => format!("{attributes} {}\n{rest}", copies.join(" ")),
        None => source.to_owned(),
    }
}

/// Without attributes, comments and line ends; only a text that the macro quotes may have some.
fn in_one_line(found: &ast::MacroRules) -> String {
    let tokens = found.syntax().descendants_with_tokens().filter_map(|element| element.into_token());
    let tokens = tokens.skip_while(|token| token.text() != "macro_rules");
    tokens.map(|token| if token.kind().is_trivia() { " ".to_owned() } else { token.text().to_owned() }).collect()
}

/// With `?` allowed in the user's statements, which evcxr does once it has seen one refused: it need not compile them twice.
fn with_question_marks(function: &str) -> String {
    let mut lines: Vec<String> = function.split('\n').map(str::to_owned).collect();
    let first = |ends: &[&str]| lines.iter().position(|line| ends.iter().any(|end| line.ends_with(end)));
    let last = |begins: &[&str]| lines.iter().rposition(|line| begins.iter().any(|begin| line.starts_with(begin)));
    // Where it wants to hear of errors only, evcxr catches no panics, and the statements follow what takes the variables.
    let (begin, end) = if function.contains(CAUGHT) {
        (first(&["catch_unwind(||{", "AssertUnwindSafe(||{"]), last(&["})) {", "}).is_err() {"]))
    } else {
        let checked = first(&["return evcxr_variable_store;}}"]).or_else(|| first(&["-> *mut u8 {"]));
        let is_taken = |line: &&String| line.contains(" = evcxr_variable_store.take_variable::<");
        let taken = |checked: usize| checked + lines[checked + 1..].iter().take_while(is_taken).count();
        (checked.map(taken), lines.iter().rposition(|line| line == "evcxr_variable_store"))
    };
    let is_refused = function.contains('?') && !function.contains("EvcxrUserCodeError> {");
    let (Some(begin), Some(end), true) = (begin, end, is_refused) else { return function.to_owned() };
    lines[begin].push_str(" let _ = (|| -> ::std::result::Result<(), EvcxrRefused> {");
    lines[end].insert_str(0, "::std::result::Result::Ok(()) })(); ");
    lines.join("\n")
}

/// With the runtime module replaced by what its callers need to be correct.
fn without_runtime(items: &str) -> String {
    const BEGIN: &str = "mod evcxr_internal_runtime {\n";
    let Some((before, runtime)) = items.split_once(BEGIN) else { return items.to_owned() };
    let stand_in = "mod evcxr_internal_runtime { \
        pub struct VariableStore; \
        pub const USER_ERROR_OCCURRED: &str = \"\"; \
        impl VariableStore { \
            pub fn put_variable<T: 'static>(&mut self, _: &str, _: T) {} \
            pub fn check_variable<T: 'static>(&mut self, _: &str) -> bool { true } \
            pub fn take_variable<T: 'static>(&mut self, _: &str) -> T { loop {} } \
        } \
        pub fn create_variable_store() -> *mut VariableStore { ::std::ptr::null_mut() } }";
    format!("{before}{stand_in}{}", "\n".repeat(1 + runtime.matches('\n').count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "fn run_user_code_1(\nevcxr_variable_store: *mut u8) -> *mut u8 {\n";
    const CHECK: &str = "if !vars_ok {return evcxr_variable_store;}}\n";
    const TAKE: &str = "let mut a = evcxr_variable_store.take_variable::<u8>(stringify!(a));\n";
    const TAIL: &str = "evcxr_variable_store\n}";
    const OURS: &str = " let _ = (|| -> ::std::result::Result<(), EvcxrRefused> {\n";

    #[test]
    fn question_marks_are_allowed_in_statements_and_lines_keep_their_numbers() {
        let caught = "let r = std::panic::catch_unwind(||{\n1\n});\nif std::panic::catch_unwind(|| {\nx()\n}).is_err() {\n}\nx()?;\n";
        for user in ["x()?;\n", caught, "let f = || -> *mut u8 {\nx()?\n};\n"] {
            for (before, after) in [
                (format!("{HEAD}if std::panic::catch_unwind(||{{\n"), format!("}}).is_err() {{\n{CAUGHT}}}\n{TAIL}")),
                (
                    format!("{CHECK}{TAKE}  std::panic::AssertUnwindSafe(||{{\n"),
                    format!("}})) {{ \n{CAUGHT}}}}}\n{TAIL}"),
                ),
                (HEAD.to_owned(), TAIL.to_owned()),
                (format!("{HEAD}{CHECK}{TAKE}{TAKE}"), TAIL.to_owned()),
            ] {
                let (line, end) = (before.trim_end_matches('\n'), "::std::result::Result::Ok(()) })(); ");
                assert_eq!(
                    with_question_marks(&format!("{before}{user}{after}")),
                    format!("{line}{OURS}{user}{end}{after}")
                );
            }
        }
        for text in [
            format!("{HEAD}x();\n{TAIL}"),
            format!("{HEAD}let _ = (|| -> Result<(), EvcxrUserCodeError> {{\nx()?;\n{TAIL}"),
        ] {
            assert_eq!(with_question_marks(&text), text);
        }
    }

    #[test]
    fn macros_are_known_before_their_first_use_and_lines_keep_their_numbers() {
        let source = "#![allow(unused)]\nfn f() { m!() }\n// m\nmacro_rules! m {\n    () => { 1 }; // one\n}\n";
        let text = with_macros_first(source);
        assert!(text.starts_with("#![allow(unused)] macro_rules! m { () => { 1 };   }\nfn f()"), "{text}");
        assert!(text.ends_with(source.split_once('\n').unwrap().1));
    }
}

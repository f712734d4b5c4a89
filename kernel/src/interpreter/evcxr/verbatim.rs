//! evcxr's own file, compiled only for its errors: it understands those of its own layout. Every line keeps its number.
//! Imports: ledger, superseded.

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile};

use super::ledger::Page;
use super::superseded::without_superseded;

/// What the user's statements need to be correct, on the line before their function: that a value can be shown, by our own
/// call and not by this one, and that `?` may take any error that can be displayed.
const HELPERS: &str = "trait EvcxrShown { fn evcxr_shown(&self) {} } impl<T: ?Sized> EvcxrShown for T {} \
    struct EvcxrRefused; impl<T: ::std::fmt::Display> From<T> for EvcxrRefused { fn from(_: T) -> Self { loop {} } } ";

/// What of `source`, written for the cell of `page`, the compiler is asked about.
pub fn for_errors(source: &str, page: &Page, wants_library: bool) -> String {
    const FUNCTION: &str = "#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code_";
    let source = with_macros_first(&without_superseded(source, page));
    let source = match source.split_at_checked(source.find(FUNCTION).unwrap_or(0)) {
        Some((items, function)) if !items.is_empty() => {
            let function = function.replace(").evcxr_display();", ").evcxr_shown();");
            format!("{}{HELPERS}{}", without_runtime(items), with_question_marks(&function))
        }
        _ => source,
    };
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
    // Where it only wants to hear errors, it catches no panics, and the statements stand between what moves the variables.
    let is_before = |line: &String| {
        ["-> *mut u8 {", "return evcxr_variable_store;}}"].iter().any(|end| line.ends_with(end))
            || line.contains(" = evcxr_variable_store.take_variable::<")
    };
    let begins =
        |line: &String| line.ends_with("std::panic::AssertUnwindSafe(||{") || line.ends_with("catch_unwind(||{");
    let ends = |line: &String| line.starts_with("})) {") || line.starts_with("}).is_err() {");
    let begin = lines.iter().position(begins).or_else(|| lines.iter().rposition(is_before));
    let end = lines.iter().rposition(ends).or_else(|| lines.iter().rposition(|line| line == "evcxr_variable_store"));
    match (begin, end) {
        (Some(begin), Some(end)) if begin < end && !function.contains("EvcxrUserCodeError> {") => {
            lines[begin].push_str(" let _ = (|| -> ::std::result::Result<(), EvcxrRefused> {");
            lines[end].insert_str(0, "Ok(()) })(); ");
            lines.join("\n")
        }
        _ => function.to_owned(),
    }
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

    #[test]
    fn question_marks_are_allowed_in_statements_and_lines_keep_their_numbers() {
        let catching =
            "fn f(\n) -> *mut u8 {\nif std::panic::catch_unwind(||{\nx()?;\n}).is_err() {\n}\nevcxr_variable_store\n}";
        let bare = "fn f(\n) -> *mut u8 {\nx()?;\nevcxr_variable_store\n}";
        let loading = "if !vars_ok {return evcxr_variable_store;}}\nlet mut a = evcxr_variable_store.take_variable::<u8>(stringify!(a));\n\
            x()?;\nevcxr_variable_store\n}";
        for function in [catching, bare, loading] {
            let text = with_question_marks(function);
            let (before, after) = text.split_once("x()?;").unwrap();
            assert!(before.ends_with("-> ::std::result::Result<(), EvcxrRefused> {\n"), "{text}");
            assert!(after.starts_with("\nOk(()) })(); "), "{text}");
            assert_eq!(before.matches('\n').count(), function.split_once("x()?;").unwrap().0.matches('\n').count());
            assert_eq!(text.matches('\n').count(), function.matches('\n').count());
            assert_eq!(
                with_question_marks(&function.replace("x()", "let _ = (|| -> Result<(), EvcxrUserCodeError> {")),
                function.replace("x()", "let _ = (|| -> Result<(), EvcxrUserCodeError> {")
            );
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

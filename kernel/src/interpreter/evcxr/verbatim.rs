//! evcxr's own file, compiled only for its errors: it understands those of its own layout. Every line keeps its number.
//! Imports: ledger, superseded.

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile};

use super::ledger::Page;
use super::superseded::without_superseded;

/// What of `source`, written for the cell of `page`, the compiler is asked about.
pub fn for_errors(source: &str, page: &Page, wants_library: bool) -> String {
    let source = with_macros_first(&without_superseded(source, page));
    // What we show, we show by our own call: the last expression only has to be correct here.
    let source = without_runtime(&source.replace(").evcxr_display();", ");"));
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

/// With the runtime module replaced by what its callers need to be correct.
fn without_runtime(source: &str) -> String {
    const BEGIN: &str = "mod evcxr_internal_runtime {\n";
    let Some(begin) = source.find(BEGIN) else { return source.to_owned() };
    let Some(length) = source[begin..].find("#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code_") else {
        return source.to_owned();
    };
    let lines = source[begin..begin + length].matches('\n').count();
    let stand_in = "mod evcxr_internal_runtime { \
        pub struct VariableStore; \
        pub const USER_ERROR_OCCURRED: &str = \"\"; \
        impl VariableStore { \
            pub fn put_variable<T: 'static>(&mut self, _: &str, _: T) {} \
            pub fn check_variable<T: 'static>(&mut self, _: &str) -> bool { true } \
            pub fn take_variable<T: 'static>(&mut self, _: &str) -> T { loop {} } \
        } \
        pub fn create_variable_store() -> *mut VariableStore { ::std::ptr::null_mut() } }";
    format!("{}{stand_in}{}{}", &source[..begin], "\n".repeat(lines), &source[begin + length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_known_before_their_first_use_and_lines_keep_their_numbers() {
        let source = "#![allow(unused)]\nfn f() { m!() }\n// m\nmacro_rules! m {\n    () => { 1 }; // one\n}\n";
        let text = with_macros_first(source);
        assert!(text.starts_with("#![allow(unused)] macro_rules! m { () => { 1 };   }\nfn f()"), "{text}");
        assert!(text.ends_with(source.split_once('\n').unwrap().1));
    }
}

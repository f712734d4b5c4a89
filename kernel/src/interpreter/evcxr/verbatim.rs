//! evcxr's own file, compiled only for its errors: it understands those of its own layout. Every line keeps its number.
//! Imports nothing in-house.

/// What of `source` the compiler is asked about.
pub fn for_errors(source: &str, wants_library: bool) -> String {
    // What we show, we show by our own call: the last expression only has to be correct here.
    let source = without_runtime(&source.replace(").evcxr_display();", ");"));
    if wants_library { source } else { source.replace("use lazuli::prelude::*;", "") }
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

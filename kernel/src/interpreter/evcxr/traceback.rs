//! Compile errors, panics, failing `?`s and lost processes, as the notebook shows them: the user's own
//! line first, nothing of the code around it.

use std::collections::BTreeSet;

use evcxr::CompilationError;
use serde_json::Value;

use super::commands::{Wrong, rust_of};
use super::ledger::{Item, Ledger, Parts, UNKEPT, fault, names};
use super::output::CellError;
use crate::interpreter::Failure;

const RED: &str = "\u{1b}[1;31m";
const BLUE: &str = "\u{1b}[1;34m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// The compiler's errors about a cell.
pub fn of_compiler(errors: &[CompilationError], cell: u32, ledger: &Ledger) -> Failure {
    let mut traceback = Vec::new();
    for error in errors {
        let code = error.code().map(|code| format!("[{code}]")).unwrap_or_default();
        traceback.push(format!("{RED}error{code}{PLAIN}{BOLD}: {}{PLAIN}", error.message()));
        let mut primary: Vec<_> = error.spanned_messages().iter().collect();
        primary.sort_by_key(|message| !message.is_primary);
        for message in primary {
            let Some(span) = message.span else { continue };
            let line = text_of(ledger, cell, span.start_line);
            traceback.push(excerpt(&this(cell), span.start_line, line));
            let end = if span.end_line == span.start_line { span.end_column } else { line.chars().count() + 1 };
            let width = end.saturating_sub(span.start_column).max(1);
            let margin = " ".repeat(digits(span.start_line) + 3 + span.start_column - 1);
            // A span without a label of its own repeats the message.
            let label = if message.label == format!("error: {}", error.message()) { "" } else { &*message.label };
            traceback.push(format!("{margin}{RED}{} {label}", "^".repeat(width)).trim_end().to_owned() + PLAIN);
        }
        // Lists of all types that implement a trait help nobody.
        let helps = error.help().into_iter().filter(|help| !help.starts_with("the following other types"));
        traceback.extend(helps.map(|help| format!("{BLUE}help{PLAIN}: {}", one_line(&help))));
        traceback.extend(notes(&error.json).map(|note| format!("{BLUE}note{PLAIN}: {note}")));
        traceback.extend(advice(&error.message()).map(|help| format!("{BLUE}help{PLAIN}: {help}")));
        let mut lines = error.spanned_messages().iter().filter_map(|message| Some(message.span?.start_line));
        let rust = ledger.text_of(cell).map(rust_of).unwrap_or_default();
        let is_like_command =
            |line: usize| rust.lines().nth(line - 1).is_some_and(|text| text.starts_with(['!', ':', '%']));
        // evcxr's own complaints of commands have nothing of the compiler's.
        if error.json.is_object() && lines.any(is_like_command) {
            traceback.push(format!("{BLUE}help{PLAIN}: commands (`!ls`, `:vars`) stand before the Rust of a cell"));
        }
        traceback.extend(error.evcxr_extra_hint().map(|hint| format!("{BLUE}help{PLAIN}: {hint}")));
    }
    let is_placed = errors.iter().flat_map(CompilationError::spanned_messages).any(|message| message.span.is_some());
    if !is_placed {
        traceback.extend(place_of_fault(cell, ledger));
        traceback.extend(errors.iter().filter_map(|error| place_of_import(&error.message(), cell, ledger)));
    }
    let first = errors.first().map(|error| error.message()).unwrap_or_default();
    let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
    Failure { name: "CompileError".into(), value: first + &more, traceback }
}

/// The compiler meets the end of a text that breaks off in the code around it, and then has no place in the cell to tell.
fn place_of_fault(cell: u32, ledger: &Ledger) -> Vec<String> {
    let Some((line, why)) = ledger.text_of(cell).and_then(|text| fault(&rust_of(text))) else { return Vec::new() };
    vec![excerpt(&this(cell), line, text_of(ledger, cell, line)), format!("{BLUE}note{PLAIN}: {why}")]
}

/// evcxr takes imports apart before it compiles them: the line of the one that `message` is about, such as "unresolved
/// import `std::collections::Nope`".
fn place_of_import(message: &str, cell: u32, ledger: &Ledger) -> Option<String> {
    let wrong: BTreeSet<&str> = message.split('`').skip(1).step_by(2).flat_map(names).collect();
    let imports = Parts::of(&rust_of(ledger.text_of(cell)?)).items.into_iter().filter(|item| item.is_import);
    let known = |item: &Item| names(&item.text).collect::<BTreeSet<_>>().intersection(&wrong).count();
    let import = imports.max_by_key(known).filter(|item| known(item) > 0)?;
    Some(excerpt(&this(cell), import.line, text_of(ledger, cell, import.line)))
}

/// What a library says about a mistake (`#[diagnostic::on_unimplemented]`), and types that differ: notes that point
/// nowhere, without the compiler's own chains of reasons.
fn notes(diagnostic: &Value) -> impl Iterator<Item = &str> {
    const CHAINS: [&str; 5] =
        ["required ", "this error originates", "the full name", "the full type", "consider using `--verbose`"];
    let children = diagnostic["children"].as_array().into_iter().flatten();
    children
        .filter(|child| child["level"] == "note" && child["spans"].as_array().is_some_and(Vec::is_empty))
        .filter_map(|child| child["message"].as_str())
        .filter(|note| !note.contains("redundant requirement") && !CHAINS.iter().any(|chain| note.starts_with(chain)))
}

/// What was said instead of errors that have a place in the cell, without evcxr's words around it.
pub fn of_build(text: &str) -> Failure {
    let said = text.strip_prefix("Compilation failed, but no parsable errors were found. STDERR:\n");
    let said = said.and_then(|rest| Some(rest.rsplit_once("\nSTDOUT:")?.0)).unwrap_or(text);
    Failure::new("CompileError", said.trim_end())
}

/// A line that is not carried out, or not to its end.
pub fn of_line(name: &str, Wrong { line, text }: Wrong, cell: u32, ledger: &Ledger) -> Failure {
    let traceback = vec![
        format!("{RED}{name}{PLAIN}{BOLD}: {text}{PLAIN}"),
        excerpt(&this(cell), line, text_of(ledger, cell, line)),
    ];
    Failure { name: name.to_owned(), value: text, traceback }
}

/// In plain words, what the compiler says of `&str` where a value must be read back from bytes, as in a bag, and of a type
/// that is not told.
fn advice(message: &str) -> Option<&'static str> {
    if message.contains("Deserialize` is not general enough") {
        return Some("this type borrows from elsewhere; take one that owns what it holds: `String` in place of `&str`");
    }
    // What nothing decides is the type of what never comes.
    message
        .starts_with("the trait bound `!: ")
        .then_some("nothing says which type is meant: write it, as in `let x: i64 = …`")
}

/// A failing `?` or a panic in the running cell.
pub fn of_cell(error: &CellError, cell: u32, ledger: &Ledger) -> Failure {
    let name = if error.error == "panic" { "Panic".to_owned() } else { short_type(&error.error) };
    let mut traceback = vec![format!("{RED}{name}{PLAIN}{BOLD}: {}{PLAIN}", error.text)];
    let statement = error.line.parse().ok().map(|line| excerpt(&this(cell), line, text_of(ledger, cell, line)));
    let place = Place::parse(&error.place);
    match place {
        Some(Place::Cell(number, line)) if number == cell => {
            traceback.push(excerpt(&this(cell), line, text_of(ledger, cell, line)));
        }
        Some(Place::Cell(number, line)) => {
            traceback.push(match number {
                // It may have run before others that are not kept either.
                UNKEPT => excerpt("a cell that is not in the history", line, ""),
                number => excerpt(&this(number), line, text_of(ledger, number, line)),
            });
            if let Some(statement) = statement {
                traceback.extend(["called from".to_owned(), statement]);
            }
        }
        // In a library: the user's own line first.
        other => {
            traceback.extend(statement);
            if let Some(Place::File(place)) = other {
                traceback.push(format!("{BLUE}in{PLAIN} {place}"));
            }
        }
    }
    Failure { name, value: error.text.clone(), traceback }
}

/// The line of cell `cell` where it failed: that of the `?` or panic where it stands in this cell, else of the statement.
pub fn line_in(error: &CellError, cell: u32) -> usize {
    match Place::parse(&error.place) {
        Some(Place::Cell(number, line)) if number == cell => line,
        _ => error.line.parse().unwrap_or(0),
    }
}

/// The process that held the variables is gone.
pub fn of_lost_process(name: &str, why: &str, lost: &[String]) -> Failure {
    let mut traceback = vec![format!("{RED}{name}{PLAIN}{BOLD}: {why}{PLAIN}")];
    traceback.push(match lost {
        [] => "There were no variables to lose.".to_owned(),
        lost => format!(
            "The process that held the variables ended. Lost: {}. Functions and types are kept; run the cells that make the variables again.",
            lost.join(", ")
        ),
    });
    Failure { name: name.to_owned(), value: why.to_owned(), traceback }
}

/// How the process of the cells ended, out of evcxr's words.
pub fn of_end(words: &str) -> String {
    let Some((_, status)) = words.rsplit_once("Subprocess terminated with status: ") else {
        return words.trim().to_owned();
    };
    let status = status.trim();
    if let Some(code) = status.strip_prefix("exit status: ") {
        return format!("the cell ended its process, with exit status {code}");
    }
    let hint = match status {
        _ if status.contains("SIGABRT") => "; it aborted, or its stack overflowed",
        _ if status.contains("SIGSEGV") || status.contains("SIGBUS") => "; `unsafe` code or a C library went astray",
        _ if status.contains("SIGKILL") => "; the system may have run out of memory",
        _ => "",
    };
    format!("the process of the cell was ended by {status}{hint}")
}

/// Where something happened.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Cell(u32, usize),
    File(String),
}

impl Place {
    /// `cell 3/items.rs:7`, or any other `file:line`.
    fn parse(place: &str) -> Option<Place> {
        let (file, line) = place.rsplit_once(':')?;
        let in_cell = || {
            let number = file.strip_prefix("cell ")?.split('/').next()?;
            Some(Place::Cell(number.parse().ok()?, line.parse().ok()?))
        };
        Some(in_cell().unwrap_or_else(|| Place::File(place.to_owned())))
    }
}

/// evcxr puts the text of a suggestion two lines below the advice.
fn one_line(help: &str) -> String {
    match help.split_once("\n\n") {
        Some((advice, suggestion)) => format!("{advice}: `{}`", suggestion.trim()),
        None => help.to_owned(),
    }
}

fn text_of(ledger: &Ledger, cell: u32, line: usize) -> &str {
    ledger.text_of(cell).and_then(|text| text.lines().nth(line.saturating_sub(1))).unwrap_or_default()
}

/// What a cell is called in its own errors.
fn this(cell: u32) -> String {
    if cell == UNKEPT { "this cell".to_owned() } else { format!("cell {cell}") }
}

fn excerpt(cell: &str, line: usize, text: &str) -> String {
    let margin = " ".repeat(digits(line));
    format!("{margin}{BLUE}-->{PLAIN} {cell}, line {line}\n{margin} {BLUE}|{PLAIN}\n{BLUE}{line} |{PLAIN} {text}")
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

/// The last part of a type's path; with its crate where that says more: `lazuli::Error`, `ParseIntError`.
fn short_type(path: &str) -> String {
    let bare = path.split('<').next().unwrap_or(path);
    let last = bare.rsplit("::").next().unwrap_or(bare);
    match bare.split_once("::") {
        Some((krate, _)) if last == "Error" => format!("{krate}::{last}"),
        _ if last.is_empty() || last.starts_with('&') => "Error".to_owned(),
        _ => last.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_cells_are_told_from_places_in_files() {
        assert_eq!(Place::parse("cell 3/items.rs:7"), Some(Place::Cell(3, 7)));
        assert_eq!(Place::parse("src/lib.rs:7"), Some(Place::File("src/lib.rs:7".into())));
    }

    #[test]
    fn an_ended_process_is_told_in_words() {
        let check = |status: &str, told: &str| {
            assert_eq!(of_end(&format!("printed\nSubprocess terminated with status: {status}")), told);
        };
        check("exit status: 3", "the cell ended its process, with exit status 3");
        let told = "the process of the cell was ended by signal: 6 (SIGABRT) (core dumped); it aborted, or its stack overflowed";
        check("signal: 6 (SIGABRT) (core dumped)", told);
        assert_eq!(of_end("Subprocess didn't start: no memory\n"), "Subprocess didn't start: no memory");
    }

    #[test]
    fn a_place_in_another_cell_is_quoted_where_its_text_is_known() {
        let mut ledger = Ledger::default();
        ledger.note(1, "fn f() {\n    panic!()\n}");
        ledger.note(2, "f()");
        assert_eq!(ledger.note(2, "unkept"), UNKEPT);
        let told = |cell: u32, place: &str| {
            let error = CellError { error: "panic".into(), text: "no".into(), place: place.into(), line: "1".into() };
            of_cell(&error, cell, &ledger).traceback.join("\n")
        };
        assert!(told(2, "cell 1/items.rs:2").contains("    panic!()\ncalled from"));
        assert!(told(2, "cell 0/items.rs:1").contains("a cell that is not in the history, line 1"));
        assert!(!told(2, "cell 0/items.rs:1").contains("unkept"));
        assert!(told(UNKEPT, "cell 0/lib.rs:1").contains("this cell, line 1"));
        assert!(!told(UNKEPT, "cell 0/lib.rs:1").contains("called from"));
    }

    #[test]
    fn advice_of_a_library_is_told_from_the_compilers_reasons() {
        let note =
            |message: &str, spans: &[u8]| serde_json::json!({"level": "note", "message": message, "spans": spans});
        let children = [
            note("arguments are a tuple", &[]),
            note("required by a bound in `call`", &[1]),
            note("required for `T` to implement `Element`", &[]),
            note("3 redundant requirements hidden", &[]),
        ];
        let diagnostic = serde_json::json!({ "children": children });
        assert_eq!(notes(&diagnostic).collect::<Vec<_>>(), ["arguments are a tuple"]);
    }

    #[test]
    fn an_error_type_is_named_as_users_write_it() {
        assert_eq!(short_type("core::num::error::ParseIntError"), "ParseIntError");
        assert_eq!(short_type("lazuli::error::Error"), "lazuli::Error");
        assert_eq!(short_type("alloc::boxed::Box<dyn core::error::Error>"), "Box");
    }
}

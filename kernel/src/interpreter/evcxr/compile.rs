//! Compiles a cell: what our `cargo build` and `cargo check` do. No cargo runs for a cell without
//! `:dep`; a rustc of the kernel's ([`compilers`](super::compilers)) links the collections' precompiled library.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use super::compilers::{self, Kind};
use super::dependencies::{self, BuildError, Dependencies};
use super::function::Survival;
use super::generated::Generated;
use super::layout::{Layout, lay_out, wants_library};
use super::ledger::{Misfit, Page};
use super::tools::{CELL, Tools};
use super::{misfit, verbatim};

/// evcxr reads the path of the finished object from the file that this variable names.
const OBJECT_PATH_FILE: &str = "EVCXR_EXECUTION_SO_PATH";
/// How rustc refuses the library when another rustc built it.
const INCOMPATIBLE: &str = "E0514";

/// `cargo build` in `folder`, evcxr's crate.
pub fn build(tools: &Tools, folder: &Path) -> io::Result<i32> {
    let source = std::fs::read_to_string(folder.join("src/lib.rs"))?;
    let page = Page::load(&tools.ledger())?;
    if page.cell.is_none() {
        return open(tools);
    }
    let dependencies = match dependencies::build(tools, folder) {
        Ok(dependencies) => dependencies,
        Err(BuildError::Cargo(text)) => return fail(&text),
        Err(BuildError::Io(error)) => return Err(error),
    };
    let step = Step { tools, dependencies };
    let Some(generated) = Generated::parse(&source, &page) else {
        return fail("the kernel does not know this shape of a cell; please report the cell's text");
    };
    let (mut fitting, mut misfits) = (generated.clone(), Vec::new());
    loop {
        let reached = fitting.clone().reached(&page);
        let errors = match step.try_layouts(&reached, &page)? {
            Tried::Compiled(object) => {
                Misfit::note(&misfits, &tools.ledger())?;
                return step.deliver(&object);
            }
            Tried::Failed(errors) => errors,
        };
        // The compiler was replaced while the kernel runs.
        if errors.iter().any(|error| code_of(error) == Some(INCOMPATIBLE))
            && let Err(error) = tools.check_compiler()
        {
            return fail(&error.to_string());
        }
        let found = misfit::find(&errors, &reached, &page);
        if found.is_empty() {
            break;
        }
        fitting.items.retain(|item| found.iter().all(|misfit| misfit.text != item.written));
        misfits.extend(found);
    }
    // The user's mistake: evcxr understands the errors of its own layout.
    let output = step.compile_as_generated(&source, &page, wants_library(&generated, &page, tools))?;
    if !output.status.success() {
        io::stderr().write_all(&output.stderr)?;
        return Ok(101);
    }
    // Nothing is wrong with it: then something it needs is reached by other ways than by name, or has to have one guard, as evcxr's
    // own layout does.
    match step.compile_layout(lay_out(&generated, &page, Survival::Whole, tools))? {
        Tried::Compiled(object) => step.deliver(&object),
        Tried::Failed(errors) => match why_not_shown(&errors) {
            Some(why) => fail(&why),
            None => {
                let errors = rendered(&errors);
                fail(&format!("the kernel could not lay out this cell; please report it with this text:\n{errors}"))
            }
        },
    }
}

/// What is wrong with the value that a cell ends with, if it is what keeps the cell from being compiled.
fn why_not_shown(messages: &[Value]) -> Option<String> {
    messages.iter().find_map(|message| {
        let text = message["message"].as_str()?;
        let without_debug = text.contains("`evcxr_display`").then(|| text.split_once("for reference `&")).flatten();
        if let Some((name, _)) = without_debug.and_then(|(_, rest)| rest.split_once('`')) {
            return Some(format!(
                "the value that this cell ends with cannot be shown, as `{name}` has no `Debug`; \
                 write `#[derive(Debug)]` above the type, or `;` behind the expression"
            ));
        }
        matches!(code_of(message), Some("E0282" | "E0283")).then(|| {
            "nothing says of which type the value is that this cell ends with; say it, or write `;` behind the expression"
                .to_owned()
        })
    })
}

/// Before the first cell nothing is there to run: the cell library has the functions that evcxr calls then. evcxr will rename
/// the object, so it gets a link.
fn open(tools: &Tools) -> io::Result<i32> {
    let library = tools.stage.externs.get(CELL).ok_or(io::ErrorKind::NotFound)?;
    let object = tools.objects().join("libopening.so");
    std::os::unix::fs::symlink(library, &object)?;
    tell_object(&object)?;
    Ok(0)
}

/// Tells evcxr where the object is.
fn tell_object(object: &Path) -> io::Result<()> {
    match std::env::var_os(OBJECT_PATH_FILE) {
        Some(file) => std::fs::write(file, object.to_string_lossy().as_bytes()),
        None => Ok(()),
    }
}

enum Tried {
    /// To this object.
    Compiled(PathBuf),
    /// With rustc's messages, see [`messages`].
    Failed(Vec<Value>),
}

fn fail(text: &str) -> io::Result<i32> {
    eprintln!("{text}");
    Ok(101)
}

/// What rustc said, one JSON object a line.
fn messages(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The code of a message, such as `E0282`, if it has one.
fn code_of(message: &Value) -> Option<&str> {
    message["code"]["code"].as_str()
}

/// The human form of rustc's messages.
fn rendered(messages: &[Value]) -> String {
    messages.iter().filter_map(|message| message["rendered"].as_str()).collect()
}

/// `cargo check --message-format=json` in `folder`.
pub fn check(tools: &Tools, folder: &Path) -> io::Result<i32> {
    let source = std::fs::read_to_string(folder.join("src/lib.rs"))?;
    // What a `:dep` cannot build is said by `build`; a check goes on and judges the cell's own text.
    let dependencies = dependencies::build(tools, folder).unwrap_or_default();
    let step = Step { tools, dependencies };
    let output = step.compile_as_generated(&source, &Page::load(&tools.ledger())?, true)?;
    io::stderr().write_all(&output.stderr)?;
    Ok(if output.status.success() { 0 } else { 101 })
}

/// Errors that splitting a cell into guards may itself cause.
fn is_about_borrows(messages: &[Value]) -> bool {
    const CODES: &[&str] = &[
        "E0373", "E0381", "E0382", "E0384", "E0499", "E0502", "E0503", "E0505", "E0506", "E0507", "E0515", "E0521",
        "E0594", "E0596", "E0597", "E0712", "E0716", "E0282", "E0283",
    ];
    let errors = messages.iter().filter(|message| message["level"] == "error");
    let codes: Vec<&str> = errors.filter_map(code_of).collect();
    !codes.is_empty() && codes.iter().all(|code| CODES.contains(code))
}

/// Whether a variable was moved before it could be kept. Mostly no other layout mends that: evcxr forgets the variable once it
/// hears of it.
fn is_about_keeping(message: &Value) -> bool {
    let is_kept_at = |span: &Value| {
        let Some((before, name)) = highlighted(span) else { return false };
        let before = before.trim_end_matches(|character: char| character.is_ascii_digit() || ", ".contains(character));
        before.ends_with(&format!("stringify!({name})"))
    };
    let mut spans = message["spans"].as_array().into_iter().flatten();
    code_of(message) == Some("E0382") && spans.any(|span| span["is_primary"] == true && is_kept_at(span))
}

/// What a message is about, and what stands before it on its line.
fn highlighted(span: &Value) -> Option<(String, String)> {
    let line = &span["text"][0];
    let column = |name: &str| Some(line[name].as_u64()?.checked_sub(1)? as usize);
    let (begin, end) = (column("highlight_start")?, column("highlight_end")?);
    let text: Vec<char> = line["text"].as_str()?.chars().collect();
    Some((text.get(..begin)?.iter().collect(), text.get(begin..end)?.iter().collect()))
}

struct Step<'a> {
    tools: &'a Tools,
    dependencies: Dependencies,
}

impl Step<'_> {
    /// With as many guards as the cell's borrows allow.
    fn try_layouts(&self, generated: &Generated, page: &Page) -> io::Result<Tried> {
        let attempt = |survival| self.compile_layout(lay_out(generated, page, survival, self.tools));
        match attempt(Survival::Each)? {
            Tried::Failed(errors) if is_about_borrows(&errors) && !errors.iter().any(is_about_keeping) => {
                attempt(Survival::Whole)
            }
            tried => Ok(tried),
        }
    }

    fn compile_layout(&self, layout: Layout) -> io::Result<Tried> {
        for (path, text) in &layout.files {
            let path = self.tools.layout().join(path);
            std::fs::create_dir_all(path.parent().expect("a file below the folder of layouts"))?;
            std::fs::write(path, text)?;
        }
        let kind = Kind { dependencies: self.dependencies.clone(), ..layout.kind };
        let root = format!("include!({:?});", self.tools.layout().join(&layout.files[0].0));
        let compiled = compilers::compile(self.tools, kind, root)?;
        Ok(match compiled.object {
            Some(object) => Tried::Compiled(object),
            None => Tried::Failed(messages(&compiled.messages)),
        })
    }

    /// Only for its errors.
    fn compile_as_generated(&self, source: &str, page: &Page, wants_library: bool) -> io::Result<Output> {
        // evcxr finds the places in files of this name.
        let path = self.tools.layout().join("lib.rs");
        std::fs::create_dir_all(self.tools.layout())?;
        std::fs::write(&path, verbatim::for_errors(source, page, wants_library))?;
        let kind = Kind { library: wants_library, dependencies: self.dependencies.clone(), ..Kind::default() };
        let mut rustc = kind.command(self.tools);
        rustc.args(["--crate-type=lib", "--emit=metadata", "-Awarnings", "-o"]).arg(path.with_extension("rmeta"));
        rustc.arg(path).output()
    }

    /// The files of the step are not needed any more.
    fn deliver(&self, object: &Path) -> io::Result<i32> {
        tell_object(object)?;
        std::fs::remove_dir_all(self.tools.layout())?;
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_cannot_be_shown_is_told_why() {
        let message = |text: &str, code: Option<&str>| serde_json::json!({ "level": "error", "message": text, "code": code.map(|code| serde_json::json!({ "code": code })) });
        let refused =
            "the method `evcxr_display` exists for reference `&Vec<P>`, but its trait bounds were not satisfied";
        let messages = [message("another", None), message(refused, Some("E0599"))];
        assert!(why_not_shown(&messages).is_some_and(|why| why.contains("`Vec<P>` has no `Debug`")));
        let unknown = message("type annotations needed", Some("E0282"));
        assert!(why_not_shown(&[unknown]).is_some_and(|why| why.starts_with("nothing says of which type")));
        assert_eq!(why_not_shown(&[message("no method `evcxr` here", Some("E0599"))]), None);
    }
}

//! Runs cells with evcxr. The only folder that names evcxr.
//!
//! evcxr splits a cell, keeps items and variables, asks rust-analyzer for the variables' types and
//! decides what to compile. Everything around that is ours: how rust-analyzer and the compiler are
//! reached ([`toolchain`]), how a cell is read, laid out and compiled ([`generated`], [`reach`], [`layout`], [`compile`]),
//! the process that runs it (`kernel/runtime`), and what it shows ([`output`], [`traceback`], [`timing`]).

mod compile;
mod dependencies;
mod fingerprint;
mod function;
mod generated;
mod interrupt;
mod layout;
mod ledger;
mod lines;
mod markers;
mod output;
mod processor;
mod reach;
mod startup;
mod timing;
mod toolchain;
mod tools;
mod traceback;
mod verbatim;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evcxr::CommandContext;

use self::interrupt::Running;
use self::ledger::{Ledger, Parts};
use self::output::{Channel, Told};
use self::timing::Stopwatch;
use super::{Cell, Completion, Completions, Failure, Interpreter, MimeBundle, Outcome, Output, OutputSink, Stream};

pub use startup::launch;
pub use toolchain::hook;

/// An evcxr session with the collections at hand.
struct Evcxr {
    context: CommandContext,
    tools: tools::Tools,
    ledger: Ledger,
    channel: Arc<Channel>,
    running: Arc<Running>,
}

impl Evcxr {
    fn variables(&self) -> BTreeMap<String, String> {
        self.context.variables_and_types().map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect()
    }

    /// Says which variables went because a type of theirs was redefined by `code`.
    fn tell_redefined(&self, code: &str, before: &BTreeMap<String, String>, output: &Arc<dyn OutputSink>) {
        let redefined: Vec<_> = Parts::of(code).items.into_iter().filter_map(|item| item.name).collect();
        let after = self.variables();
        for (name, type_name) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            if let Some(item) = redefined.iter().find(|item| ledger::names(type_name).any(|part| part == **item)) {
                let text =
                    format!("`{item}` was redefined: the variable `{name}: {type_name}` had the old one and is gone\n");
                output.emit(Output::Stream { stream: Stream::Stderr, text });
            }
        }
    }

    fn run(&mut self, cell: &Cell, output: &Arc<dyn OutputSink>) -> Outcome {
        if let Some(line) = ledger::top_level_await(&cell.code) {
            let text =
                format!("`.await` in line {line}: a cell is not async; call a runtime's `block_on` on the future");
            return Outcome::Failed(Failure::new("CompileError", text));
        }
        self.ledger.note(cell.number, &cell.code);
        if let Err(error) = self.ledger.save(&self.tools.ledger()) {
            let text = format!("the kernel's folder cannot be written: {error}");
            return Outcome::Failed(Failure::new("KernelError", text));
        }
        let before = self.variables();
        self.channel.begin(output);
        let result = {
            let _running = self.running.begin(self.context.process_handle());
            // From here on an interrupt finds the cell; one that came before has only left its mark.
            if cell.interrupted() {
                return Outcome::Failed(Failure::interrupted());
            }
            self.context.execute(&cell.code)
        };
        let told = self.channel.end();
        self.tell_redefined(&cell.code, &before, output);
        self.outcome(cell, result, told, &before)
    }

    fn outcome(
        &self,
        cell: &Cell,
        result: Result<evcxr::EvalOutputs, evcxr::Error>,
        mut told: Told,
        before: &BTreeMap<String, String>,
    ) -> Outcome {
        let failure = match result {
            Err(error) if cell.interrupted() && !matches!(error, evcxr::Error::SubprocessTerminated(_)) => {
                Failure::interrupted()
            }
            Err(evcxr::Error::CompilationErrors(errors)) => traceback::of_compiler(&errors, cell.number, &self.ledger),
            Err(evcxr::Error::SubprocessTerminated(why)) => {
                let lost: Vec<_> = before.keys().cloned().collect();
                if cell.interrupted() {
                    let why = "the cell did not come to a point where it can stop, so its process was ended";
                    traceback::of_lost_process("Interrupted", why, &lost)
                } else {
                    traceback::of_lost_process("Crashed", why.trim(), &lost)
                }
            }
            Err(error) => traceback::of_build(&error.to_string()),
            Ok(outputs) => match told.explained(cell.interrupted()) {
                Some(error) => {
                    let mut failure = traceback::of_cell(&error, cell.number, &self.ledger);
                    let lost = lost_variables(&error, cell, before, &told.kept);
                    if !lost.is_empty() {
                        failure
                            .traceback
                            .push(format!("not kept, because the failing part had taken it: {}", lost.join(", ")));
                    }
                    failure
                }
                None => return Outcome::Done { result: told.result.or_else(|| bundle_of(outputs)) },
            },
        };
        Outcome::Failed(failure)
    }
}

/// Where the name at `cursor` ends; its opening parenthesis belongs to it, by which evcxr finds methods.
fn end_of_name(code: &str, cursor: usize) -> usize {
    let rest = &code[cursor..];
    let name = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    cursor + name + usize::from(rest[name..].starts_with('('))
}

/// Variables that were there before the failing statement and are not any more.
fn lost_variables(
    error: &output::CellError,
    cell: &Cell,
    before: &BTreeMap<String, String>,
    kept: &Option<BTreeSet<String>>,
) -> Vec<String> {
    let Some(kept) = kept else { return Vec::new() };
    let line = traceback::line_in(error, cell.number);
    let earlier = Parts::of(&cell.code).statements.into_iter().filter(|statement| statement.line < line);
    let bound = earlier.flat_map(|statement| statement.binds).map(|binding| binding.name).filter(|name| name != "_");
    let there: BTreeSet<String> = before.keys().cloned().chain(bound).collect();
    there.difference(kept).cloned().collect()
}

/// What evcxr's own commands (`:vars`, `:help`) show.
fn bundle_of(outputs: evcxr::EvalOutputs) -> Option<MimeBundle> {
    let contents = outputs.content_by_mime_type;
    (!contents.is_empty())
        .then(|| contents.into_iter().fold(MimeBundle::default(), |bundle, (mime, text)| bundle.with(mime, text)))
}

impl Interpreter for Evcxr {
    fn execute(&mut self, cell: &Cell, output: &Arc<dyn OutputSink>) -> Outcome {
        let (code, is_timed) = match timing::asked(&cell.code) {
            Ok(asked) => asked,
            Err(failure) => return Outcome::Failed(failure),
        };
        let (code, preloaded) = dependencies::without_preloaded(&code);
        for krate in preloaded {
            let text = format!(
                "`{krate}` comes with Lazuli, already compiled: its `:dep` line is not needed and was skipped\n"
            );
            output.emit(Output::Stream { stream: Stream::Stdout, text });
        }
        let process = interrupt::number_of(&self.context.process_handle());
        self.channel.watch(is_timed.then(|| Stopwatch::start(process)));
        let outcome = self.run(&Cell { code, ..cell.clone() }, output);
        if let Some(watch) = self.channel.watch(None) {
            output.emit(Output::Display { bundle: watch.read().bundle(&outcome), display_id: None });
        }
        outcome
    }

    fn complete(&mut self, code: &str, cursor: usize) -> Completions {
        let command = timing::completion(code, cursor);
        let (rust, _) = timing::without_command(code);
        let found = self.context.completions(if command.is_some() { code } else { &rust }, cursor);
        let Ok(found) = found else { return Completions::none(cursor) };
        let matches = found.completions.into_iter().map(|found| Completion {
            text: found.code,
            kind: found.kind.to_owned(),
            signature: found.label,
        });
        let matches = command.into_iter().chain(matches).collect();
        Completions { start: found.start_offset, end: found.end_offset, matches }
    }

    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        let (code, _) = timing::without_command(code);
        let (text, html) = self.context.hover_at(&code, end_of_name(&code, cursor)).ok()?;
        (text != "No documentation found").then(|| MimeBundle::plain(text).with("text/html", html))
    }

    fn shutdown(&mut self) {
        self.running.end_process(&self.context.process_handle());
    }
}

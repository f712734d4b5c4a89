//! Runs cells with evcxr. The only folder that names evcxr.
//!
//! evcxr splits a cell, keeps items and variables, asks rust-analyzer for the variables' types and
//! decides what to compile. Everything around that is ours: how rust-analyzer and the compiler are
//! reached ([`toolchain`]), how a cell is read, laid out and compiled ([`generated`], [`layout`], [`compile`]),
//! the process that runs it (`kernel/runtime`), and what it shows ([`output`], [`traceback`], [`timing`]).

mod compile;
mod definitions;
mod dependencies;
mod function;
mod generated;
mod gone;
mod interrupt;
mod layout;
mod ledger;
mod lines;
mod markers;
mod output;
mod processor;
mod reach;
mod startup;
mod superseded;
mod timing;
mod toolchain;
mod tools;
mod traceback;
mod verbatim;

use std::collections::BTreeSet;
use std::sync::Arc;

use evcxr::CommandContext;

use self::gone::{Gone, Variables};
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
    gone: Gone,
    channel: Arc<Channel>,
    running: Arc<Running>,
}

impl Evcxr {
    fn variables(&self) -> Variables {
        self.context.variables_and_types().map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect()
    }

    /// Says which variables went because the cell redefined what their types are made of.
    fn tell_redefined(&mut self, before: &Variables, output: &Arc<dyn OutputSink>) {
        let after = self.variables();
        for text in self.gone.note(&self.ledger, before, &after) {
            output.emit(Output::Stream { stream: Stream::Stderr, text });
        }
    }

    /// The cell's code as evcxr is handed it. It looks at the variables only where a statement runs, so a cell of
    /// definitions gets one: else what has changed under a variable would show but later.
    fn code_for_evcxr(&self, code: &str) -> String {
        let parts = self.ledger.cells().last().map(|noted| Parts::of(&noted.code)).unwrap_or_default();
        let only_defines = !parts.items.is_empty() && parts.statements.is_empty() && !parts.is_broken;
        if only_defines { format!("{code}\nlet _ = ();") } else { code.to_owned() }
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
            self.context.execute(&self.code_for_evcxr(&cell.code))
        };
        let told = self.channel.end();
        self.tell_redefined(&before, output);
        self.outcome(cell, result, told, &before)
    }

    fn outcome(
        &self,
        cell: &Cell,
        result: Result<evcxr::EvalOutputs, evcxr::Error>,
        mut told: Told,
        before: &Variables,
    ) -> Outcome {
        let failure = match result {
            Err(error) if cell.interrupted() && !matches!(error, evcxr::Error::SubprocessTerminated(_)) => {
                Failure::interrupted()
            }
            Err(evcxr::Error::CompilationErrors(errors)) => {
                let mut failure = traceback::of_compiler(&errors, cell.number, &self.ledger);
                failure.traceback.extend(self.gone.explain(&errors));
                failure
            }
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
    before: &Variables,
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

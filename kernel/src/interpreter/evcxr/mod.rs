//! Runs cells with evcxr. The only folder that names evcxr.
//!
//! evcxr splits a cell, keeps items and variables, asks rust-analyzer for the variables' types and
//! decides what to compile. Everything around that is ours: how rust-analyzer and the compiler are
//! reached ([`toolchain`]), how a cell is read, laid out and compiled ([`generated`], [`layout`], [`compile`],
//! [`compilers`]),
//! the process that runs it (`kernel/runtime`), what it shows ([`output`], [`traceback`], [`timing`]), and the lines
//! before its Rust ([`commands`], [`shell`]).

mod commands;
mod compile;
mod compilers;
mod definitions;
mod dependencies;
mod folder;
mod function;
mod generated;
mod gone;
mod interrupt;
mod layout;
mod ledger;
mod lines;
mod markers;
mod misfit;
mod output;
mod pipe;
mod processor;
mod reach;
mod shell;
mod startup;
mod superseded;
mod system;
mod timing;
mod toolchain;
mod tools;
mod traceback;
mod verbatim;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use evcxr::CommandContext;

use self::commands::{Own, Script, Wrong};
use self::compilers::Compilers;
use self::gone::{Gone, Variables};
use self::interrupt::Running;
use self::ledger::{Ledger, Misfit, Parts};
use self::output::{Channel, Told};
use self::shell::Shell;
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
    misfits: Vec<Misfit>,
    channel: Arc<Channel>,
    running: Arc<Running>,
    shell: Arc<Shell>,
    compilers: Arc<Compilers>,
}

/// The cell that runs.
struct Current<'a> {
    cell: &'a Cell,
    /// Under which the ledger has it.
    number: u32,
    /// Its text without commands.
    rust: String,
    output: &'a Arc<dyn OutputSink>,
}

impl Evcxr {
    fn variables(&self) -> Variables {
        self.context.variables_and_types().map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect()
    }

    /// Says which variables went because the cell redefined what their types are made of.
    fn tell_redefined(&mut self, current: &Current<'_>, before: &Variables) {
        let after = self.variables();
        for text in self.gone.note(&self.ledger, before, &after) {
            current.output.emit(Output::Stream { stream: Stream::Stderr, text });
        }
    }

    /// Says which impls the compiler step has set aside for the cell, which `counts` where evcxr keeps what it defines.
    fn settle_misfits(&mut self, current: &Current<'_>, counts: bool) -> std::io::Result<()> {
        let folder = self.tools.ledger();
        if !counts {
            return Misfit::keep(&self.misfits, &folder);
        }
        let misfits = Misfit::load(&folder)?;
        for misfit in misfits.iter().skip(self.misfits.len()) {
            let text = misfit::told(misfit);
            current.output.emit(Output::Stream { stream: Stream::Stderr, text });
        }
        self.misfits = misfits;
        Ok(())
    }

    /// Carries out what stands before the Rust and is not evcxr's.
    fn prepare(&mut self, script: &Script, current: &Current<'_>) -> Result<(), Failure> {
        for krate in &script.preloaded {
            let text = format!(
                "`{krate}` comes with Lazuli, already compiled: its `:dep` line is not needed and was skipped\n"
            );
            current.output.emit(Output::Stream { stream: Stream::Stdout, text });
        }
        if script.own.contains(&Own::Help) {
            current.output.emit(Output::Display { bundle: commands::help(), display_id: None });
        }
        for (line, command) in &script.shell {
            not_interrupted(current.cell)?;
            let ended = self.shell.run(self.shell_here(), command, current.output);
            not_interrupted(current.cell)?;
            ended.map_err(|text| {
                traceback::of_line("CommandFailed", Wrong { line: *line, text }, current.number, &self.ledger)
            })?;
        }
        not_interrupted(current.cell)
    }

    /// Carries out a cell, its commands first.
    ///
    /// # Errors
    /// Of a cell of which evcxr keeps nothing.
    fn carry_out(&mut self, current: &Current<'_>) -> Result<Outcome, Failure> {
        let script = Script::of(&current.cell.code, |krate| self.tools.stage.is_preloaded(krate))
            .map_err(|wrong| traceback::of_line("CommandError", wrong, current.number, &self.ledger))?;
        if script.own.contains(&Own::Clear) {
            self.clear()?;
        }
        // From here on an interrupt finds the cell; one that came before has only left its mark.
        let running = self.running.clone();
        let _running = running.begin(self.context.process_handle());
        self.prepare(&script, current)?;
        let process = interrupt::number_of(&self.context.process_handle());
        self.channel.watch(script.own.contains(&Own::Time).then(|| Stopwatch::start(process)));
        let outcome = self.run(&script, current);
        if let Some(watch) = self.channel.watch(None) {
            let bundle = watch.read().bundle(!matches!(outcome, Ok(Outcome::Done { .. })));
            current.output.emit(Output::Display { bundle, display_id: None });
        }
        outcome
    }

    /// Forgets all that cells have made; the next one finds what the first one found.
    fn clear(&mut self) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new("KernelError", format!("cannot clear: {error}"));
        Ledger::close(&self.tools.ledger()).map_err(|error| failed(&error))?;
        Misfit::keep(&[], &self.tools.ledger()).map_err(|error| failed(&error))?;
        self.misfits.clear();
        let begin = format!(":clear\n{}", startup::PRELUDE);
        self.gone = Gone::default();
        self.context.execute(&begin).map(drop).map_err(|error| failed(&error))
    }

    /// The shell in the user's environment, where the cells' process works.
    fn shell_here(&self) -> std::process::Command {
        let mut shell = self.tools.command(Path::new("/bin/sh"));
        let process = interrupt::number_of(&self.context.process_handle());
        // That process may be gone, which the next cell finds out.
        if let Ok(folder) = std::fs::read_link(format!("/proc/{process}/cwd")) {
            shell.current_dir(folder);
        }
        shell
    }

    /// Has evcxr run the Rust.
    ///
    /// # Errors
    /// Of a cell of which evcxr keeps nothing.
    fn run(&mut self, script: &Script, current: &Current<'_>) -> Result<Outcome, Failure> {
        self.submit(current)?;
        let before = self.variables();
        let former = self.channel.begin(current.output);
        let result = self.context.execute(&code_for_evcxr(script, current));
        let told = self.channel.end();
        if current.cell.silent {
            // A thread that prints goes on where it was seen.
            self.channel.show_to(former);
        }
        self.tell_redefined(current, &before);
        let counts = result.is_ok();
        self.settle_misfits(current, counts).map_err(|error| unwritten(&error))?;
        match self.outcome(current, result, told, &before) {
            Outcome::Failed(failure) if !counts => Err(failure),
            outcome => Ok(outcome),
        }
    }

    /// Tells the compiler step what it will compile.
    fn submit(&mut self, current: &Current<'_>) -> Result<(), Failure> {
        if let Some((line, text)) = ledger::misplaced(&current.rust) {
            let wrong = Wrong { line, text: text.to_owned() };
            return Err(traceback::of_line("CompileError", wrong, current.number, &self.ledger));
        }
        self.ledger.save(&self.tools.ledger()).map_err(|error| unwritten(&error))
    }

    fn outcome(
        &self,
        current: &Current<'_>,
        result: Result<evcxr::EvalOutputs, evcxr::Error>,
        mut told: Told,
        before: &Variables,
    ) -> Outcome {
        let Current { cell, number, .. } = *current;
        let failure = match result {
            Err(error) if cell.interrupted() && !matches!(error, evcxr::Error::SubprocessTerminated(_)) => {
                Failure::interrupted()
            }
            Err(evcxr::Error::CompilationErrors(errors)) => {
                let mut failure = traceback::of_compiler(&errors, number, &self.ledger);
                failure.traceback.extend(self.gone.explain(&errors));
                failure.traceback.extend(misfit::explain(&errors, &self.misfits, &self.ledger));
                failure
            }
            Err(evcxr::Error::SubprocessTerminated(why)) => {
                let lost: Vec<_> = before.keys().cloned().collect();
                if cell.interrupted() {
                    let why = "the cell did not come to a point where it can stop, so its process was ended";
                    traceback::of_lost_process("Interrupted", why, &lost)
                } else {
                    traceback::of_lost_process("Crashed", &traceback::of_end(&why), &lost)
                }
            }
            Err(error) => traceback::of_build(&error.to_string()),
            Ok(outputs) => match told.explained(cell.interrupted()) {
                Some(error) => {
                    let mut failure = traceback::of_cell(&error, number, &self.ledger);
                    let lost = lost_variables(&error, current, before, &told.kept);
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

/// The cell's Rust as evcxr is handed it. It looks at the variables only where a statement runs, so a cell of
/// definitions gets one: else what has changed under a variable would show but later.
fn code_for_evcxr(script: &Script, current: &Current<'_>) -> String {
    let parts = Parts::of(&current.rust);
    let only_defines = !parts.items.is_empty() && parts.statements.is_empty() && !parts.is_broken;
    if only_defines { format!("{}\nlet _ = ();", script.evaluated) } else { script.evaluated.clone() }
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure::new("KernelError", format!("the kernel's folder cannot be written: {error}"))
}

fn not_interrupted(cell: &Cell) -> Result<(), Failure> {
    if cell.interrupted() { Err(Failure::interrupted()) } else { Ok(()) }
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
    current: &Current<'_>,
    before: &Variables,
    kept: &Option<BTreeSet<String>>,
) -> Vec<String> {
    let Some(kept) = kept else { return Vec::new() };
    let line = traceback::line_in(error, current.number);
    let earlier = Parts::of(&current.rust).statements.into_iter().filter(|statement| statement.line < line);
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
        let number = self.ledger.note(cell.number, &cell.code);
        let current = Current { cell, number, rust: commands::rust_of(&cell.code), output };
        let outcome = self.carry_out(&current).unwrap_or_else(|failure| {
            self.ledger.retract();
            Outcome::Failed(failure)
        });
        self.compilers.prepare();
        outcome
    }

    fn complete(&mut self, code: &str, cursor: usize) -> Completions {
        if let Some(found) = commands::completions(code, cursor) {
            return found;
        }
        let code = commands::evaluated(code, |krate| self.tools.stage.is_preloaded(krate));
        let Ok(found) = self.context.completions(&code, cursor) else { return Completions::none(cursor) };
        let matches = found.completions.into_iter().map(|found| Completion {
            text: found.code,
            kind: found.kind.to_owned(),
            signature: found.label,
        });
        Completions { start: found.start_offset, end: found.end_offset, matches: matches.collect() }
    }

    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        let code = commands::evaluated(code, |krate| self.tools.stage.is_preloaded(krate));
        let (text, html) = self.context.hover_at(&code, end_of_name(&code, cursor)).ok()?;
        (text != "No documentation found").then(|| MimeBundle::plain(text).with("text/html", html))
    }

    fn shutdown(&mut self) {
        self.shell.end();
        self.compilers.end();
        self.running.end_process(&self.context.process_handle());
    }
}

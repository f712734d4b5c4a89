//! The lines before the Rust of a cell: those that begin with `:` are commands to the kernel, those that begin with `!` go to the
//! shell. One table has the commands that there are, another what to do in place of those that a user may know from elsewhere;
//! help, completion and complaints come from them. Pure. Imports: interpreter.

use std::fmt::Write;
use std::ops::Range;

use crate::interpreter::{Completion, Completions, MimeBundle};

/// What the kernel does itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Says how long the cell took.
    Time,
    /// Forgets all that cells have made.
    Clear,
    /// Lists the commands.
    Help,
}

/// Who carries a command out.
enum By {
    Us(Own),
    Evcxr,
}

struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    by: By,
}

const fn command(name: &'static str, arguments: &'static str, about: &'static str, by: By) -> Command {
    Command { name, arguments, about, by }
}

const COMMANDS: [Command; 11] = [
    command(":help", "", "list these commands", By::Us(Own::Help)),
    command(":vars", "", "list the variables and their types", By::Evcxr),
    command(":type", " NAME", "say the type of a variable", By::Evcxr),
    command(":t", " NAME", "short for `:type`", By::Evcxr),
    command(":doc", " NAME", "show the documentation of a name", By::Evcxr),
    command(":dep", " NAME = \"VERSION\"", "add a crate; what stands in a Cargo.toml may stand here", By::Evcxr),
    command(":show_deps", "", "list the crates that `:dep` added", By::Evcxr),
    command(":build_env", " NAME=VALUE", "set an environment variable for compiling cells and crates", By::Evcxr),
    command(":explain", "", "explain the last compile error at length", By::Evcxr),
    command(":time", "", "tell how long this cell takes to compile and to run", By::Us(Own::Time)),
    command(":clear", "", "forget all: variables, functions, types and added crates", By::Us(Own::Clear)),
];

/// Commands of evcxr that have nothing to act on here, and what other kernels call ours: what there is in their place.
const ELSEWHERE: [(&[&str], &str); 15] = [
    (
        &[":quit", ":q", ":exit"],
        "a kernel is ended by its frontend, whose menu has `Shut Down Kernel` and `Restart Kernel`",
    ),
    (&[":restart"], "`:clear` forgets all that cells have made, and the frontend's menu restarts the kernel"),
    (&[":timing", ":time_passes", ":timeit"], TIMING),
    (&["%time", "%%time", "%timeit", "%%timeit"], TIMING),
    (&[":opt"], "a cell that has bags, loops, closures or functions of its own is optimised without being asked"),
    (&[":fmt"], "a value is shown by its `Debug`; `println!` shows it in any other way"),
    (&[":efmt"], "an error that `?` meets is shown by its `Display`"),
    (&[":types"], "`:type NAME` says the type of one variable, `:vars` that of all"),
    (&[":preserve_vars_on_panic"], "variables that were bound before a panic are kept anyway"),
    (
        &[":toolchain", ":linker", ":codegen_backend", ":allow_static_linking"],
        "cells are compiled and linked as the collections were, or they would not fit",
    ),
    (&[":sccache", ":cache", ":clear_cache"], "what a `:dep` builds is kept for as long as the kernel lives"),
    (&[":offline"], "start Jupyter with `CARGO_NET_OFFLINE=true` in its environment"),
    (&[":env"], "`unsafe { std::env::set_var(\"NAME\", \"value\") }` sets a variable for the cells after it"),
    (&[":load_config"], "there is no such file; put imports and `:dep` lines into the first cell"),
    (
        &[":internal_debug", ":last_compile_dir", ":last_error_json", ":version"],
        "it tells of the inside of evcxr, most of which is replaced",
    ),
];
const TIMING: &str = "to see how long a cell takes, write `:time` in a line above its code";
const NOTHING_TO_TIME: &str =
    "`:time` has nothing to time: write code after it, on its line or below it in the same cell";

/// A cell taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Line and text of what goes to the shell.
    pub shell: Vec<(usize, String)>,
    pub own: Vec<Own>,
    /// Crates that a `:dep` names and that are here without it.
    pub preloaded: Vec<String>,
    /// The cell with spaces in place of all that evcxr has nothing to do with: lines and columns keep their numbers.
    pub evaluated: String,
}

/// What is wrong with a line of a cell.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// From 1.
    pub line: usize,
    pub text: String,
}

impl Script {
    /// Takes a cell apart. Crates for which `is_preloaded` says true need no `:dep`.
    pub fn of(code: &str, is_preloaded: impl Fn(&str) -> bool) -> Result<Script, Wrong> {
        let mut script = Script { evaluated: evaluated(code, &is_preloaded), ..Script::default() };
        for marked in head(code) {
            let wrong = |text: String| Wrong { line: marked.line, text };
            if let Some(command) = marked.of_shell() {
                if command.is_empty() {
                    return Err(wrong("`!` needs a command after it, such as `!ls`".to_owned()));
                }
                script.shell.push((marked.line, command.to_owned()));
                continue;
            }
            match named(marked.name()).map_err(wrong)?.by {
                By::Us(Own::Time) if !has_rust(code) => return Err(wrong(NOTHING_TO_TIME.to_owned())),
                By::Us(own) => script.own.push(own),
                By::Evcxr => script.preloaded.extend(marked.dependency().filter(|krate| is_preloaded(krate))),
            }
        }
        Ok(script)
    }
}

/// The command of that name, or what to tell the user who looks for it.
fn named(name: &str) -> Result<&'static Command, String> {
    if let Some(command) = COMMANDS.iter().find(|command| command.name == name) {
        return Ok(command);
    }
    Err(match ELSEWHERE.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, instead)) => format!("there is no `{name}` here: {instead}"),
        None => format!("there is no command `{name}`; `:help` lists those that there are"),
    })
}

/// A line with a command, from its mark to its end. `:time` ends where it ends: what follows on its line is a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marked<'a> {
    /// From 1.
    line: usize,
    text: &'a str,
}

impl<'a> Marked<'a> {
    /// `!` stands at the beginning of its line, as evcxr has it; the others may be indented.
    fn parse(line: usize, text: &'a str) -> Option<Self> {
        if text.starts_with('!') {
            return Some(Marked { line, text });
        }
        let text = text.trim_start_matches(' ');
        let name = first_word(text);
        let text = if name == ":time" { name } else { text };
        text.starts_with([':', '%']).then_some(Marked { line, text })
    }

    fn name(self) -> &'a str {
        first_word(self.text)
    }

    /// What the shell is to run.
    fn of_shell(self) -> Option<&'a str> {
        Some(self.text.strip_prefix('!')?.trim_start_matches('!').trim())
    }

    /// The crate that a `:dep` names, as code names it.
    fn dependency(self) -> Option<String> {
        let name = self.text.strip_prefix(":dep ")?.split('=').next()?;
        Some(name.trim().replace('-', "_"))
    }

    /// Where it stands in the text that it is part of.
    fn range(self, text: &str) -> Range<usize> {
        let start = self.text.as_ptr() as usize - text.as_ptr() as usize;
        start..start + self.text.len()
    }
}

/// The commands of a cell; they end where its Rust begins.
fn head(code: &str) -> Vec<Marked<'_>> {
    let mut found = Vec::new();
    for (index, mut text) in code.lines().enumerate() {
        while let Some(marked) = Marked::parse(index + 1, text) {
            found.push(marked);
            text = &text[marked.range(text).end..];
        }
        if !is_aside(text) {
            break;
        }
    }
    found
}

/// Neither a command nor code.
fn is_aside(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with("//")
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn has_rust(code: &str) -> bool {
    !rust_of(code).lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with("//"))
}

/// A cell with spaces in place of its commands.
pub fn rust_of(code: &str) -> String {
    blanked(code, |_| true)
}

/// A cell with spaces in place of the commands that evcxr does not carry out.
pub fn evaluated(code: &str, is_preloaded: impl Fn(&str) -> bool) -> String {
    blanked(code, |marked| {
        let is_evcxrs = matches!(named(marked.name()), Ok(Command { by: By::Evcxr, .. }));
        !is_evcxrs || marked.dependency().is_some_and(|krate| is_preloaded(&krate))
    })
}

fn blanked(code: &str, is_meant: impl Fn(&Marked<'_>) -> bool) -> String {
    let mut text = code.to_owned();
    for marked in head(code).into_iter().filter(is_meant) {
        text.replace_range(marked.range(code), &" ".repeat(marked.text.len()));
    }
    text
}

/// The commands that may stand at `cursor`; none where it stands in no command's name.
pub fn completions(code: &str, cursor: usize) -> Option<Completions> {
    let typed = head(&code[..cursor]).last().copied()?;
    let at = typed.range(code);
    if at.end != cursor || !typed.text.starts_with(':') || typed.text.contains(' ') {
        return None;
    }
    let fitting = COMMANDS.iter().filter(|command| command.name.starts_with(typed.text));
    let completion = |command: &Command| Completion {
        text: command.name.to_owned(),
        kind: "magic".to_owned(),
        signature: format!("{}{}", command.name, command.arguments),
    };
    Some(Completions { start: at.start, end: at.end, matches: fitting.map(completion).collect() })
}

/// What `:help` shows.
pub fn help() -> MimeBundle {
    let commands = COMMANDS.iter().map(|command| (format!("{}{}", command.name, command.arguments), command.about));
    let shell = ("!COMMAND".to_owned(), "run a command in the shell");
    let (mut text, mut html) = (String::new(), String::from("<table>"));
    for (usage, about) in commands.chain([shell]) {
        writeln!(text, "{usage:<24}{about}").expect("a string takes all");
        let about = about.replace('`', "");
        write!(
            html,
            "<tr><td style=\"text-align:left\"><code>{usage}</code></td><td style=\"text-align:left\">{about}</td></tr>"
        )
        .expect("a string takes all");
    }
    text.push_str("They stand before the Rust of a cell, each on a line of its own.");
    html.push_str("</table>They stand before the Rust of a cell, each on a line of its own.");
    MimeBundle::plain(text).with("text/html", html)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(code: &str) -> Result<Script, Wrong> {
        Script::of(code, |krate| krate == "polars")
    }

    fn check(code: &str, evaluated: &str, own: &[Own]) {
        let script = script(code).expect(code);
        assert_eq!((&*script.evaluated, &*script.own), (evaluated, own), "{code:?}");
    }

    #[test]
    fn commands_are_blanked_where_commands_stand() {
        check(":time\nf()", "     \nf()", &[Own::Time]);
        check(":time f()\n:time", "      f()\n:time", &[Own::Time]);
        check(
            "// why\n\n:dep itoa = \"1\"\n  :clear\nf()",
            "// why\n\n:dep itoa = \"1\"\n        \nf()",
            &[Own::Clear],
        );
        check(":time :vars\n:help\n1", "      :vars\n     \n1", &[Own::Time, Own::Help]);
        check("!echo ❄\nf()", &format!("{}\nf()", " ".repeat("!echo ❄".len())), &[]);
    }

    #[test]
    fn nothing_else_is_taken_for_a_command() {
        for code in ["f()\n:time", "let time = 1;", "\":time\"", "", "let x = 1;\n!x"] {
            check(code, code, &[]);
        }
        assert!(rust_of(":dep a\n!b\nc").ends_with("\n  \nc"));
    }

    #[test]
    fn shell_lines_keep_their_order_and_their_lines() {
        let script = script("!ls *.rs\n\n!! echo 1 \n1").expect("they are commands");
        assert_eq!(script.shell, [(1, "ls *.rs".to_owned()), (3, "echo 1".to_owned())]);
    }

    #[test]
    fn a_dep_on_a_preloaded_crate_is_taken_out_and_named() {
        let script = script(":dep polars = { version = \"0.50\" }\n:dep itoa = \"1\"\n1").expect("they are commands");
        assert_eq!(script.evaluated.trim_start(), ":dep itoa = \"1\"\n1");
        assert_eq!(script.preloaded, ["polars"]);
    }

    #[test]
    fn a_wrong_use_names_its_line_and_says_what_to_write() {
        for (code, line, told) in [
            (":time", 1, "nothing to time"),
            (":time\n\n// later", 1, "nothing to time"),
            ("!true\n:time", 2, "nothing to time"),
            (":timeit f()", 1, "write `:time`"),
            ("// all\n%%time\nf()", 2, "write `:time`"),
            (":quit", 1, "Shut Down"),
            (":nonsense 1\nf()", 1, "there is no command `:nonsense`; `:help`"),
            ("%matplotlib inline", 1, "there is no command `%matplotlib`; `:help`"),
            ("\n!\nf()", 2, "needs a command"),
            (":", 1, "there is no command `:`"),
        ] {
            let wrong = script(code).expect_err(code);
            assert!(wrong.line == line && wrong.text.contains(told), "{code:?}: {wrong:?}");
        }
    }

    #[test]
    fn every_command_is_listed_and_none_that_is_not_there() {
        let help = help().data["text/plain"].to_string();
        assert!(COMMANDS.iter().all(|command| help.contains(command.name)));
        let elsewhere: Vec<_> = ELSEWHERE.iter().flat_map(|(names, _)| *names).collect();
        assert!(elsewhere.iter().all(|name| COMMANDS.iter().all(|command| command.name != **name)));
    }

    #[test]
    fn names_complete_in_the_head_alone() {
        let found = |code: &str| completions(code, code.len()).map(|found| found.matches.len());
        assert_eq!(found(":"), Some(COMMANDS.len()));
        assert_eq!(found(":dep itoa = \"1\"\n  :ti"), Some(1));
        assert_eq!(found(":timi"), Some(0));
        for code in ["", ":time x.su", "let a = 1;\n :time", "!ls", ":dep it"] {
            assert_eq!(found(code), None, "{code:?}");
        }
        let found = completions(":time :va", 9).expect("a command");
        assert_eq!((found.start, found.end, &*found.matches[0].text), (6, 9, ":vars"));
    }
}

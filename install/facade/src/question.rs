//! What rust-analyzer asks the toolchain when it loads a package, as command lines.

use std::path::PathBuf;

/// A question that a finished [`World`](crate::World) answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// `rustc --print sysroot`
    Sysroot,
    /// `rustc --print target-libdir`, asked by evcxr
    TargetLibdir,
    /// `rustc -vV`
    RustcVersion,
    /// `cargo --version`
    CargoVersion,
    /// `rustup which cargo`: its answer is the caller's own path, which the world does not know.
    WhichCargo,
    /// `cargo -Z unstable-options config get ..`
    Config,
    /// `cargo rustc .. --print cfg ..`, or the same of rustc
    Cfg,
    /// `cargo rustc .. --print target-spec-json ..`, or the same of rustc
    TargetSpec,
    /// `cargo locate-project --workspace --manifest-path MANIFEST`
    LocateProject {
        /// The package's `Cargo.toml`.
        manifest: PathBuf,
    },
    /// `cargo metadata .. --manifest-path MANIFEST ..`, with and without `--no-deps`
    Metadata {
        /// The package's `Cargo.toml`; none means that of the working folder.
        manifest: Option<PathBuf>,
    },
}

impl Question {
    /// Understands a command line: the tool's name and its arguments. `None` is no question of rust-analyzer's.
    ///
    /// ```
    /// use lazuli_facade::Question;
    /// assert_eq!(Question::parse("rustc", &["--print", "sysroot"]), Some(Question::Sysroot));
    /// assert_eq!(Question::parse("cargo", &["build"]), None);
    /// ```
    pub fn parse(tool: &str, arguments: &[&str]) -> Option<Self> {
        let manifest = || after(arguments, "--manifest-path").map(PathBuf::from);
        match (tool, arguments) {
            ("rustup", ["which", "cargo"]) => Some(Self::WhichCargo),
            ("cargo", ["--version"]) => Some(Self::CargoVersion),
            ("cargo", ["metadata", ..]) => Some(Self::Metadata { manifest: manifest() }),
            ("cargo", ["locate-project", ..]) => Some(Self::LocateProject { manifest: manifest()? }),
            ("cargo", ["-Z", "unstable-options", "config", "get", ..]) => Some(Self::Config),
            ("cargo", ["rustc", rest @ ..]) | ("rustc", rest) => match after(rest, "--print") {
                Some("sysroot") => Some(Self::Sysroot),
                Some("target-libdir") => Some(Self::TargetLibdir),
                Some("cfg") => Some(Self::Cfg),
                Some("target-spec-json") => Some(Self::TargetSpec),
                None if matches!(rest, ["-vV" | "-Vv"]) => Some(Self::RustcVersion),
                _ => None,
            },
            _ => None,
        }
    }
}

fn after<'a>(arguments: &[&'a str], flag: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| *argument == flag)?;
    arguments.get(at + 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<Question>) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(Question::parse(words[0], &words[1..]), expected, "{line}");
    }

    #[test]
    fn what_rust_analyzer_asks_is_understood() {
        let manifest = PathBuf::from("/p/Cargo.toml");
        check("rustc --print sysroot", Some(Question::Sysroot));
        check("rustc -vV", Some(Question::RustcVersion));
        check("cargo --version", Some(Question::CargoVersion));
        check("cargo -Z unstable-options config get --format toml --show-origin", Some(Question::Config));
        check("cargo rustc -Z unstable-options --print cfg --target x -- -O", Some(Question::Cfg));
        check(
            "cargo rustc -Z unstable-options --print target-spec-json --target x -- -Z unstable-options",
            Some(Question::TargetSpec),
        );
        check(
            "cargo locate-project --workspace --manifest-path /p/Cargo.toml",
            Some(Question::LocateProject { manifest: manifest.clone() }),
        );
        check(
            "cargo metadata --format-version 1 --manifest-path /p/Cargo.toml --filter-platform x --no-deps",
            Some(Question::Metadata { manifest: Some(manifest) }),
        );
    }

    #[test]
    fn what_builds_is_not_a_question() {
        check("cargo build --target x", None);
        check("cargo rustc -- --extern a=b", None);
        check("rustc src/lib.rs --edition 2024", None);
    }
}

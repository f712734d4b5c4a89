//! Conditional compilation, decided once: which `cfg` predicates hold for a crate on this machine.
//!
//! rust-analyzer would decide the same later, again in every kernel; an item that is left out here is never read there.

use ra_ap_syntax::ast::{self, CfgPredicate};
use std::collections::BTreeSet;

/// The facts a crate is compiled under: `unix`, `target_os="linux"`, `feature="csv"`.
///
/// ```
/// use lazuli_facade::Cfg;
/// let cfg = Cfg::parse("unix\ntarget_os=\"linux\"").with_features(["csv"]);
/// assert!(cfg.has("unix") && cfg.has("feature=\"csv\"") && !cfg.has("test"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cfg(BTreeSet<String>);

impl Cfg {
    /// Reads the answer of `rustc --print cfg`: one fact a line.
    pub fn parse(lines: &str) -> Self {
        Self(lines.lines().map(str::to_owned).collect())
    }

    /// The same facts and these features of the crate.
    pub fn with_features<'a>(&self, features: impl IntoIterator<Item = &'a str>) -> Self {
        let features = features.into_iter().map(|feature| format!("feature=\"{feature}\""));
        Self(self.0.iter().cloned().chain(features).collect())
    }

    /// Whether the fact holds, written as rustc prints it.
    pub fn has(&self, fact: &str) -> bool {
        self.0.contains(fact)
    }

    /// Whether the predicate of a `cfg` or `cfg_attr` attribute holds.
    pub(crate) fn holds(&self, predicate: &CfgPredicate) -> bool {
        match predicate {
            CfgPredicate::CfgAtom(atom) => self.holds_atom(atom),
            CfgPredicate::CfgComposite(composite) => {
                let mut parts = composite.cfg_predicates();
                match composite.keyword().as_ref().map(|keyword| keyword.text()) {
                    Some("not") => !parts.any(|part| self.holds(&part)),
                    Some("any") => parts.any(|part| self.holds(&part)),
                    _ => parts.all(|part| self.holds(&part)),
                }
            }
        }
    }

    fn holds_atom(&self, atom: &ast::CfgAtom) -> bool {
        if atom.true_token().is_some() {
            return true;
        }
        let Some(name) = atom.ident_token() else { return false };
        match atom.string_token() {
            Some(value) => self.has(&format!("{}={}", name.text(), value.text())),
            None => self.has(name.text()),
        }
    }
}

//! Writes the function that a cell exports. Each statement runs in a guard of its own, so that a failing `?` or a panic
//! keeps the variables bound before it, but for names that are bound again behind it ([`Survival::Each`]); a cell whose
//! borrows do not allow that has one guard around all ([`Survival::Whole`]). Imports: ledger, lines, definitions, generated.

use std::collections::{BTreeMap, BTreeSet};

use super::definitions::Definitions;
use super::generated::{Generated, Variable};
use super::ledger::Statement;
use super::lines::Lines;

/// Which variables outlive a failure in the middle of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// Those bound before it.
    Each,
    /// Those of earlier cells.
    Whole,
}

/// The exported function that runs the statements.
pub struct Function<'a> {
    pub generated: &'a Generated,
    pub survival: Survival,
    pub definitions: Definitions<'a>,
}

const STORE: &str = "evcxr_variable_store";
const BEGIN: &str = "|| -> ::std::result::Result<_, ::lazuli_cell::Failure> {";

/// The names that statements bind.
fn names<'s>(groups: &[&'s [Statement]]) -> BTreeSet<&'s str> {
    let bindings = groups.iter().copied().flatten().flat_map(|statement| &statement.binds);
    bindings.map(|binding| &*binding.name).collect()
}

impl Function<'_> {
    /// Adds it to `root`, which is one line so far.
    pub fn write(&self, statements: &[Statement], root: &mut String) {
        let mut out = Lines::after(std::mem::take(root));
        let name = &self.generated.function;
        out.push(&format!(
            "#[unsafe(no_mangle)] pub extern \"C\" fn {name}({STORE}: *mut ::lazuli_cell::Store) -> *mut ::lazuli_cell::Store {{ \
             let {STORE} = unsafe {{ &mut *{STORE} }}; let mut evcxr_found = true;"
        ));
        for Variable { name, type_name, .. } in &self.generated.loaded {
            let fingerprint = self.definitions.fingerprint(type_name);
            out.push(&format!("evcxr_found &= {STORE}.has::<{type_name}>(stringify!({name}), {fingerprint});"));
        }
        out.push(&format!("if !evcxr_found {{ return {STORE}; }}"));
        for Variable { name, type_name, is_mutable } in &self.generated.loaded {
            let mutability = if *is_mutable { "mut " } else { "" };
            out.push(&format!("let {mutability}{name} = {STORE}.take::<{type_name}>(stringify!({name}));"));
        }
        out.push("'evcxr_cell: {");
        let groups = self.groups(statements);
        for (at, group) in groups.iter().enumerate() {
            // A name that is bound again below may have another type by then.
            let (above, below) = groups.split_at(at);
            self.write_group(group, &(&names(above) - &names(below)), &mut out);
        }
        out.push(&self.put_all(&names(&groups)));
        out.push("}");
        for Variable { name, type_name, .. } in &self.generated.kept {
            out.push(&self.put(name, type_name));
        }
        out.push(STORE);
        out.push("}");
        *root = out.text;
    }

    /// Statements that share a guard: each `let` has its own, what stands between two is one.
    fn groups<'s>(&self, statements: &'s [Statement]) -> Vec<&'s [Statement]> {
        match self.survival {
            Survival::Whole => vec![statements],
            Survival::Each => statements.chunk_by(|a, b| a.binds.is_empty() && b.binds.is_empty()).collect(),
        }
    }

    fn write_group(&self, group: &[Statement], rescued: &BTreeSet<&str>, out: &mut Lines) {
        let Some(first) = group.first() else { return };
        // Of two bindings of a name the later one is meant.
        let new: BTreeMap<&str, bool> =
            group.iter().flat_map(|statement| &statement.binds).map(|b| (&*b.name, b.is_mutable)).collect();
        let new: Vec<_> = new.into_iter().filter(|(name, _)| self.leaves_its_guard(name)).collect();
        let pattern: String =
            new.iter().map(|(name, is_mutable)| format!("{}{name},", if *is_mutable { "mut " } else { "" })).collect();
        let values: String = new.iter().map(|(name, _)| format!("{name},")).collect();
        out.push(&format!("let ({pattern}) = match ::lazuli_cell::guard({}, {BEGIN}", first.line));
        for statement in group {
            out.go_to(statement.line);
            if statement.is_shown {
                out.push("::lazuli_cell::show!(");
                out.push(&statement.text);
                out.push(");");
            } else {
                out.push(&statement.text);
                out.push(";");
            }
        }
        let rescued = self.put_all(rescued);
        out.push(&format!(
            "::std::result::Result::Ok(({values})) }}) {{ ::std::option::Option::Some(evcxr_bound) => evcxr_bound, \
             ::std::option::Option::None => {{ {rescued} break 'evcxr_cell; }} }};"
        ));
    }

    /// With one guard around all, only what evcxr keeps has to leave it; with several, later statements need every name.
    fn leaves_its_guard(&self, name: &str) -> bool {
        self.survival == Survival::Each || self.generated.bound.iter().any(|variable| variable.name == name)
    }

    fn put_all(&self, bound: &BTreeSet<&str>) -> String {
        let bound = |variable: &&Variable| bound.contains(&*variable.name);
        self.generated.bound.iter().filter(bound).map(|v| self.put(&v.name, &v.type_name)).collect()
    }

    fn put(&self, name: &str, type_name: &str) -> String {
        let fingerprint = self.definitions.fingerprint(type_name);
        format!("{STORE}.put::<{type_name}>(stringify!({name}), {fingerprint}, {name});")
    }
}

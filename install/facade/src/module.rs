//! From `mod name;` to the file that holds it.

use std::path::{Path, PathBuf};

/// A `mod name;` found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The inline modules around it in its file, outermost first.
    pub inside: Vec<String>,
    /// Its name.
    pub name: String,
    /// What its `#[path]` says.
    pub path: Option<String>,
    /// Where the `;` of its declaration stands in the stripped text; none if a macro writes the declaration.
    pub at: Option<usize>,
}

impl Module {
    /// The files that may hold it, when it is declared in `file`; `root` says whether that is its crate's first file.
    ///
    /// ```
    /// # use lazuli_facade::Module; use std::path::{Path, PathBuf};
    /// let module = Module { inside: vec![], name: "b".into(), path: None, at: None };
    /// assert_eq!(module.files(Path::new("src/a.rs"), false), ["src/a/b.rs", "src/a/b/mod.rs"].map(PathBuf::from));
    /// ```
    pub fn files(&self, file: &Path, root: bool) -> Vec<PathBuf> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let owns_folder = root || file.file_name().is_some_and(|name| name == "mod.rs");
        let mut children = folder.to_owned();
        if !owns_folder {
            children.extend(file.file_stem());
        }
        children.extend(&self.inside);
        match &self.path {
            Some(path) if self.inside.is_empty() => vec![plain(&folder.join(path))],
            Some(path) => vec![plain(&children.join(path))],
            None => {
                let name = self.name.trim_start_matches("r#");
                vec![children.join(format!("{name}.rs")), children.join(name).join("mod.rs")]
            }
        }
    }
}

/// The path without `..` and `.`.
fn plain(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(inside: &[&str], path: Option<&str>, file: &str, root: bool, expected: &[&str]) {
        let inside = inside.iter().map(|name| (*name).to_owned()).collect();
        let module = Module { inside, name: "r#mod".to_owned(), path: path.map(str::to_owned), at: None };
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(module.files(Path::new(file), root), expected);
    }

    #[test]
    fn a_module_lies_where_rustc_looks_for_it() {
        check(&[], None, "src/lib.rs", true, &["src/mod.rs", "src/mod/mod.rs"]);
        check(&["a"], None, "src/b/mod.rs", false, &["src/b/a/mod.rs", "src/b/a/mod/mod.rs"]);
        check(&[], Some("../x.rs"), "src/b/c.rs", false, &["src/x.rs"]);
        check(&["a"], Some("x.rs"), "src/b/c.rs", false, &["src/b/c/a/x.rs"]);
        check(&[], Some("../../stdarch/x.rs"), "src/lib.rs", true, &["../stdarch/x.rs"]);
    }
}

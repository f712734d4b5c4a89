//! The fonts of this machine: a sans-serif one to write with, and others for what it lacks. Imports: nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use ttf_parser::Face;

use super::paint::{Glyph, Outliner};

/// Where fonts are kept; `~` is the user's folder.
const FOLDERS: [&str; 7] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
];

/// Files of sans-serif fonts, the best first, and of their bold letters.
const KNOWN: [(&str, &str); 9] = [
    ("Roboto-Regular.ttf", "Roboto-Medium.ttf"),
    ("NotoSans-Regular.ttf", "NotoSans-SemiBold.ttf"),
    ("OpenSans-Regular.ttf", "OpenSans-SemiBold.ttf"),
    ("Ubuntu-R.ttf", "Ubuntu-B.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    ("Arial.ttf", "Arial Bold.ttf"),
    ("arial.ttf", "arialbd.ttf"),
    ("FreeSans.ttf", "FreeSansBold.ttf"),
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
];

/// No more fonts than this are asked for a letter that the first has not.
const MOST_ASKED: usize = 60;

pub(super) struct Fonts {
    regular: Vec<u8>,
    bold: Vec<u8>,
    others: Vec<PathBuf>,
    /// The letters that were asked for, and whether as bold ones.
    known: RefCell<HashMap<(char, bool), Glyph>>,
}

impl Fonts {
    /// What there is to write with, if anything.
    pub(super) fn of_this_machine() -> Option<Fonts> {
        let mut files = Vec::new();
        for folder in FOLDERS {
            let home = std::env::home_dir().unwrap_or_default();
            let folder = folder.strip_prefix("~/").map_or_else(|| PathBuf::from(folder), |inside| home.join(inside));
            collect(&folder, 6, &mut files);
        }
        files.sort();
        Fonts::among(files)
    }

    fn among(files: Vec<PathBuf>) -> Option<Fonts> {
        let named = |name: &str| files.iter().find(|file| file.file_name().is_some_and(|known| known == name));
        let known = KNOWN.iter().find_map(|(regular, bold)| Some((named(regular)?, named(bold))));
        let upright = |file: &&PathBuf| {
            let data = fs::read(file).unwrap_or_default();
            Face::parse(&data, 0)
                .is_ok_and(|face| face.is_regular() && !face.is_monospaced() && face.glyph_index('a').is_some())
        };
        let (regular, bold) = known.or_else(|| Some((files.iter().find(upright)?, None)))?;
        let read = |file: &PathBuf| fs::read(file).ok().filter(|data| Face::parse(data, 0).is_ok());
        let regular = read(regular)?;
        let bold = bold.and_then(read).unwrap_or_else(|| regular.clone());
        Some(Fonts { regular, bold, others: files, known: RefCell::default() })
    }

    /// How a letter is drawn; one that no font has is drawn as the sign for that, if one has that.
    pub(super) fn glyph(&self, character: char, bold: bool) -> Glyph {
        let mut known = self.known.borrow_mut();
        known.entry((character, bold)).or_insert_with(|| self.found(character, bold)).clone()
    }

    fn found(&self, character: char, bold: bool) -> Glyph {
        let own = if bold { &self.bold } else { &self.regular };
        let elsewhere =
            |character| self.others.iter().take(MOST_ASKED).find_map(|file| outlined(&fs::read(file).ok()?, character));
        let anywhere = |character| outlined(own, character).or_else(|| elsewhere(character));
        // Not every font has the sign for letters that it has not.
        anywhere(character).or_else(|| anywhere('\u{fffd}')).unwrap_or_default()
    }
}

/// The files of fonts in a folder and those below it.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        if ending.is_some_and(|ending| ["ttf", "otf", "ttc"].iter().any(|known| ending == *known)) {
            files.push(path);
        } else if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, depth - 1, files);
        }
    }
}

/// A letter of a font, if it has it.
fn outlined(font: &[u8], character: char) -> Option<Glyph> {
    let face = Face::parse(font, 0).ok()?;
    let id = face.glyph_index(character)?;
    let unit = f32::from(face.units_per_em());
    let mut glyph = Glyph { advance: f64::from(face.glyph_hor_advance(id)?) / f64::from(unit), ..Glyph::default() };
    let drawn = face.outline_glyph(id, &mut Outliner { glyph: &mut glyph, unit }).is_some();
    // Signs that are pictures, as those of emoji, have no outline; blanks need none.
    (drawn || character.is_whitespace()).then_some(glyph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_fonts_has_none() {
        assert!(Fonts::among(Vec::new()).is_none());
        assert!(Fonts::among(vec![PathBuf::from("/no/such/DejaVuSans.ttf")]).is_none());
    }

    #[test]
    fn letters_are_as_wide_as_their_font_says() {
        let Some(fonts) = Fonts::of_this_machine() else { return };
        let advance = |character| fonts.glyph(character, false).advance;
        assert!(advance('m') > advance('i') && advance(' ') > 0.0);
        assert!(fonts.glyph(' ', true).outline.is_empty() && !fonts.glyph('🦀', true).outline.is_empty());
    }
}

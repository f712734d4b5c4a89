//! Colours and type of every picture: safe for colour-blind readers, legible on their own light ground
//! whether the notebook is light or dark. Imports: nothing.

pub(super) const FONT: &str = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
pub(super) const GROUND: &str = "#ffffff";
pub(super) const FRAME: &str = "#d0d7de";
pub(super) const INK: &str = "#1f2328";
pub(super) const FAINT: &str = "#59636e";
pub(super) const EDGE: &str = "#8c959f";
/// Lesser words on a card, legible on every colour that a card may have.
pub(super) const LESSER: &str = "#3d444d";

/// The colour of a collection, from the set of Okabe and Ito ("Color universal design", 2008).
pub(super) fn collection(name: &str) -> &'static str {
    match name {
        "Array" => "#0072b2",
        "Bag" => "#cc79a7",
        "DataFrame" => "#009e73",
        "Delayed" => "#e69f00",
        _ => "#6e7781",
    }
}

/// Colours of operations, in the order in which they should be given out; further ones share the last.
/// (The set of Okabe and Ito without black, and with grey.)
pub(super) const CATEGORIES: [&str; 8] =
    ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c959f"];

/// The colour of the operation with that number.
pub(super) fn category(number: usize) -> &'static str {
    CATEGORIES[number.min(CATEGORIES.len() - 1)]
}

/// The same, as light as the ground of a card must be for dark text.
pub(super) fn tint(number: usize) -> String {
    let category = category(number);
    let channel = |at: usize| u8::from_str_radix(&category[at..at + 2], 16).expect("categories are spelt so");
    mixed([channel(1), channel(3), channel(5)], 0.4)
}

/// From white to orange as `share` goes from 0 to 1; dark text stays legible on all of it.
pub(super) fn heat(share: f64) -> String {
    mixed([245, 158, 66], share)
}

/// The same from white to blue, for sizes.
pub(super) fn size(share: f64) -> String {
    mixed([123, 200, 232], share)
}

/// The same from white to green, for what comes first and last.
pub(super) fn order(share: f64) -> String {
    mixed([108, 197, 176], share)
}

/// White with `share` of a colour.
fn mixed(colour: [u8; 3], share: f64) -> String {
    let share = share.clamp(0.0, 1.0);
    let [red, green, blue] = colour.map(|full| (255.0 + (f64::from(full) - 255.0) * share).round() as u8);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, by WCAG 2.2.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let share = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn words_are_legible_on_every_ground() {
        let ramps = [heat, size, order].into_iter().flat_map(|ramp| [0.0, 0.5, 1.0].map(ramp));
        for ground in ramps.chain((0..CATEGORIES.len()).map(tint)) {
            for words in [INK, LESSER] {
                let contrast = (luminance(&ground) + 0.05) / (luminance(words) + 0.05);
                assert!(contrast >= 4.5, "{words} on {ground}: {contrast}");
            }
        }
    }

    #[test]
    fn ramps_get_darker_step_by_step() {
        for ramp in [heat, size, order] {
            let steps: Vec<f64> = (0..=20).map(|step| luminance(&ramp(f64::from(step) / 20.0))).collect();
            assert!(steps.is_sorted_by(|lighter, darker| lighter > darker), "{steps:?}");
        }
    }
}

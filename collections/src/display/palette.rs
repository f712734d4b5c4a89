//! Colours and type of every picture: safe for colour-blind readers, legible on their own light ground
//! whether the notebook is light or dark. Imports: nothing.

pub(super) const FONT: &str = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
pub(super) const GROUND: &str = "#ffffff";
pub(super) const FRAME: &str = "#d0d7de";
pub(super) const INK: &str = "#1f2328";
pub(super) const FAINT: &str = "#59636e";
pub(super) const EDGE: &str = "#8c959f";

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

/// From white to orange as `share` goes from 0 to 1; dark text stays legible on all of it.
pub(super) fn heat(share: f64) -> String {
    let share = share.clamp(0.0, 1.0);
    let channel = |cold: f64, hot: f64| (cold + (hot - cold) * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", channel(255.0, 245.0), channel(255.0, 158.0), channel(255.0, 66.0))
}

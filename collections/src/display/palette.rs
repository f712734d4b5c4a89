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

/// What is as it should be, how far something has come; and what must not be passed, or was stopped.
pub(super) const GOOD: &str = "#0072b2";
pub(super) const WARNING: &str = "#d55e00";
/// The ground of a lane in which nothing is going on.
pub(super) const LANE: &str = "#f3f5f7";

/// Colours of operations, in the order in which they should be given out; further ones share the last.
/// (The set of Okabe and Ito, with a dark grey in the place of black.)
pub(super) const CATEGORIES: [&str; 8] =
    ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#59636e"];

/// The same, as light as the ground of a card must be for dark text. They are not the same share of each colour: the
/// two blues would be one, and so would pink and grey be to those who see no green.
const TINTS: [&str; CATEGORIES.len()] =
    ["#8ebcd8", "#f0d38a", "#aadcbe", "#f4d1e3", "#b3dcfd", "#edbc95", "#f0eeb0", "#b5b5b5"];

/// The colour of the operation with that number.
pub(super) fn category(number: usize) -> &'static str {
    CATEGORIES[number.min(CATEGORIES.len() - 1)]
}

/// The ground of a card of that operation.
pub(super) fn tint(number: usize) -> &'static str {
    TINTS[number.min(TINTS.len() - 1)]
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

    type Three = [f64; 3];

    /// Red, green and blue as amounts of light.
    fn light(colour: &str) -> Three {
        [1, 3, 5].map(|at| {
            let share = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// Relative luminance, by WCAG 2.2.
    fn luminance(colour: &str) -> f64 {
        product(&[[0.2126, 0.7152, 0.0722]; 3], light(colour))[0]
    }

    fn product(matrix: &[Three; 3], by: Three) -> Three {
        matrix.map(|row| row.iter().zip(by).map(|(a, b)| a * b).sum())
    }

    /// How readers see: all colours; without red, or without green, wholly (Machado, Oliveira and Fernandes, "A
    /// physiologically-based model for simulation of color vision deficiency", 2009, severity 1).
    const SIGHTS: [(&str, [Three; 3]); 3] = [
        ("full", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        ),
    ];

    /// A colour as it is seen: a place in the space CIELAB of 1976, where distances are differences.
    fn seen(colour: &str, sight: &[Three; 3]) -> Three {
        let light = product(sight, light(colour)).map(|amount| amount.clamp(0.0, 1.0));
        let xyz = product(
            &[[0.412_456, 0.357_576, 0.180_438], [0.212_673, 0.715_152, 0.072_175], [0.019_334, 0.119_192, 0.950_304]],
            light,
        );
        let white = [0.950_47, 1.0, 1.088_83];
        let root = |amount: f64| if amount > 0.008_856 { amount.cbrt() } else { 7.787 * amount + 16.0 / 116.0 };
        let [x, y, z] = [0, 1, 2].map(|axis| root(xyz[axis] / white[axis]));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// Fails if two of these colours are nearer to each other than `least`, for anyone.
    fn check_apart(colours: &[&str], least: f64) {
        for (sight, matrix) in SIGHTS {
            for (index, colour) in colours.iter().enumerate() {
                for other in &colours[index + 1..] {
                    let (a, b) = (seen(colour, &matrix), seen(other, &matrix));
                    let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(apart >= least, "{sight}: {colour} and {other} are {apart:.1} apart");
                }
            }
        }
    }

    #[test]
    fn everyone_can_tell_colours_with_a_meaning_apart() {
        check_apart(&CATEGORIES, 15.0);
        check_apart(&TINTS, 11.0);
        check_apart(&["Array", "Bag", "DataFrame", "Delayed", ""].map(collection), 13.0);
        check_apart(&[GOOD, WARNING, FAINT], 15.0);
    }

    #[test]
    fn words_are_legible_on_every_ground() {
        let ramps = [heat, size, order].into_iter().flat_map(|ramp| [0.0, 0.5, 1.0].map(ramp));
        for ground in ramps.chain(TINTS.map(str::to_owned)) {
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

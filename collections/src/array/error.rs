//! What can be wrong with an array, all of it found when the graph is built.

/// Why an operation on an array cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// A chunk length of 0.
    #[error("chunks of length 0 along axis {axis} of shape {}; give a length of at least 1", tuple(.shape))]
    ZeroChunk {
        /// The axis.
        axis: usize,
        /// The shape to be cut.
        shape: Vec<usize>,
    },
    /// A list of chunk lengths that has not one entry for each axis.
    #[error(
        "{given} chunk lengths for the {} axes of shape {}; give one length for all axes, or one for each",
        .shape.len(), tuple(.shape)
    )]
    ChunkAxes {
        /// How many were given.
        given: usize,
        /// The shape to be cut.
        shape: Vec<usize>,
    },
    /// Explicit chunk lengths that do not add up to the axis.
    #[error("the chunks along axis {axis} add up to {sum}, the axis of shape {} has length {}", tuple(.shape), .shape[*.axis])]
    ChunkSum {
        /// The axis.
        axis: usize,
        /// What the lengths add up to.
        sum: usize,
        /// The shape to be cut.
        shape: Vec<usize>,
    },
    /// A standard deviation that no distribution has.
    #[error("a standard deviation of {deviation}; give a finite number of at least 0")]
    Deviation {
        /// What was given.
        deviation: f64,
    },
    /// More chunks than a run can number.
    #[error("shape {} would be cut into more than {} chunks; give longer chunks", tuple(.shape), u32::MAX)]
    TooManyChunks {
        /// The shape to be cut.
        shape: Vec<usize>,
    },
    /// More elements than an address can count.
    #[error("an array of shape {} has more elements than can be counted", tuple(.shape))]
    TooLarge {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Two shapes that do not fit together.
    #[error(
        "shapes {} and {} do not broadcast: counted from the last axis, lengths must be equal or one of them 1",
        tuple(.left), tuple(.right)
    )]
    Broadcast {
        /// Shape of the left operand.
        left: Vec<usize>,
        /// Shape of the right operand.
        right: Vec<usize>,
    },
    /// An axis that the array does not have.
    #[error("there is no axis {axis} in an array of shape {}; {}", tuple(.shape), axes(.shape.len()))]
    NoAxis {
        /// The axis asked for.
        axis: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// An axis named twice.
    #[error("axis {axis} is named twice; name each axis once")]
    RepeatedAxis {
        /// The axis.
        axis: usize,
    },
    /// A permutation that leaves out axes.
    #[error("{given} axes for an array of shape {}; name each of its {} axes once", tuple(.shape), .shape.len())]
    NotPermutation {
        /// How many were given.
        given: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A chunk that the array does not have.
    #[error("there is no block {} in a grid of {} blocks", tuple(.block), tuple(.grid))]
    NoBlock {
        /// The index asked for.
        block: Vec<usize>,
        /// Number of blocks along each axis.
        grid: Vec<usize>,
    },
    /// A minimum or maximum of nothing.
    #[error("the {reduction} over axis {axis} of shape {} has no elements to choose from", tuple(.shape))]
    NothingToReduce {
        /// `min` or `max`.
        reduction: &'static str,
        /// The empty axis.
        axis: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
}

/// Numbers as Rust and Python write a tuple.
pub(super) fn tuple(numbers: &[usize]) -> String {
    match numbers {
        [one] => format!("({one},)"),
        many => {
            let numbers: Vec<_> = many.iter().map(usize::to_string).collect();
            format!("({})", numbers.join(", "))
        }
    }
}

fn axes(ndim: usize) -> String {
    match ndim {
        0 => "it has none".to_owned(),
        1 => "its only axis is 0".to_owned(),
        _ => format!("its axes are 0 to {}", ndim - 1),
    }
}

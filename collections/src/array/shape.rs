//! How shapes, axes and chunks are written: a number, a tuple, an array or a `Vec`.

/// A whole number for each axis of a shape or an index, or a list of axes: `7`, `(1000, 20)`, `[2, 3]`, a `Vec`.
///
/// ```
/// use lazuli::array::{PerAxis, zeros};
/// assert_eq!((2, 3).per_axis(), vec![2, 3]);
/// assert_eq!(zeros((2, 3), 1).shape(), zeros([2, 3], 1).shape());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no shape, index or list of axes",
    note = "write a `usize`, or a tuple, array or Vec of them: `(1000, 20)`"
)]
pub trait PerAxis {
    /// The numbers, first axis first.
    fn per_axis(self) -> Vec<usize>;
}

/// How an array is cut into chunks: one length for all axes, or one for each (a tuple, an array, a `Vec<usize>`),
/// or every length along every axis (`Vec<Vec<usize>>`, as [`Array::chunks`](crate::Array::chunks) gives it).
/// A length beyond the axis means the whole axis.
///
/// ```
/// use lazuli::array::zeros;
/// assert_eq!(zeros((4, 6), 4).chunks(), [vec![4], vec![4, 2]]);
/// assert_eq!(zeros((4, 6), (2, 6)).chunks(), [vec![2, 2], vec![6]]);
/// assert_eq!(zeros((4, 6), vec![vec![1, 3], vec![6]]).numblocks(), [2, 1]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how to cut an array into chunks",
    note = "write one length for all axes, or one for each: `(100, 20)`"
)]
pub trait IntoChunks {
    /// The same as a value.
    fn into_chunks(self) -> ChunkLengths;
}

/// What [`IntoChunks`] says, not yet held against a shape.
///
/// ```
/// use lazuli::array::{ChunkLengths, IntoChunks};
/// assert_eq!(100.into_chunks(), ChunkLengths::Same(100));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkLengths {
    /// One length for every chunk along every axis.
    Same(usize),
    /// One length for each axis.
    PerAxis(Vec<usize>),
    /// The length of every chunk along each axis.
    Every(Vec<Vec<usize>>),
}

impl PerAxis for usize {
    fn per_axis(self) -> Vec<usize> {
        vec![self]
    }
}

impl IntoChunks for usize {
    fn into_chunks(self) -> ChunkLengths {
        ChunkLengths::Same(self)
    }
}

impl IntoChunks for Vec<Vec<usize>> {
    fn into_chunks(self) -> ChunkLengths {
        ChunkLengths::Every(self)
    }
}

impl IntoChunks for ChunkLengths {
    fn into_chunks(self) -> ChunkLengths {
        self
    }
}

macro_rules! lists {
    ($(($($generic:tt)*) $List:ty, $list:ident => $numbers:expr;)*) => {$(
        impl<$($generic)*> PerAxis for $List {
            fn per_axis(self) -> Vec<usize> {
                let $list = self;
                $numbers
            }
        }

        impl<$($generic)*> IntoChunks for $List {
            fn into_chunks(self) -> ChunkLengths {
                ChunkLengths::PerAxis(self.per_axis())
            }
        }
    )*};
}

lists! {
    () Vec<usize>, list => list;
    () &Vec<usize>, list => list.clone();
    () &[usize], list => list.to_vec();
    (const N: usize) [usize; N], list => list.to_vec();
    (const N: usize) &[usize; N], list => list.to_vec();
    () (), _list => Vec::new();
    () (usize,), list => vec![list.0];
    () (usize, usize), list => vec![list.0, list.1];
    () (usize, usize, usize), list => vec![list.0, list.1, list.2];
    () (usize, usize, usize, usize), list => vec![list.0, list.1, list.2, list.3];
    () (usize, usize, usize, usize, usize), list => vec![list.0, list.1, list.2, list.3, list.4];
    () (usize, usize, usize, usize, usize, usize), list => vec![list.0, list.1, list.2, list.3, list.4, list.5];
}

//! What `compute()` of an array returns: an `ndarray` that a cell can hold without compiling `ndarray`'s code.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

use super::Dtype;

/// The computed elements of an [`Array`](crate::Array): derefs to an `ndarray`, and gives it up with
/// [`into_inner`](Values::into_inner).
///
/// ```
/// let values = lazuli::array::ones((2, 3), 2).compute()?;
/// assert_eq!(values.shape(), [2, 3]);
/// assert_eq!(values[[1, 2]], 1.0);
/// assert_eq!(values.to_string(), "[[1, 1, 1],\n [1, 1, 1]]");
/// # Ok::<(), lazuli::Error>(())
/// ```
///
/// Its drop is this library's, so that a live variable of this type costs later cells nothing.
pub struct Values<T: Dtype>(ManuallyDrop<ArrayD<T>>);

impl<T: Dtype> Values<T> {
    pub(super) fn new(array: ArrayD<T>) -> Self {
        Values(ManuallyDrop::new(array))
    }

    /// The `ndarray` itself.
    ///
    /// ```
    /// let array: ndarray::ArrayD<f64> = lazuli::array::ones(3, 2).compute()?.into_inner();
    /// assert_eq!(array.sum(), 3.0);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    pub fn into_inner(mut self) -> ArrayD<T> {
        T::take(&mut self.0)
    }
}

impl<T: Dtype> Deref for Values<T> {
    type Target = ArrayD<T>;

    fn deref(&self) -> &ArrayD<T> {
        &self.0
    }
}

impl<T: Dtype> Drop for Values<T> {
    fn drop(&mut self) {
        // Leaves an empty array, which owns nothing.
        T::free(&mut self.0);
    }
}

impl<T: Dtype> Clone for Values<T> {
    fn clone(&self) -> Self {
        Values::new(T::copy(&self.0))
    }
}

/// Equal shapes and elements, whatever kind of `ndarray` it is compared with.
impl<T: Dtype, S: Data<Elem = T>, D: Dimension> PartialEq<ArrayBase<S, D>> for Values<T> {
    fn eq(&self, other: &ArrayBase<S, D>) -> bool {
        self.0.view() == other.view().into_dyn()
    }
}

impl<T: Dtype> PartialEq for Values<T> {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl<T: Dtype> fmt::Debug for Values<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::debug(&self.0, f)
    }
}

impl<T: Dtype> fmt::Display for Values<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::display(&self.0, f)
    }
}

//! A sample of ndarray.

use ndarray::*;

types! {
    let zeros: ArrayBase<OwnedRepr<f64>, Dim<[usize; 2]>, f64> = Array2::<f64>::zeros((3, 4));
    let mean: ArrayBase<OwnedRepr<f64>, Dim<[usize; 1]>, f64> = zeros.mean_axis(Axis(0)).unwrap();
    let product: ArrayBase<OwnedRepr<f64>, Dim<[usize; 2]>, f64> = zeros.dot(&zeros.t());
    let sum: f64 = zeros.sum();
    let scaled: ArrayBase<OwnedRepr<f64>, Dim<[usize; 2]>, f64> = &zeros * 2.0 + 1.0;
    let dynamic: ArrayBase<OwnedRepr<f64>, Dim<IxDynImpl>, f64> = zeros.clone().into_dyn();
    let shape: Vec<usize> = zeros.shape().to_vec();
    let mapped: ArrayBase<OwnedRepr<i32>, Dim<[usize; 2]>, i32> = zeros.mapv(|x| x as i32);
    let listed: ArrayBase<OwnedRepr<i32>, Dim<[usize; 1]>, i32> = array![1, 2, 3];
    let sliced: ArrayBase<OwnedRepr<f64>, Dim<[usize; 1]>, f64> = zeros.slice(s![.., 0]).to_owned();
}

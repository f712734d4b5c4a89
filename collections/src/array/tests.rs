//! The laws of arrays: any chunking equals ndarray, schedulers equal each other, NumPy's rules for types.

use ndarray::{ArrayD, Axis, Dimension, IxDyn, array};
use proptest::prelude::*;

use super::dtype::DtypeId;
use super::*;
use crate::graph::Operation;
use crate::{ErrorKind, Scheduler, with_config};

/// A shape of up to three axes, and two ways to cut it.
fn shape_and_chunks() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<usize>)> {
    prop::collection::vec((1..7_usize, 1..5_usize, 1..5_usize), 0..4).prop_map(|axes| {
        (axes.iter().map(|a| a.0).collect(), axes.iter().map(|a| a.1).collect(), axes.iter().map(|a| a.2).collect())
    })
}

/// Small whole numbers, different ones at neighbouring places.
fn counted<T: Dtype>(shape: &[usize], number: fn(i32) -> T) -> ArrayD<T> {
    let mut next = 0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        next += 1;
        number(next * 7 % 23 - 11)
    })
}

/// What `lazy` computes on every scheduler, which must be the same.
fn everywhere<L: Lazy>(lazy: &L) -> L::Output
where
    L::Output: PartialEq + fmt::Debug,
{
    let [first, second, third] =
        Scheduler::ALL.map(|scheduler| with_config(scheduler, || crate::lazy::compute(lazy)).expect("the graph runs"));
    assert_eq!(first, second);
    assert_eq!(first, third);
    first
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_two_chunkings_operate_as_ndarray((shape, cut, other_cut) in shape_and_chunks()) {
        let (a, b) = (counted(&shape, f64::from), counted(&shape, |i| f64::from(3 - i) + 0.5));
        let (x, y) = (from_ndarray(&a, cut), from_ndarray(&b, other_cut));
        prop_assert_eq!(everywhere(&(&x - &y)), &a - &b);
        prop_assert_eq!(everywhere(&(&x / &y * 2.0)), &a / &b * 2.0);
        prop_assert_eq!(everywhere(&(1.0 - x.t()).abs().sqrt()), (1.0 - &a.t()).mapv(|x| x.abs().sqrt()));
    }

    #[test]
    fn any_chunking_broadcasts_as_ndarray((shape, cut, other_cut) in shape_and_chunks(), ones in any::<[bool; 3]>(), skipped in 0..4_usize) {
        let a = counted(&shape, i64::from);
        let skipped = skipped.min(shape.len());
        let narrow: Vec<_> = shape.iter().zip(ones).map(|(&n, one)| if one { 1 } else { n }).skip(skipped).collect();
        let b = counted(&narrow, |i| i64::from(i) * 100);
        let (x, y) = (from_ndarray(&a, cut), from_ndarray(&b, other_cut[skipped..].to_vec()));
        prop_assert_eq!(everywhere(&(&x - &y)), &a - &b);
        prop_assert_eq!(everywhere(&(&y - &x)), &b - &a);
    }

    #[test]
    fn any_chunking_reduces_as_ndarray((shape, cut, _) in shape_and_chunks(), chosen in any::<[bool; 3]>()) {
        let a = counted(&shape, |i| i as i16);
        let x = from_ndarray(&a, cut);
        prop_assert_eq!(everywhere(&x.sum()), a.iter().map(|&i| i64::from(i)).sum::<i64>());
        prop_assert_eq!(everywhere(&x.min()), *a.iter().min().unwrap());
        prop_assert_eq!(everywhere(&x.max()), *a.iter().max().unwrap());
        let axes: Vec<_> = (0..shape.len()).filter(|&axis| chosen[axis]).collect();
        let mut sums = a.mapv(i64::from);
        for &axis in axes.iter().rev() {
            sums = sums.sum_axis(Axis(axis));
        }
        let count: usize = axes.iter().map(|&axis| shape[axis]).product();
        prop_assert_eq!(everywhere(&x.mean_axis(&axes).unwrap()), sums.mapv(|sum| sum as f64 / count as f64));
        prop_assert_eq!(everywhere(&x.sum_axis(&axes).unwrap()), sums);
    }

    #[test]
    fn any_chunking_is_gathered_in_place((shape, cut, _) in shape_and_chunks()) {
        let a = counted(&shape, |i| i % 2 == 0);
        let x = from_ndarray(&a, cut);
        prop_assert_eq!(everywhere(&x), a.clone());
        prop_assert_eq!(everywhere(&x.t()), a.t().to_owned());
        prop_assert_eq!(everywhere(&x.persist().unwrap().astype::<u8>()), a.mapv(u8::from));
        prop_assert_eq!(everywhere(&x.sum()), a.iter().filter(|&&b| b).count() as i64);
    }
}

#[test]
fn a_run_changes_no_array_that_is_held() {
    let x = random((20, 20), 7, 1).persist().unwrap();
    let before = x.compute().unwrap().into_inner();
    let doubled = everywhere(&(&x + &x)).into_inner();
    assert_eq!(doubled, &before * 2.0);
    let source = random((20, 20), 7, 1);
    let (kept, negated) = crate::compute!(source, -&source).unwrap();
    assert_eq!(kept, before);
    assert_eq!(negated, -before);
}

#[test]
fn random_numbers_depend_on_seed_shape_and_chunks_only() {
    let x = everywhere(&random((30, 30), (10, 7), 7));
    assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
    assert_eq!(x, random((30, 30), (10, 7), 7).compute().unwrap());
    assert_ne!(x, random((30, 30), (10, 8), 7).compute().unwrap());
    let mut sorted = x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 900, "chunks have streams of their own");
    // A course shows these numbers: they must not change from one version to the next.
    assert_eq!(random(2, 2, 1).compute().unwrap(), array![0.0399226514415667, 0.4327449275927211]);
}

#[test]
fn normal_numbers_have_their_mean_and_deviation() {
    let x = normal(100_000, 999, -3.0, 0.5, 7);
    let numbers = everywhere(&x);
    let mean = numbers.sum() / 100_000.0;
    let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 100_000.0;
    assert!((mean + 3.0).abs() < 0.01 && (variance - 0.25).abs() < 0.01);
}

#[test]
#[should_panic(expected = "a standard deviation of NaN; give a finite number of at least 0")]
fn a_deviation_is_a_number() {
    let _ = normal(3, 2, 0.0, f64::NAN, 7);
}

#[test]
fn equal_work_has_one_key() {
    let key = |x: &Array<f64>| x.raw.node.layer().key();
    assert_eq!(key(&(random(9, 4, 1).sin() + 1.0)), key(&(random(9, 4, 1).sin() + 1.0)));
    assert_ne!(key(&random(9, 4, 1)), key(&random(9, 5, 1)));
    assert_ne!(key(&(random(9, 4, 1) - 1.0)), key(&(1.0 - random(9, 4, 1))));
    assert_ne!(key(&ones((6, 6), 3)), key(&ones((6, 6), 2)));
    // Both trees have 4 tasks in their second level, which read other blocks.
    let (whole, along) = (ones((8, 8), 1).sum(), ones((8, 8), 1).sum_axis((0, 1)).unwrap());
    let level = |node: &Node| node.layer().inputs()[0].layer.key();
    assert_ne!(level(Lazy::node(&whole)), level(&along.raw.node));
}

#[test]
fn a_layer_knows_who_wrote_it() {
    let (x, y) = (ones(3, 2), ones(3, 1));
    let (sum, line) = (&x + &y, line!());
    assert_eq!(sum.raw.node.layer().origin().line(), line);
    let (mean, line) = (x.mean(), line!());
    assert_eq!(crate::lazy::Lazy::node(&mean).layer().origin().line(), line);
}

#[test]
fn pictures_say_dtype_shape_and_chunks() {
    let x = random((10_000, 10_000), 1_000, 7);
    let picture = x.raw.node.layer().picture();
    assert_eq!(picture.detail.to_string(), "f64 (10000, 10000) in chunks of (1000, 1000)");
    assert_eq!(*picture.grid, [10, 10]);
    assert_eq!(format!("{:?}", Array::full(3, true, 5)), "Array bool (3,) in one chunk");
}

/// Fixture A23, and what NumPy does where Rust's arithmetic would not.
#[test]
fn types_follow_numpy() {
    assert_eq!((from_ndarray(&array![127_i8], 1) + 1).compute().unwrap(), array![-128_i8]);
    assert_eq!(from_ndarray(&array![100_i8, 100, 100], 1).sum().compute().unwrap(), 300_i64);
    assert_eq!(from_ndarray(&array![true, true], 1).sum().compute().unwrap(), 2_i64);
    assert_eq!(from_ndarray(&array![1_f32, 2.0], 1).mean().compute().unwrap(), 1.5_f32);
    assert_eq!((1 / from_ndarray(&array![2_i32, -4, 0], 2)).compute().unwrap(), array![0.5, -0.25, f64::INFINITY]);
    assert_eq!((-Array::full(1, 1_u8, 1)).compute().unwrap(), array![255_u8]);
    assert_eq!(from_ndarray(&array![0.5, 1.5, -2.5], 2).round().compute().unwrap(), array![0.0, 2.0, -2.0]);
}

/// Fixtures A9 and A25.
#[test]
fn nan_wins_in_every_reduction() {
    let n = from_ndarray(&array![[1.0, f64::NAN, 3.0], [f64::NAN, f64::NAN, 6.0]], (1, 2));
    let means = n.mean_axis(0).unwrap().compute().unwrap();
    assert!(means[[0]].is_nan() && means[[1]].is_nan());
    assert_eq!(means[[2]], 4.5);
    assert!(n.max().compute().unwrap().is_nan() && n.min().compute().unwrap().is_nan());
    let larger = n.maximum(&ones(1, 1)).unwrap().compute().unwrap();
    assert!(larger[[0, 1]].is_nan());
}

/// Fixture A5.
#[test]
fn operators_cut_both_sides_alike() {
    let x = ones((4, 1), (2, 1)) + ones((1, 6), (1, 3));
    assert_eq!(x.chunks(), [vec![2, 2], vec![3, 3]]);
    let x = ones(10, vec![vec![3, 7]]) + ones(10, 5);
    assert_eq!(x.chunks(), [vec![3, 2, 5]]);
}

#[test]
fn arrays_without_elements_have_sums_and_no_minimum() {
    let none = zeros((0, 3), 2);
    assert_eq!(none.sum().compute().unwrap(), 0.0);
    assert!(none.mean().compute().unwrap().is_nan());
    assert_eq!(none.sum_axis(0).unwrap().compute().unwrap(), array![0.0, 0.0, 0.0]);
    assert_eq!(none.max_axis(1).unwrap().compute().unwrap().shape(), [0]);
    let error = none.max_axis(0).unwrap_err().to_string();
    assert_eq!(error, "the max over axis 0 of shape (0, 3) has no elements to choose from");
}

#[test]
fn wide_and_deep_trees_reach_one_number() {
    assert_eq!(everywhere(&ones(1000, 1).sum()), 1000.0);
    assert_eq!(everywhere(&ones((40, 40, 2), 1).sum_axis((0, 1)).unwrap()), array![1600.0, 1600.0]);
}

#[test]
#[should_panic(expected = "shapes (3,) and (4,) do not broadcast")]
fn operators_panic_when_shapes_do_not_broadcast() {
    let _ = ones(3, 2) + ones(4, 2);
}

#[test]
#[should_panic(expected = "chunks of length 0 along axis 1 of shape (4, 4); give a length of at least 1")]
fn zero_chunks_panic_before_anything_runs() {
    let _ = random((4, 4), (2, 0), 7);
}

#[test]
fn axes_are_checked_when_the_graph_is_built() {
    let x = ones((2, 3), 2);
    assert!(matches!(
        x.sum_axis(2).as_ref().map_err(|e| e.kind()),
        Err(ErrorKind::Array(ArrayError::NoAxis { axis: 2, .. }))
    ));
    assert!(matches!(
        x.sum_axis((1, 1)).as_ref().map_err(|e| e.kind()),
        Err(ErrorKind::Array(ArrayError::RepeatedAxis { axis: 1 }))
    ));
    assert!(matches!(x.block(1).as_ref().map_err(|e| e.kind()), Err(ErrorKind::Array(ArrayError::NoBlock { .. }))));
}

#[test]
fn a_block_of_very_many_costs_one_block() {
    let many = zeros((10_000, 10_000), (1, 1)) + 1.0;
    assert_eq!(many.npartitions(), 100_000_000);
    assert_eq!(many.block((9_999, 0)).unwrap().compute().unwrap().shape(), [1, 1]);
}

/// An expression over some arrays of one shape, or narrower ones that broadcast into it.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(usize),
    Unary(usize, Box<Tree>),
    Scalar(usize, bool, Box<Tree>),
    Pair(usize, Box<Tree>, Box<Tree>),
    Cast(usize, Box<Tree>),
    /// `t + t * 2`, t computed once.
    Diamond(Box<Tree>),
}

const LEAVES: usize = 7;

fn tree() -> impl Strategy<Value = Tree> {
    (0..LEAVES).prop_map(Tree::Leaf).prop_recursive(6, 24, 2, |tree| {
        let boxed = tree.prop_map(Box::new).boxed();
        prop_oneof![
            (0..4_usize, boxed.clone()).prop_map(|(function, t)| Tree::Unary(function, t)),
            (0..4_usize, any::<bool>(), boxed.clone()).prop_map(|(function, left, t)| Tree::Scalar(function, left, t)),
            (0..5_usize, boxed.clone(), boxed.clone()).prop_map(|(function, t, u)| Tree::Pair(function, t, u)),
            (0..3_usize, boxed.clone()).prop_map(|(to, t)| Tree::Cast(to, t)),
            boxed.prop_map(Tree::Diamond),
        ]
    })
}

impl Tree {
    /// The expression on our arrays, what `keep` does done to each step.
    fn ours(&self, leaves: &[Array<f64>], keep: fn(Array<f64>) -> Array<f64>) -> Array<f64> {
        let of = |tree: &Tree| tree.ours(leaves, keep);
        keep(match self {
            Tree::Leaf(leaf) => leaves[*leaf].clone(),
            Tree::Unary(0, t) => of(t).abs(),
            Tree::Unary(1, t) => -of(t),
            Tree::Unary(2, t) => of(t).sqrt(),
            Tree::Unary(_, t) => of(t).floor(),
            Tree::Scalar(0, _, t) => of(t) + 1.5,
            Tree::Scalar(1, true, t) => 2.0 - of(t),
            Tree::Scalar(1, false, t) => of(t) - 2.0,
            Tree::Scalar(2, _, t) => 3.0 * of(t),
            Tree::Scalar(_, true, t) => 4.0 / of(t),
            Tree::Scalar(_, false, t) => of(t) / 4.0,
            Tree::Pair(0, t, u) => of(t) + of(u),
            Tree::Pair(1, t, u) => of(t) - of(u),
            Tree::Pair(2, t, u) => of(t) * of(u),
            Tree::Pair(3, t, u) => of(t) / of(u),
            Tree::Pair(_, t, u) => of(t).minimum(&of(u)).unwrap(),
            Tree::Cast(0, t) => of(t).astype::<i32>().astype(),
            Tree::Cast(1, t) => of(t).astype::<f32>().astype(),
            Tree::Cast(_, t) => of(t).astype::<bool>().astype(),
            Tree::Diamond(t) => {
                let t = of(t);
                &t + &t * 2.0
            }
        })
    }

    /// The expression for one place.
    fn at(&self, leaves: &[f64]) -> f64 {
        let of = |tree: &Tree| tree.at(leaves);
        match self {
            Tree::Leaf(leaf) => leaves[*leaf],
            Tree::Unary(0, t) => of(t).abs(),
            Tree::Unary(1, t) => -of(t),
            Tree::Unary(2, t) => of(t).sqrt(),
            Tree::Unary(_, t) => of(t).floor(),
            Tree::Scalar(0, _, t) => of(t) + 1.5,
            Tree::Scalar(1, true, t) => 2.0 - of(t),
            Tree::Scalar(1, false, t) => of(t) - 2.0,
            Tree::Scalar(2, _, t) => 3.0 * of(t),
            Tree::Scalar(_, true, t) => 4.0 / of(t),
            Tree::Scalar(_, false, t) => of(t) / 4.0,
            Tree::Pair(0, t, u) => of(t) + of(u),
            Tree::Pair(1, t, u) => of(t) - of(u),
            Tree::Pair(2, t, u) => of(t) * of(u),
            Tree::Pair(3, t, u) => of(t) / of(u),
            Tree::Pair(_, t, u) => {
                let (t, u) = (of(t), of(u));
                if t.is_nan() || u.is_nan() { f64::NAN } else { t.min(u) }
            }
            Tree::Cast(0, t) => f64::from(of(t) as i32),
            Tree::Cast(1, t) => f64::from(of(t) as f32),
            Tree::Cast(_, t) => f64::from(u8::from(of(t) != 0.0)),
            Tree::Diamond(t) => {
                let t = of(t);
                t + t * 2.0
            }
        }
    }
}

/// Equal places, where NaN equals itself.
fn same(a: &ArrayD<f64>, b: &ArrayD<f64>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Joined operations make what each by itself makes, and what the expression says.
    #[test]
    fn fused_expressions_equal_their_steps_and_ndarray(
        (shape, cut, other_cut) in shape_and_chunks(),
        long in any::<bool>(),
        tree in tree(),
        ones in any::<[bool; 3]>(),
        chosen in any::<[bool; 3]>(),
    ) {
        // Long axes have more than one tile in a chunk.
        let (shape, cut, other_cut) = match shape.len() {
            1..3 if long => (vec![1500; shape.len()][..].iter().zip(&shape).map(|(a, b)| a / b).collect(), vec![2000; shape.len()], vec![40; shape.len()]),
            _ => (shape, cut, other_cut),
        };
        let a = counted(&shape, f64::from);
        let narrow: Vec<_> = shape.iter().zip(ones).map(|(&length, one)| if one { 1 } else { length }).collect();
        let row = counted(&narrow, |i| f64::from(i) / 2.0);
        let turned = counted(&shape.iter().rev().copied().collect::<Vec<_>>(), |i| f64::from(i * 2));
        let reversed = |cut: &[usize]| cut.iter().rev().copied().collect::<Vec<_>>();
        let leaves: [Array<f64>; LEAVES] = [
            from_ndarray(&a, cut.clone()),
            from_ndarray(&a, cut.clone()).persist().unwrap(),
            from_ndarray(&row, cut.clone()),
            from_ndarray(&turned, reversed(&cut)).t().persist().unwrap(),
            random(shape.clone(), cut.clone(), 3),
            Array::full(shape.clone(), 7.0, cut.clone()),
            from_ndarray(&a, other_cut),
        ];
        let values = leaves.each_ref().map(|leaf| leaf.compute().unwrap().into_inner());
        let whole = &leaves[0] * 0.0;
        let fused = whole.try_add(&tree.ours(&leaves, |array| array)).unwrap();
        let steps = whole.try_add(&tree.ours(&leaves, |array| array.persist().unwrap())).unwrap();
        let expected = ArrayD::from_shape_fn(IxDyn(&shape), |index| {
            let of_row: Vec<_> = narrow.iter().zip(index.slice()).map(|(&n, &i)| if n == 1 { 0 } else { i }).collect();
            let at = |leaf: usize| if leaf == 2 { values[2][&*of_row] } else { values[leaf][&index] };
            values[0][&index] * 0.0 + tree.at(&std::array::from_fn::<f64, LEAVES, _>(at))
        });
        prop_assert!(same(&fused.compute().unwrap(), &expected));
        prop_assert!(same(&steps.compute().unwrap(), &expected));

        let axes: Vec<_> = (0..shape.len()).filter(|&axis| chosen[axis]).collect();
        let most = |array: &Array<f64>| array.max_axis(&axes).unwrap().compute().unwrap().into_inner();
        prop_assert!(same(&most(&fused), &most(&steps)));
        let sum = |array: &Array<f64>| array.sum_axis(&axes).unwrap().compute().unwrap().into_inner();
        for (a, b) in sum(&fused).iter().zip(&sum(&steps)) {
            prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0) || !a.is_finite() && !b.is_finite(), "{} is not {}", a, b);
        }
    }
}

#[test]
fn a_chain_longer_than_a_pass_is_computed() {
    let mut x = random((30, 30), 20, 1);
    let before = x.compute().unwrap().into_inner();
    for _ in 0..200 {
        x = x + 1.0;
    }
    let expected = before.mapv(|x| (0..200).fold(x, |x, _| x + 1.0));
    assert_eq!(everywhere(&x), expected);
}

#[test]
fn the_values_of_arrays_can_travel() {
    let x = random((30, 30), 20, 1);
    let (mean, sums, turned) = (x.mean(), x.sum_axis(0).unwrap(), x.t());
    for node in [&x.raw.node, Lazy::node(&mean), &sums.raw.node, &turned.raw.node] {
        let values = crate::schedule::run(&[node.layer().clone()]).unwrap();
        assert!(values.iter().all(|value| value.codec().is_some()));
    }
}

#[test]
fn a_failure_in_a_pass_is_that_of_its_operation() {
    use super::pass::{Code, Input, Operand, Pace, Pass};
    let falling = Operation::joining("fall", (), |()| {
        let dtype = DtypeId::F64;
        let input = Input { dtype, broadcast: false };
        let fall = Code::Map(std::sync::Arc::new(|_, _| panic!("a loop fell")), Pace::Fast);
        Pass::map(&[input], &[Operand::Input(0)], dtype, fall)
    });
    let x = random((30, 30), 20, 1).sin();
    let fallen: Array<f64> = Array::of(x.raw.mapped(falling, DtypeId::F64));
    let error = (fallen.cos() + 1.0).sum().compute().unwrap_err().to_string();
    assert!(error.starts_with("fall failed in partition") && error.contains("a loop fell"), "{error}");
}

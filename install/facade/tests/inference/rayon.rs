//! A sample of rayon.

use rayon::prelude::*;

types! {
    let doubled: Vec<u32> = vec![1u32, 2].par_iter().map(|x| x * 2).collect::<Vec<_>>();
    let total: u64 = (0..1000u64).into_par_iter().filter(|x| x % 3 == 0).sum::<u64>();
    let both: (u8, String) = rayon::join(|| 1u8, || "x".to_string());
}

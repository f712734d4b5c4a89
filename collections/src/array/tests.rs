//! The laws of arrays: any chunking equals ndarray, both schedulers equal each other.

#[test]
fn placeholder() {}

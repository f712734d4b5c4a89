//! Lazuli's Jupyter kernel.

pub mod interpreter;

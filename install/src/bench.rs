//! `cargo lab bench`: the figures that README.md shows, each table by the program that measures it.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::child;
use crate::error::Result;
use crate::lab;
use crate::place::Place;
use crate::python::Python;
use crate::toolchain::Toolchain;
use crate::workspace::{self, Workspace};

/// What cargo is told to build, and to run, the bench of the engine; the words are those of the one build.
pub const ENGINE: [&str; 6] = ["bench", "--workspace", "--profile", "dev", "--bench", "engine"];

/// A table that can be asked for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bench {
    /// How long cells take and what an idle kernel holds; other kernels may stand beside.
    Cells,
    /// What tasks, fused passes and memory cost; Dask stands beside.
    Engine,
}

impl Bench {
    const ALL: [Self; 2] = [Self::Cells, Self::Engine];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bench| bench.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cells => "cells",
            Self::Engine => "engine",
        }
    }

    fn run(self, options: &[OsString]) -> Result<ExitCode> {
        match self {
            Self::Cells => cells(options),
            Self::Engine => engine(options),
        }
    }
}

/// Runs a bench with its options, or each in turn when none is named; the first that fails is the last.
pub fn run(bench: Option<Bench>, options: &[OsString]) -> Result<ExitCode> {
    let benches = bench.as_ref().map_or(&Bench::ALL[..], std::slice::from_ref);
    for bench in benches {
        let code = bench.run(options)?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Sets up and measures kernels.
fn cells(options: &[OsString]) -> Result<ExitCode> {
    let place = lab::setup()?;
    let mut python = Python::of(&place, lab::REQUIREMENTS).command(&place, "python");
    python.arg(place.shipped("bench/cells.py")).args(options);
    child::code(&mut python, lab::SEE_DOCTOR)
}

/// Builds and runs the bench of the engine, which needs no kernel.
fn engine(options: &[OsString]) -> Result<ExitCode> {
    let place = Place::of_user()?;
    let toolchain = Toolchain::find(&place.checkout)?;
    let workspace = Workspace::read(&place.checkout, &toolchain)?;
    workspace::build(&place.checkout, &toolchain, &workspace, &[&ENGINE[..], &["--no-run"]].concat())?;
    let mut bench = child::command(&toolchain.cargo);
    bench.args(ENGINE).args(["--quiet", "--"]).args(dask(&place)).args(options).current_dir(&place.checkout);
    child::code(&mut bench, lab::SEE_DOCTOR)
}

/// Where the bench finds Dask; or why there is none, and then the rest is measured without it.
fn dask(place: &Place) -> Vec<OsString> {
    let peers = Python::of_peers(place);
    match peers.ensure() {
        Ok(()) => vec!["--dask".into(), peers.program("python").into(), place.shipped("bench/engine_dask.py").into()],
        Err(error) => vec!["--no-dask".into(), format!("its Python environment could not be made: {error}").into()],
    }
}

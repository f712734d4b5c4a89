"""Compilers that wait for the next cell: one loses nothing when they go, and they do not pile up."""

import os
import signal

from busy import compilers, until
from processes import lives

KINDS = ["1 + 1", "let mut n = 0; for i in 0..3 { n += i; }", "zeros((2, 2), (1, 1))", "from_sequence(0..3, 1).map(|n| n + 1)"]


def test_a_compiler_that_was_ended_is_missed_by_nobody(kernel):
    kernel.ok("let kept = zeros((2, 2), (1, 1));")
    waiting = until(lambda: compilers(kernel))
    for compiler in waiting:
        os.kill(compiler, signal.SIGKILL)
    assert float(kernel.ok("(&kept + 1.0).sum().compute()?").result) == 4.0
    assert until(lambda: set(compilers(kernel)) - set(waiting))


def test_few_compilers_wait_whatever_kinds_of_cells_were_run(kernel):
    for code in KINDS * 2:
        kernel.ok(code)
    until(lambda: len(compilers(kernel)) == 3)


def test_cells_with_attributes_of_their_own_have_compilers_of_their_own(kernel):
    kernel.ok("#![recursion_limit = \"200\"]\nlet kept = zeros((2, 2), (1, 1));")
    kernel.ok("macro_rules! deep { ($n:tt $($m:tt)*) => { 1 + deep!($($m)*) }; () => { 0 }; }")
    assert kernel.ok(f"deep!({'x ' * 150})").result == "150"


def test_a_compiler_ends_with_a_kernel_that_is_killed(kernel):
    kernel.ok("let kept = zeros((2, 2), (1, 1));")
    waiting = until(lambda: compilers(kernel))
    os.kill(kernel.process, signal.SIGKILL)
    until(lambda: not any(lives(compiler) for compiler in waiting))


def test_cells_get_no_features_that_rust_does_not_promise(kernel):
    message = "`#![feature]` may not be used on the stable release channel"
    for code in KINDS:
        assert kernel.fails(f"#![feature(never_type)]\n{code}").message == message

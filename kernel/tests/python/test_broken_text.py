"""Cells that break off, and cells that end their process: told where, and in words."""

import pytest


@pytest.mark.parametrize(
    ("code", "line"), [('let fine = 1;\nlet s = "abc', 2), ("let fine = 1;\nx =", 2), ("fn", 1), ("1 +", 1)]
)
def test_a_text_that_breaks_off_is_told_where(shared, code, line):
    cell = shared.fails(code)
    assert f"line {line}" in cell.traceback and f"{line} | {code.splitlines()[-1]}" in cell.traceback


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("std::process::exit(3)", "exit status 3"),
        ("std::process::abort()", "SIGABRT"),
        ("fn down(n: u64) -> u64 { 1 + down(std::hint::black_box(n)) }\ndown(1)", "its stack overflowed"),
        ("unsafe { *(8 as *mut i32) = 1; }", "SIGSEGV"),
    ],
)
def test_a_cell_that_ends_its_process_says_how_and_what_is_lost(shared, code, told):
    shared.ok("let lapis = 5;")
    cell = shared.fails(code)
    assert cell.reply["ename"] == "Crashed"
    assert told in cell.complaint and "Lost: lapis" in cell.complaint
    assert "Subprocess" not in cell.complaint
    assert shared.ok("1 + 1").result == "2"

"""A kernel whose installation changes under it, or is not what it was."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from browser import CHECKOUT
from jupyter_client.manager import KernelManager
from session import COLOURS, KERNEL, Session
from stage import copied

# Stands in for rustc. Once there is a file CHANGED it is another version, and refuses the library as rustc does.
COMPILER = """#!/bin/sh
if ! [ -e {changed} ]; then exec {rustc} "$@"; fi
if [ "$1" = -vV ]; then
    echo 'rustc 1.99.0 (abcdef 2030-01-01)'
else
    printf '%s\n' '{refusal}' >&2
    exit 1
fi
"""
REFUSAL = {
    "$message_type": "diagnostic",
    "message": "found crate `lazuli_cell` compiled by an incompatible version of rustc",
    "code": {"code": "E0514", "explanation": None},
    "level": "error",
    "spans": [],
    "children": [],
    "rendered": "error[E0514]: found crate `lazuli_cell` compiled by an incompatible version of rustc\n",
}


class Changing:
    """A staged build whose compiler can be replaced."""

    def __init__(self, folder: Path):
        self.home = copied(folder / "stage")
        manifest = self.home / "stage.json"
        stage = json.loads(manifest.read_text())
        self.version = stage["rustc_version"].splitlines()[0]
        self._changed = folder / "changed"
        compiler = folder / "rustc"
        refusal = json.dumps(REFUSAL).replace("'", "")
        compiler.write_text(COMPILER.format(changed=self._changed, rustc=stage["rustc"], refusal=refusal))
        compiler.chmod(0o755)
        manifest.write_text(json.dumps({**stage, "rustc": str(compiler)}))

    def update(self):
        self._changed.touch()


@pytest.fixture
def changing(tmp_path) -> Changing:
    return Changing(tmp_path)


def check(cell, version: str):
    for part in (version, "rustc 1.99.0", "run `cargo lab`"):
        assert part in cell.complaint, cell.complaint
    for noise in ("E0514", "linking", "lazuli_cell", "parsable"):
        assert noise not in cell.complaint, cell.complaint


def test_another_compiler_than_at_set_up_is_told(changing):
    changing.update()
    with Session(home=changing.home) as session:
        cell = session.fails("1 + 1")
        assert cell.reply["ename"] == "CompilerChanged"
        check(cell, changing.version)
        check(session.fails("2 + 2"), changing.version)


def test_compiler_that_changes_beside_a_running_kernel_is_told(changing):
    with Session(home=changing.home) as session:
        session.ok("let kept = 5;")
        changing.update()
        # The compiler that waits for this cell may be the old one still.
        session.run("kept + 1")
        check(session.fails("kept + 2"), changing.version)


def test_rebuild_beside_a_running_kernel(tmp_path):
    """Staged as set-up stages, then built anew and cleaned as cargo does: files replaced, then gone."""
    target = copied(tmp_path / "target")
    with Session(home=copied(tmp_path / "stage", target)) as session:
        session.ok("let before = zeros((4, 4), (2, 2));")
        for built in [*target.glob("bin/*"), *target.glob("deps/*")]:
            built.unlink()
            built.write_text("the next build")
        session.ok("let meanwhile = ones((4, 4), (2, 2));")
        shutil.rmtree(target)
        assert float(session.ok("(&before + &meanwhile).sum().compute()?").result) == 16.0


def test_kernelspec_says_what_jupyter_needs():
    spec = KernelManager(kernel_name=KERNEL).kernel_spec
    assert (spec.display_name, spec.language, spec.interrupt_mode) == ("Rust (Lazuli)", "rust", "message")
    assert all(Path(path).is_absolute() for path in (spec.argv[0], spec.env["LAZULI_HOME"], spec.env["RUSTC"]))
    for logo in ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg"):
        assert (Path(spec.resource_dir) / logo).is_file()


# `cargo lab --run` by someone who has just cloned the project


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with nothing in it but a Python environment, which would take minutes to download: it borrows ours."""
    home = tmp_path_factory.mktemp("home")
    python = home / ".local/share/lazuli/python"
    python.mkdir(parents=True)
    for part in Path(sys.prefix).iterdir():
        (python / part.name).symlink_to(part)
    # By this set-up sees that nothing is missing.
    stamp = python / "lazuli-requirements.txt"
    stamp.unlink()
    lines = (CHECKOUT / "install/python/requirements.txt").read_text().splitlines()
    stamp.write_text("".join(f"{line}\n" for line in lines if not line.startswith("#")))
    return home


def lab_run(home: Path, *arguments) -> subprocess.CompletedProcess:
    foreign = ("XDG_", "JUPYTER", "IPYTHON", "LAZULI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    of_rust = {name: str(Path.home() / folder) for name, folder in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")]}
    environment = {**of_rust, **kept, "HOME": str(home)}
    command = ["cargo", "lab", "--run", *map(str, arguments)]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=600)


def written(notebook: Path, *sources: str) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]), notebook)
    return notebook


def test_lab_run_in_a_fresh_home_saves_the_executed_notebook(home, tmp_path):
    source = written(tmp_path / "two.ipynb", "let x = ones((8, 8), (4, 4));", "x.sum().compute()?")
    before, output = source.read_text(), tmp_path / "executed.ipynb"
    ended = lab_run(home, source, "--output", output)
    assert ended.returncode == 0, ended.stderr
    assert nbformat.read(output, as_version=4).cells[1].outputs[-1].data["text/plain"] == "64.0"
    assert source.read_text() == before
    spec = json.loads((home / ".local/share/jupyter/kernels/lazuli/kernel.json").read_text())
    assert Path(spec["argv"][0]).is_relative_to(home / ".local/share/lazuli/builds")


def test_lab_run_tells_the_error_of_a_failing_cell_and_ends_non_zero(home, tmp_path):
    notebook = written(tmp_path / "failing.ipynb", "let kept = 1;", 'let broken: i32 = "no number".parse()?;')
    ended = lab_run(home, notebook)
    assert ended.returncode == 1, ended.stderr
    assert "cell 2 of failing.ipynb failed" in ended.stderr
    assert "ParseIntError: invalid digit found in string" in COLOURS.sub("", ended.stderr)
    assert nbformat.read(notebook, as_version=4).cells[1].outputs[-1].output_type == "error"

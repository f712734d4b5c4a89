"""A kernel whose installation changes under it, or is not what it was."""

import json
import shutil
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager
from session import KERNEL, Session
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
        check(session.fails("kept + 1"), changing.version)


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

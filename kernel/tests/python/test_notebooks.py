"""Every notebook of the course runs to its end without a browser."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

CHECKOUT = Path(os.environ.get("LAZULI_CHECKOUT", Path(__file__).parents[3]))
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))


def run(notebook: Path, output: Path) -> subprocess.CompletedProcess:
    script = CHECKOUT / "install/python/run_notebook.py"
    return subprocess.run([sys.executable, script, notebook, output], capture_output=True, text=True)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(notebook, tmp_path):
    output = tmp_path / notebook.name
    ended = run(notebook, output)
    assert ended.returncode == 0, ended.stderr
    cells = nbformat.read(output, as_version=4).cells
    bundles = [item.get("data", {}) for cell in cells for item in cell.get("outputs", [])]
    assert any("data:image/svg+xml" in bundle.get("text/html", "") for bundle in bundles), "it has pictures"


def test_failing_cell_ends_the_run_with_its_error(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("let before = 1;"),
            nbformat.v4.new_code_cell('let broken: i32 = "no number".parse()?;'),
            nbformat.v4.new_code_cell('println!("never");'),
        ]
    )
    source, output = tmp_path / "failing.ipynb", tmp_path / "out.ipynb"
    nbformat.write(notebook, source)
    ended = run(source, output)
    assert ended.returncode == 1
    assert "cell 2 of failing.ipynb failed" in ended.stderr
    assert "invalid digit" in ended.stderr
    saved = nbformat.read(output, as_version=4)
    assert saved.cells[1].outputs[-1].output_type == "error"
    assert not saved.cells[2].outputs, "nothing ran after the error"

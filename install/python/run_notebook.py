"""Run a notebook without a browser and save it: `run_notebook.py NOTEBOOK OUTPUT [--timeout SECONDS]`.

Tells on stderr which cell runs. When a cell fails, or takes longer than it may, the notebook is saved as far as it came, the
cell's source and error are printed, and the exit code is 1.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


def main(source: Path, target: Path, timeout: int | None) -> int:
    try:
        notebook = nbformat.read(source, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        print(f"{source} is not a notebook: {error}", file=sys.stderr)
        return 1
    cells = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)
    done = 0
    running = None
    started = time.monotonic()

    def before(cell, cell_index):
        nonlocal done, running
        done += 1
        running = cell
        words = cell.source.strip().splitlines() or [""]
        print(f"  [{done}/{cells}] {words[0][:90]}", file=sys.stderr, flush=True)

    client = NotebookClient(
        notebook,
        kernel_name="lazuli",
        timeout=timeout,
        resources={"metadata": {"path": str(source.parent)}},
        on_cell_execute=before,
    )
    error = None
    try:
        client.execute()
    except CellTimeoutError:
        error = f"it did not end within {timeout} s:\n\n{running.source}"
    except (CellExecutionError, DeadKernelError) as caught:
        error = caught
    finally:
        save(notebook, target)

    if error is not None:
        print(f"\ncell {done} of {source.name} failed\n", file=sys.stderr)
        # A CellExecutionError quotes the cell and its traceback; a dead kernel has only its own words.
        print(str(error), file=sys.stderr)
        return 1
    print(f"{cells} cells in {time.monotonic() - started:.1f} s, saved to {target}", file=sys.stderr)
    return 0


def save(notebook, target: Path) -> None:
    """Whoever reads the file, now or after a failure, finds all of the old notebook or all of the new one."""
    target = target.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        nbformat.write(notebook, beside)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("notebook", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--timeout", type=int, metavar="SECONDS", help="how long a cell may take")
    arguments = parser.parse_args()
    sys.exit(main(arguments.notebook, arguments.output, arguments.timeout))

"""Copies of the staged build that the installed kernel runs from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from jupyter_client.manager import KernelManager
from session import KERNEL


def copied(to: Path, source: Path | None = None) -> Path:
    """A copy by hard links, as set-up makes one, whose manifest names the copy's own files."""
    installed = Path(KernelManager(kernel_name=KERNEL).kernel_spec.env["LAZULI_HOME"])
    shutil.copytree(source or installed, to, copy_function=link)
    manifest = to / "stage.json"
    text = manifest.read_text().replace(str(source or installed), str(to))
    # Not written in place: that would change the file it is a link to.
    manifest.unlink()
    manifest.write_text(text)
    return to


def link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)

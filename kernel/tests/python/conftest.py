"""Where things are, and kernels for tests. `cargo verify` sets the environment that finds the staged kernel."""

import os
from pathlib import Path

import pytest
from session import Session

CHECKOUT = Path(os.environ.get("LAZULI_CHECKOUT", Path(__file__).parents[3]))


@pytest.fixture
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture
def kernel():
    """A kernel of the test's own."""
    with Session() as session:
        yield session


@pytest.fixture(scope="module")
def shared():
    """One kernel for all tests of a module that do not disturb each other: starting one takes seconds."""
    with Session() as session:
        yield session


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path

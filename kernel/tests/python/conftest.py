"""Where things are, kernels and browsers for tests. `cargo verify` sets the environment that finds the staged kernel."""

import shutil
from pathlib import Path

import pytest
from browser import BROWSER, CHECKOUT, MINUTE, NO_BROWSER, launched, serving
from session import Session


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


@pytest.fixture(scope="module")
def browser():
    """A browser; tests that need one are left out, by name, where there is no Chromium."""
    if BROWSER is None:
        pytest.skip(NO_BROWSER)
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def window(browser):
    """A browser's window, in which tests open pages."""
    window = browser.new_context(viewport={"width": 1400, "height": 1000})
    window.set_default_timeout(MINUTE)
    yield window
    window.close()


@pytest.fixture(scope="session")
def notebooks(tmp_path_factory) -> Path:
    """A copy of the course, which tests add notebooks of their own to: running one saves into it."""
    copy = tmp_path_factory.mktemp("course") / "notebooks"
    shutil.copytree(CHECKOUT / "notebooks", copy)
    return copy


@pytest.fixture(scope="session")
def lab(notebooks, tmp_path_factory):
    """The address of a JupyterLab that has the notebooks."""
    with serving(notebooks, tmp_path_factory.mktemp("settings")) as address:
        yield address

"""Chromium, the servers of notebooks, and what tests ask of the pages they open."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(os.environ.get("LAZULI_CHECKOUT", Path(__file__).parents[3]))
SCREENSHOTS = Path(os.environ.get("LAZULI_SCREENSHOTS", CHECKOUT / "target/screenshots"))
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_BROWSER = "no Chromium on PATH (Debian: apt install chromium)"

TOKEN = "lazuli-test"
# Of a page, in milliseconds; a loaded machine takes seconds for what takes a moment.
MINUTE = 60_000

# Else JupyterLab keeps only the visible cells in the page, and asks about its news above them.
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false"}',
}


@contextmanager
def launched():
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=BROWSER, args=options)
        yield browser
        browser.close()


@contextmanager
def serving(notebooks: Path, settings: Path):
    """The address of a server of a folder: JupyterLab below `/lab`, Notebook 7 below `/notebooks`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for plugin, text in SETTINGS.items():
        file = settings / f"@jupyterlab/{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    options = ["--no-browser", f"--port={port}", "--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"]
    options += ["--ServerApp.allow_root=True", "--LabApp.news_url=None"]
    options += ["--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"]
    log = settings / "server.log"
    with open(log, "w") as output:
        command = [sys.executable, "-m", "jupyterlab", *options, str(notebooks)]
        environment = {**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(settings)}
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_answers(f"{address}/api?token={TOKEN}", server, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=60)


def wait_until_answers(address: str, server: subprocess.Popen, log: Path, patience: float = 120.0):
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


def keep(page, name: str, element=None):
    """A screenshot of the page, for people to look at, where the element is."""
    if element is not None:
        element.scroll_into_view_if_needed()
    page.screenshot(path=SCREENSHOTS / name)

"""The course in a real JupyterLab: opened in a headless browser, run cell by cell, and looked at.

Left out, by name, where there is no Chromium.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

CHECKOUT = Path(os.environ.get("LAZULI_CHECKOUT", Path(__file__).parents[3]))
SCREENSHOTS = Path(os.environ.get("LAZULI_SCREENSHOTS", CHECKOUT / "target/screenshots"))
NOTEBOOK = "01-parallel-computing.ipynb"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH (Debian: apt install chromium)"),
    pytest.mark.skipif(not (CHECKOUT / "notebooks" / NOTEBOOK).exists(), reason=f"no notebooks/{NOTEBOOK}"),
]

TOKEN = "lazuli-test"
MINUTE = 60_000
# Asked of JupyterLab's own model of the notebook: the page has no number for a cell that is folded.
ALL_CELLS_HAVE_RUN = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    return cells.filter(cell => cell.type === 'code' && cell.sharedModel.getSource().trim())
        .every(cell => cell.executionCount !== null && cell.executionState !== 'running');
}"""

# Whether what was asked to run does, or was forgotten.
A_CELL_IS_RUN = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    if (cells.some(cell => cell.type === 'code' && cell.executionCount !== null)) return 'run';
    return cells.every(cell => cell.executionState !== 'running') && 'forgotten';
}"""


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """A copy of the course: running it saves into it."""
    copy = tmp_path_factory.mktemp("course") / "notebooks"
    shutil.copytree(CHECKOUT / "notebooks", copy)
    return copy


@pytest.fixture(scope="module")
def lab(notebooks):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = notebooks.parent / "lab.log"
    options = ["--no-browser", f"--port={port}", "--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"]
    options += ["--ServerApp.allow_root=True", "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True"]
    settings = notebooks.parent / "settings"
    # Else JupyterLab keeps only the visible cells in the page, and asks about its news above them.
    for plugin, text in {
        "notebook-extension/tracker": '{"windowingMode": "none"}',
        "apputils-extension/notification": '{"fetchNews": "false"}',
    }.items():
        file = settings / f"@jupyterlab/{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    environment = {**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(settings)}
    with open(log, "w") as output:
        command = [sys.executable, "-m", "jupyterlab", *options, str(notebooks)]
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_answers(f"{address}/api?token={TOKEN}", server, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_until_answers(address, server, log, patience=60):
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def window():
    """A browser's window, in which tests open pages."""
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=BROWSER, args=options)
        window = browser.new_context(viewport={"width": 1400, "height": 1000})
        window.set_default_timeout(MINUTE)
        yield window
        browser.close()


@pytest.fixture(scope="module")
def page(lab, window):
    page = window.new_page()
    page.goto(f"{lab}/lab/tree/{NOTEBOOK}?token={TOKEN}&reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    return page


@pytest.fixture(scope="module")
def executed(page):
    """The notebook after Run All Cells."""
    # Before that JupyterLab would ask for a kernel instead of running anything.
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    try:
        page.wait_for_function(ALL_CELLS_HAVE_RUN, timeout=5 * MINUTE)
    finally:
        page.screenshot(path=SCREENSHOTS / "01-executed.png")
    return page


def test_the_kernel_is_offered_by_its_name(page):
    page.wait_for_selector(".jp-NotebookPanel-toolbar :text('Rust (Lazuli)')")


def test_no_cell_fails(executed):
    """JupyterLab shows the traceback of a failed cell with the MIME type of stderr."""
    told = executed.locator('[data-mime-type="application/vnd.jupyter.stderr"]').all_inner_texts()
    failed = [text for text in told if "cell" in text and "line" in text]
    assert not failed, failed


def test_the_graph_picture_is_shown(executed):
    pictures = executed.locator(".jp-OutputArea-output img[src^='data:image/svg+xml']")
    graphs = executed.locator(".jp-OutputArea-output img[alt*='tasks']:visible")
    assert graphs.count() > 0
    keep(executed, graphs.last, "02-graph-picture.png")
    drawn = pictures.evaluate_all("images => images.map(image => image.complete && image.naturalWidth)")
    assert all(drawn), f"every picture is decoded: {drawn}"


def test_tables_are_shown(executed):
    tables = executed.locator(".jp-OutputArea-output table")
    assert tables.count() > 0
    keep(executed, tables.last, "03-table.png")


def test_pictures_survive_where_the_notebook_is_not_trusted(lab, window, notebooks, executed):
    """Saved, sent, and opened by someone else: JupyterLab strips what it does not trust."""
    executed.keyboard.press("Control+s")
    saved = notebooks / NOTEBOOK
    wait_for_outputs(saved)
    # Trust is a signature over the content.
    foreign = nbformat.read(saved, as_version=4)
    foreign.metadata["sent_by"] = "someone else"
    nbformat.write(foreign, notebooks / "untrusted.ipynb")
    page = window.new_page()
    page.goto(f"{lab}/lab/workspaces/untrusted/tree/untrusted.ipynb?token={TOKEN}&reset")
    try:
        picture = page.wait_for_selector(".jp-OutputArea-output img[src^='data:image/svg+xml']:visible")
        picture.scroll_into_view_if_needed()
    finally:
        page.screenshot(path=SCREENSHOTS / "04-untrusted.png")
    assert picture.evaluate("image => image.naturalWidth") > 0
    page.close()


def test_the_stop_button_ends_a_run_of_a_minute_and_keeps_every_variable(lab, window, notebooks, record_property):
    cells = [
        "let kept = 5;",
        "let slow = from_sequence(0..2400i64, 2400).map(|n| {\n"
        "    std::thread::sleep(std::time::Duration::from_millis(50));\n    n\n}).sum();",
        "slow.compute()?",
        "kept + 37",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "lazuli", "display_name": "Rust (Lazuli)", "language": "rust"}
    nbformat.write(notebook, notebooks / "stop.ipynb")
    page = window.new_page()
    page.goto(f"{lab}/lab/workspaces/stop/tree/stop.ipynb?token={TOKEN}&reset")
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    try:
        # JupyterLab forgets what is run before it has connected to a new kernel.
        for _ in range(10):
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_text("Run All Cells", exact=True).click()
            if page.wait_for_function(A_CELL_IS_RUN, timeout=MINUTE).json_value() == "run":
                break
        # The bar of a long run; then the error in its place.
        page.wait_for_selector(".jp-OutputArea-output :text('tasks')")
        stop = page.locator('[data-command="notebook:interrupt-kernel"]:visible').first
        pressed = time.monotonic()
        stop.click()
        page.wait_for_selector(".jp-OutputArea-output :text('the run was cancelled')")
        record_property("seconds_until_stopped", time.monotonic() - pressed)
        print(f"stopped after {time.monotonic() - pressed:.2f} s")
        page.locator(".jp-Cell").nth(3).locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".jp-OutputArea-output :text-is('42')")
    finally:
        page.screenshot(path=SCREENSHOTS / "05-stopped.png")
    page.close()


def wait_for_outputs(notebook, patience=30):
    ends = time.monotonic() + patience
    while '"output_type"' not in notebook.read_text():
        assert time.monotonic() < ends, "the notebook was not saved with its outputs"
        time.sleep(0.2)


def keep(page, element, name):
    element.scroll_into_view_if_needed()
    page.screenshot(path=SCREENSHOTS / name)

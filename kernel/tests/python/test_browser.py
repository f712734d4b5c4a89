"""The course in a real JupyterLab: opened in a headless browser, run cell by cell, and looked at.

Left out, by name, where there is no Chromium.
"""

import nbformat
import pytest
from browser import CHECKOUT, MINUTE, TOKEN, keep
from busy import until
from playwright.sync_api import TimeoutError

NOTEBOOK = "01-parallel-computing.ipynb"

pytestmark = pytest.mark.skipif(not (CHECKOUT / "notebooks" / NOTEBOOK).exists(), reason=f"no notebooks/{NOTEBOOK}")

# Asked of JupyterLab's own model of the notebook: the page has no number for a cell that is folded.
ALL_CELLS_HAVE_RUN = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    return cells.filter(cell => cell.type === 'code' && cell.sharedModel.getSource().trim())
        .every(cell => cell.executionCount !== null && cell.executionState !== 'running');
}"""

# Whether the page has a kernel, is connected to it, and knows it.
THE_KERNEL_IS_THERE = """async () => {
    await window.jupyterapp.restored;
    const context = window.jupyterapp.shell.currentWidget?.context?.sessionContext;
    await context?.ready;
    const kernel = context?.session?.kernel;
    await kernel?.info;
    return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""

# What each failed cell said, and whether the notebook says beforehand that it will fail.
FAILED_CELLS = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    const errors = cell => cell.outputs.toJSON().filter(output => output.output_type === 'error');
    return cells.filter(cell => cell.type === 'code' && errors(cell).length > 0).map(cell => ({
        said: errors(cell).map(error => `${error.ename}: ${error.evalue}`),
        isMeantTo: (cell.getMetadata('tags') ?? []).includes('raises-exception'),
    }));
}"""

# Whether something was asked to run.
A_CELL_IS_ASKED = """() => [...window.jupyterapp.shell.currentWidget?.content.model.cells ?? []]
    .some(cell => cell.type === 'code' && (cell.executionCount !== null || cell.executionState === 'running'))"""

# Whether what was asked to run does, or was forgotten.
A_CELL_IS_RUN = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget?.content.model.cells ?? []];
    if (cells.some(cell => cell.type === 'code' && cell.executionCount !== null)) return 'run';
    return cells.every(cell => cell.executionState !== 'running') && 'forgotten';
}"""


# When the page saw the button pressed, and when it shows what came of it: the browser's driver is not in between.
TIME_FROM_PRESS_TO_ERROR = """button => {
    window.stopped = null;
    button.addEventListener('click', () => {
        const pressed = performance.now();
        const isShown = () => [...document.querySelectorAll('.jp-OutputArea-output')]
            .some(output => output.textContent.includes('the run was cancelled'));
        new MutationObserver((_, observer) => {
            if (isShown()) {
                observer.disconnect();
                requestAnimationFrame(() => window.stopped = (performance.now() - pressed) / 1000);
            }
        }).observe(document.body, {childList: true, subtree: true, characterData: true});
    }, {capture: true, once: true});
}"""


def run_all(page):
    # Before that JupyterLab would ask for a kernel instead of running anything.
    page.wait_for_function(THE_KERNEL_IS_THERE)
    # It forgets what is run before it has connected to a new kernel.
    for _ in range(10):
        # A menu may close again while the page settles; this is what its entry does.
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        try:
            page.wait_for_function(A_CELL_IS_ASKED, timeout=MINUTE / 12)
        except TimeoutError:
            # Forgotten before one could see it.
            continue
        if page.wait_for_function(A_CELL_IS_RUN, timeout=MINUTE).json_value() == "run":
            return


@pytest.fixture(scope="module")
def page(lab, window):
    page = window.new_page()
    page.goto(f"{lab}/lab/tree/{NOTEBOOK}?token={TOKEN}&reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    return page


@pytest.fixture(scope="module")
def executed(page):
    """The notebook after Run All Cells."""
    try:
        run_all(page)
        page.wait_for_function(ALL_CELLS_HAVE_RUN, timeout=5 * MINUTE)
    finally:
        keep(page, "01-executed.png")
    return page


def test_the_kernel_is_offered_by_its_name(page):
    page.wait_for_selector(".jp-NotebookPanel-toolbar :text('Rust (Lazuli)')")


def test_cells_fail_only_where_the_course_means_them_to(executed):
    failed = executed.evaluate(FAILED_CELLS)
    assert {cell["isMeantTo"] for cell in failed} == {True}, failed


def test_the_graph_picture_is_shown(executed):
    pictures = executed.locator(".jp-OutputArea-output img[src^='data:image/svg+xml']")
    graphs = executed.locator(".jp-OutputArea-output img[alt*='tasks']:visible")
    assert graphs.count() > 0
    keep(executed, "02-graph-picture.png", graphs.last)
    drawn = pictures.evaluate_all("images => images.map(image => image.complete && image.naturalWidth)")
    assert all(drawn), f"every picture is decoded: {drawn}"


def test_tables_are_shown(executed):
    tables = executed.locator(".jp-OutputArea-output table")
    assert tables.count() > 0
    keep(executed, "03-table.png", tables.last)


def test_pictures_survive_where_the_notebook_is_not_trusted(lab, window, notebooks, executed):
    """Saved, sent, and opened by someone else: JupyterLab strips what it does not trust."""
    executed.keyboard.press("Control+s")
    saved = notebooks / NOTEBOOK
    until(lambda: '"output_type"' in saved.read_text())
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
        keep(page, "04-untrusted.png")
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
    try:
        run_all(page)
        # The bar of a long run; then the error in its place.
        page.wait_for_selector(".jp-OutputArea-output :text('tasks')")
        stop = page.locator('[data-command="notebook:interrupt-kernel"]:visible').first
        stop.evaluate(TIME_FROM_PRESS_TO_ERROR)
        stop.click()
        seconds = page.wait_for_function("() => window.stopped").json_value()
        record_property("seconds_until_stopped", seconds)
        print(f"stopped after {seconds:.2f} s")
        page.locator(".jp-Cell").nth(3).locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".jp-OutputArea-output :text-is('42')")
    finally:
        keep(page, "05-stopped.png")
    page.close()

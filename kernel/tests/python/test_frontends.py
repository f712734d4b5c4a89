"""The same pictures, tables and hover texts in every frontend: JupyterLab, Notebook 7, nbconvert's HTML, PDF and LaTeX, VS Code.

One notebook is run, opened in each, trusted and untrusted, light and dark, and looked at.
"""

import base64
import re
from functools import partialmethod
from io import BytesIO
from xml.etree import ElementTree

import nbformat
import picture
import pytest
from browser import BROWSER, MINUTE, TOKEN, keep
from nbconvert import HTMLExporter, LatexExporter, WebPDFExporter
from nbconvert.preprocessors import SVG2PDFPreprocessor
from nbformat.sign import NotebookNotary
from picture import READABLE, Shown
from pypdf import PdfReader

FRONTENDS = {"JupyterLab": "lab/workspaces/{0}/tree/pictures-{0}.ipynb", "Notebook": "notebooks/pictures-{0}.ipynb"}
THEME = """async name => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {theme: name});
}"""
THEME_IS_THERE = "light => document.body.dataset.jpThemeLight === light"
IS_TRUSTED = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .filter(cell => cell.type === 'code').every(cell => cell.trusted)"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    return picture.executed(tmp_path_factory.mktemp("executed"))


@pytest.fixture(scope="module")
def bundles(executed):
    return picture.bundles(executed)


@pytest.fixture(scope="module", params=["trusted", "untrusted"])
def trust(request, executed, notebooks) -> str:
    """Whether a copy of the notebook was run here, or by someone else. Trust is a signature over the content."""
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata["copy"] = request.param
    nbformat.write(notebook, notebooks / f"pictures-{request.param}.ipynb")
    if request.param == "trusted":
        NotebookNotary().sign(notebook)
    return request.param


@pytest.fixture(scope="module", params=FRONTENDS)
def opened(request, trust, lab, window):
    """The notebook in a frontend, high enough to show all of it."""
    page = window.new_page()
    page.set_viewport_size({"width": 1200, "height": 4000})
    page.goto(f"{lab}/{FRONTENDS[request.param].format(trust)}?token={TOKEN}&reset")
    page.wait_for_selector(".jp-OutputArea-output table")
    page.wait_for_function("count => document.querySelectorAll('.jp-CodeCell').length === count", arg=len(picture.CELLS))
    assert page.evaluate(IS_TRUSTED) == (trust == "trusted")
    yield request.param, page
    page.close()


def check_pictures(shown: Shown, bundles: list[dict]):
    html = "".join(bundle.get("text/html", "") for bundle in bundles)
    assert len(shown.pictures) == html.count("<img ") >= 5
    for found in shown.pictures:
        assert found["width"] > 0 and found["opaque"] and found["ground"] > 0.5, found
    assert len(shown.hovers) > 50
    assert all(hover["found"] == hover["title"] != "" for hover in shown.hovers), shown.hovers


def check_texts(shown: Shown):
    assert len(shown.texts) > 200
    assert not [text for text in shown.texts if text["contrast"] < READABLE]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_notebook_shows_pictures_and_readable_tables(opened, trust, theme, bundles):
    frontend, page = opened
    page.evaluate(THEME, f"JupyterLab {theme}")
    page.wait_for_function(THEME_IS_THERE, arg=str(theme == "Light").lower())
    # It covers the page while a theme is loaded.
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    keep(page, f"{frontend}-{trust}-{theme}.png".lower())
    shown = Shown.on(page.locator(".jp-Notebook"))
    check_pictures(shown, bundles)
    check_texts(shown)


@pytest.fixture(scope="module", params=["light", "dark"])
def exported(request, executed, window):
    """The notebook as a page of its own, as `jupyter nbconvert --to html` writes it, where there is no network."""
    html, _ = HTMLExporter(theme=request.param).from_filename(executed)
    file = executed.with_name(f"exported-{request.param}.html")
    file.write_text(html)
    page = window.new_page()
    page.set_viewport_size({"width": 1200, "height": 4000})
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto(file.as_uri(), timeout=MINUTE)
    yield request.param, page
    page.close()


def test_an_exported_page_shows_the_same(exported, bundles):
    theme, page = exported
    keep(page, f"nbconvert-{theme}.png")
    shown = Shown.on(page.locator("body"))
    check_pictures(shown, bundles)
    check_texts(shown)


def words(printed: bytes) -> str:
    """The text of a PDF."""
    assert printed.startswith(b"%PDF-")
    return " ".join("\n".join(page.extract_text() for page in PdfReader(BytesIO(printed)).pages).split())


def test_a_printed_page_has_the_pictures_and_the_text(executed, browser, monkeypatch):
    """As `jupyter nbconvert --to webpdf` prints it, by the Chromium of this machine. Words of a picture stay words."""
    from playwright.async_api import BrowserType

    monkeypatch.setattr(BrowserType, "launch", partialmethod(BrowserType.launch, executable_path=BROWSER))
    printed, _ = WebPDFExporter(disable_sandbox=True).from_filename(executed)
    executed.with_name("exported.pdf").write_bytes(printed)
    text = words(printed)
    for part in ("total.visualize()", "Oslo", "slowest tasks", "random"):
        assert part in text, f"{part!r} is missing in\n{text}"


def test_latex_has_the_pictures_as_pdf_and_the_words(executed, bundles, browser):
    """As far as `jupyter nbconvert --to latex` goes, with Chromium in the place of Inkscape: SVG becomes PDF."""
    convert = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    convert += ["--print-to-pdf={to_filename}", "{from_filename}"]
    # What converts is told apart by its version where none is given.
    pictures = SVG2PDFPreprocessor(enabled=True, command=convert, inkscape=BROWSER, inkscape_version="1.0")
    exporter = LatexExporter(default_preprocessors=[])
    exporter.register_preprocessor(pictures, enabled=True)
    exporter.register_preprocessor("nbconvert.preprocessors.ExtractOutputPreprocessor", enabled=True)
    source, resources = exporter.from_filename(executed)
    drawn = {name: data for name, data in resources["outputs"].items() if name.endswith(".pdf")}
    assert len(drawn) == sum("image/svg+xml" in bundle for bundle in bundles) >= 4
    assert all(name in source for name in drawn) and "Oslo" in source
    assert "random" in "".join(words(data) for data in drawn.values())


def test_a_saved_notebook_keeps_the_final_bar_of_a_run(executed):
    cells = nbformat.read(executed, as_version=4).cells
    bar, value = next(cell.outputs for cell in cells if "slow.compute_with" in cell.source)
    assert re.fullmatch(r"█+ \d+\xa0tasks in .*", bar.data["text/plain"]), bar.data["text/plain"]
    assert "by operation" in bar.data["text/html"] and " left" not in bar.data["text/html"]
    assert value.data["text/plain"] == "780"


def alone(html: str) -> str | None:
    """The picture that is all of some HTML, as SVG."""
    pictures = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]*)"', html)
    return base64.b64decode(pictures[0]).decode() if len(pictures) == 1 else None


def test_every_frontend_can_take_what_it_knows_best(bundles):
    """VS Code takes the richest form that it knows, and gives HTML no variables of JupyterLab's themes."""
    plain = [bundle for bundle in bundles if "text/html" not in bundle]
    numbers = [bundle["text/plain"].splitlines()[0] for bundle in plain]
    assert numbers == ["780", "100000 items"], "only plain numbers have but their text"
    for bundle in bundles:
        html = bundle.get("text/html", "")
        assert not re.search(r"<(script|style|svg|link|iframe)\b|var\(|\son\w+=", html), html
        assert bundle["text/plain"].strip()
        for encoded in re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', html):
            ElementTree.fromstring(base64.b64decode(encoded))
        if "image/svg+xml" in bundle:
            ElementTree.fromstring(bundle["image/svg+xml"])
            assert alone(html) == bundle["image/svg+xml"], "the same picture in both forms"

"""Run the cells of a page of Markdown and write below each what it shows: `gallery.py PAGE`.

A cell is a block of Rust. Below it go its pictures, as SVG files beside the page that are named for the section, with
their words folded, and its text; what stood there before is taken away, and so are pictures that no cell shows any more.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CELL = re.compile(r"^```rust\n(?P<code>.*?)^```\n", re.DOTALL | re.MULTILINE)
# A cell, and what an earlier run wrote below it.
WRITTEN = r"!\[[^\n]*\n|```(?!rust)\w+\n.*?^```\n|<details>.*?^</details>\n"
CELL_AND_OUTPUT = re.compile(rf"{CELL.pattern}(?:\n(?:{WRITTEN}))*", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
# What text in a language of graphs begins with, so that a page draws or colours it.
LANGUAGES = {"flowchart": "mermaid", "digraph": "dot", "{": "json"}


def main(page: Path) -> int:
    text = page.read_text()
    cells = CELL_AND_OUTPUT.finditer(text)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell["code"]) for cell in CELL.finditer(text)])
    try:
        NotebookClient(notebook, kernel_name="lazuli", timeout=600).execute()
    except CellExecutionError as error:
        print(f"a cell of {page} failed, nothing was written\n\n{error}", file=sys.stderr)
        return 1
    pictures = {}
    parts, end = [], 0
    for cell, executed in zip(cells, notebook.cells, strict=True):
        section = HEADING.findall(text, 0, cell.start())[-1]
        parts += [text[end : cell.start()], f"```rust\n{cell['code']}```\n"]
        parts += [f"\n{block}\n" for output in executed.outputs for block in blocks(output, section, pictures)]
        end = cell.end()
    page.write_text("".join([*parts, text[end:]]))
    for stale in page.parent.glob("*.svg"):
        stale.unlink()
    for name, picture in pictures.items():
        (page.parent / name).write_text(picture + "\n")
    print(f"{len(notebook.cells)} cells, {len(pictures)} pictures, written to {page}", file=sys.stderr)
    return 0


def blocks(output, section: str, pictures: dict[str, str]) -> list[str]:
    """What a cell put out, as Markdown; its picture joins `pictures`."""
    if output.output_type == "stream":
        return [fenced(output.text)] if output.name == "stdout" else []
    words = fenced(output.data["text/plain"])
    picture = output.data.get("image/svg+xml")
    if picture is None:
        return [words]
    slug = "-".join(re.findall(r"\w+", section.lower()))
    alike = sum(re.fullmatch(rf"{slug}(-\d+)?\.svg", name) is not None for name in pictures)
    name = f"{slug}-{alike + 1}.svg" if alike else f"{slug}.svg"
    pictures[name] = picture
    summary = re.search(r"<title>(.*?)</title>", picture)[1]
    return [f"![{summary}]({name})", f"<details><summary>in words</summary>\n\n{words}\n\n</details>"]


def fenced(text: str) -> str:
    language = next((language for start, language in LANGUAGES.items() if text.startswith(start)), "text")
    return f"```{language}\n{text.rstrip()}\n```"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

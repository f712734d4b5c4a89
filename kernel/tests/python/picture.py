"""A notebook with each kind of thing that a cell shows, run once, and what a page makes of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from browser import CHECKOUT

# The contrast of a text to its ground that the Web Content Accessibility Guidelines ask for.
READABLE = 4.5

CELLS = [
    "let x = random((400, 600), (100, 200), 7);\nx",
    "let cities = from_polars(polars::df![\"city\" => [\"Rome\", \"Oslo\", \"Rome\"], \"n\" => [1i64, 2, 3]]?, 2)?;\ncities",
    "let naps = from_sequence(0..40i64, 40).map(|n| {\n"
    "    std::thread::sleep(std::time::Duration::from_millis(40));\n    n\n});\nnaps",
    "let total = (&x + 1.0).sum();\ntotal",
    "total.visualize()",
    "dashboard()",
    "let slow = naps.sum();\nslow.compute_with(config().workers(2))?",
    "slow.visualize()",
    "profile()",
    "dashboard().close();",
    "x.compute()?",
    "cities.compute()?",
    "(0..100_000i64).collect::<Vec<_>>()",
]

# What a page shows below an element: pictures, hover texts, words. A canvas reads colours of any notation, and mixes
# those that let others through, as the page does.
LOOK = """async root => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const paint = (colours, opacity) => {
        ['white', ...colours].forEach((colour, layer) => {
            canvas.globalAlpha = layer < colours.length ? 1 : opacity;
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
        });
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = colour => {
        const [red, green, blue] = colour.map(byte => byte / 255)
            .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const parents = element => element ? [...parents(element.parentElement), element] : [];
    const contrast = element => {
        const styles = parents(element).map(parent => getComputedStyle(parent));
        const grounds = styles.map(style => style.backgroundColor);
        const ground = paint(grounds, 1);
        // What is faint lets its ground through.
        const opacity = styles.reduce((product, style) => product * style.opacity, 1);
        const ink = paint([...grounds, styles.at(-1).color], opacity);
        const [dark, light] = [ground, ink].map(luminance).sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    };
    const pictures = [];
    for (const image of root.querySelectorAll("img[src^='data:image/svg+xml']")) {
        await image.decode();
        const side = 64;
        const drawn = Object.assign(document.createElement('canvas'), {width: side, height: side}).getContext('2d');
        drawn.drawImage(image, 0, 0, side, side);
        // Without the frame and its round corners.
        const inner = drawn.getImageData(4, 4, side - 8, side - 8).data;
        const pixels = Array.from({length: inner.length / 4}, (_, pixel) => [...inner.slice(4 * pixel, 4 * pixel + 4)]);
        const opaque = pixels.every(pixel => pixel[3] === 255);
        const ground = pixels.map(pixel => luminance(pixel.slice(0, 3))).sort((a, b) => a - b)[pixels.length / 2];
        pictures.push({width: image.naturalWidth, opaque, ground});
    }
    const texts = [];
    // A notebook has words of its own; a page of ours has none but what is shown.
    const outputs = root.querySelector('.jp-OutputArea') ? '.jp-OutputArea-output' : '*';
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        const text = walk.currentNode.textContent.trim();
        if (text && element.closest(outputs) && element.checkVisibility()) {
            texts.push({text, contrast: contrast(element)});
        }
    }
    // What a pointer finds in the middle of each part of a picture that has a hover text, where that is in sight.
    const hovers = [];
    for (const part of root.querySelectorAll('img ~ span[title]')) {
        part.scrollIntoView({block: 'center', inline: 'center'});
        const {left, right, top, bottom} = part.getBoundingClientRect();
        const found = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        if (part.checkVisibility()) hovers.push({title: part.title, found: found?.title});
    }
    return {pictures, texts, hovers};
}"""


@dataclass
class Shown:
    """What a page shows, as `LOOK` finds it."""

    pictures: list[dict]
    texts: list[dict]
    hovers: list[dict]

    @classmethod
    def on(cls, element) -> Shown:
        return cls(**element.evaluate(LOOK))


def executed(folder: Path) -> Path:
    """The notebook with what its cells showed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "lazuli", "display_name": "Rust (Lazuli)", "language": "rust"}
    source, output = folder / "source.ipynb", folder / "pictures.ipynb"
    nbformat.write(notebook, source)
    script = CHECKOUT / "install/python/run_notebook.py"
    ended = subprocess.run([sys.executable, script, source, output], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return output


def bundles(notebook: Path) -> list[dict[str, str]]:
    """What the notebook's cells showed, in order, each in all its forms."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [output.data for cell in cells for output in cell.outputs if "data" in output]

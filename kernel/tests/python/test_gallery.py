"""The gallery is what its cells show: written anew, it has the same cells and pictures, but for what was measured."""

import re
import shutil
import subprocess
import sys

# Of a page written by `gallery.py`: words and measured times differ from run to run, what there is does not.
MEASURED = re.compile(r"(?<=!\[)[^\]]*|(?<=^```)(text|json|dot|mermaid)\n.*?(?=^```$)", re.DOTALL | re.MULTILINE)
# What the title of a picture says of a run.
RAN = re.compile(r"<title>[^<]*(ran in|in \d[^<]* of work)")


def test_the_gallery_is_what_its_cells_show(checkout, tmp_path):
    committed, written = checkout / "collections/gallery", tmp_path / "gallery"
    shutil.copytree(committed, written)
    script = checkout / "install/python/gallery.py"
    ended = subprocess.run([sys.executable, script, written / "README.md"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    pages = [MEASURED.sub("", (folder / "README.md").read_text()) for folder in (committed, written)]
    assert pages[0] == pages[1], "`cargo lab gallery` writes it anew"
    assert {path.name for path in committed.iterdir()} == {path.name for path in written.iterdir()}
    pictures = {path.name: path.read_text() for path in committed.glob("*.svg")}
    unmeasured = {name for name, picture in pictures.items() if not RAN.search(picture)}
    assert 4 <= len(unmeasured) < len(pictures)
    assert {name for name in unmeasured if (written / name).read_text() != pictures[name]} == set()

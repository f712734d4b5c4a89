"""README's cells run as they stand there, on texts and tables that every machine has."""

import re

import pytest
from session import Session


@pytest.fixture
def cells(checkout) -> list[str]:
    text = (checkout / "README.md").read_text().replace("/usr/share/common-licenses/*", str(checkout / "LICENSE"))
    return re.findall(r"```rust\n(.*?)```", text, re.DOTALL)


def test_every_cell_of_the_readme_runs(cells, folder):
    (folder / "data").mkdir()
    for month in (1, 2):
        (folder / f"data/trips-{month}.csv").write_text("city,fare\nRome,4.5\nOslo,7.0\n")
    assert len(cells) >= 4
    with Session() as session:
        for cell in cells:
            assert session.ok(cell).shown, f"this cell shows something:\n{cell}"

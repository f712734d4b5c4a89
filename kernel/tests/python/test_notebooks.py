"""Every notebook of the course runs to its end without a browser, and its exercises tell right from not yet.

Cells of an exercise have the tag `exercise-N` and one of `exercise` (to be changed by the learner), `check`, `hints`,
`solution` (folded markdown with the code that takes the exercise's place). A cell tagged `raises-exception` shows an
error; the one tagged `clean-up` takes away what the notebook has written.
"""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from session import Session

CHECKOUT = Path(os.environ.get("LAZULI_CHECKOUT", Path(__file__).parents[3]))
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))


@pytest.fixture
def temporary(tmp_path_factory) -> Path:
    """Where cells write what they need for a while."""
    return tmp_path_factory.mktemp("data")


def run(notebook: Path, output: Path, temporary: Path, *options: str) -> subprocess.CompletedProcess:
    script = CHECKOUT / "install/python/run_notebook.py"
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, script, notebook, output, *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(notebook, tmp_path, temporary):
    output = tmp_path / notebook.name
    ended = run(notebook, output, temporary)
    assert ended.returncode == 0, ended.stderr
    executed = nbformat.read(output, as_version=4)
    bundles = [item.get("data", {}) for cell in executed.cells for item in cell.get("outputs", [])]
    assert any("data:image/svg+xml" in bundle.get("text/html", "") for bundle in bundles), "it has pictures"
    for cell in executed.cells:
        failed = any(output.output_type == "error" for output in cell.get("outputs", []))
        assert failed == ("raises-exception" in cell.metadata.get("tags", [])), cell.source
    for exercise, verdict in verdicts(executed).items():
        assert verdict.startswith("✗"), f"{exercise} is not solved yet, but its check says: {verdict}"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_solutions_satisfy_the_checks(notebook, tmp_path, temporary):
    source, output = tmp_path / notebook.name, tmp_path / "solved.ipynb"
    solved = with_solutions(nbformat.read(notebook, as_version=4))
    nbformat.write(solved, source)
    ended = run(source, output, temporary)
    assert ended.returncode == 0, ended.stderr
    found = verdicts(nbformat.read(output, as_version=4))
    assert set(found) == set(tagged(solved, "exercise")), "every exercise has a check"
    for exercise, verdict in found.items():
        assert verdict.startswith("✓"), f"the solution of {exercise} does not pass: {verdict}"
    assert not [*temporary.glob("lazuli-*")], "who has solved it finds nothing left behind"


COURSE = "01-parallel-computing.ipynb"
# Cells that no exercise needs.
ASIDE = ("raises-exception", "clean-up")
WORDS = """read_text(folder.join("diary-*.txt"))?
    .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())"""
# What a learner may hand in that is not right yet, and what the check should say to it.
NOT_YET = {
    "exercise-1": [
        ("let lawn = random((1_200, 900), (1_200, 900), 42);", "The lawn is still one chunk"),
        ("let lawn = random((900, 1_200), (300, 300), 42);", "The lawn should be 1200 × 900, yours is"),
        ("let lawn = random((1_200, 900), (4, 3), 42);", "You gave how many chunks there are"),
        ("let lawn = random((1_200, 900), (400, 225), 42);", "You have 3 from top to bottom and 4 from left to right."),
        ("let lawn = random((1_200, 900), (600, 300), 42);", ", it should be [4, 3]."),
        ("let lawn = random((1_200, 900), (330, 300), 42);", "the last chunks are smaller than the others"),
        ("let lawn = random((1_200, 900), (300, 300), 43);", "the numbers are not those of seed 42"),
    ],
    "exercise-2": [
        ('let long_words = read_text(folder.join("diary-*.txt"))?.count();', "is the number of lines."),
        (f"let long_words = {WORDS}.count();", "is the number of all words."),
        (f"let long_words = {WORDS}.filter(|word| word.len() > 7).count();", "words have more than seven letters."),
        (f"let long_words = {WORDS}.filter(|word| word.len() == 7).count();", "words have exactly seven letters."),
        (f"let long_words = {WORDS}.filter(|word| word.len() >= 6).count();", "is not the number of words with seven"),
        (f"let long_words = {WORDS}.filter(|word| word.len() >= 7).distinct().count();", "count a word as often as it occurs?"),
    ],
    "exercise-3": [
        ("let week: Delayed<f64> = delayed(0.0);", "`week` does not use the functions yet."),
        (
            "let days: Vec<_> = (1..=4).map(|day| call(day_total, (&call(load, (day,)),))).collect();\n"
            "let week: Delayed<f64> = call(add_up, (&days,));",
            "is every day cleaned?",
        ),
        ("let week: Delayed<f64> = delayed(by_hand);", "it is one task"),
        (
            "let days: Vec<_> = (1..=4).map(|day| call(day_total, (clean(load(day)),))).collect();\n"
            "let week: Delayed<f64> = call(add_up, (&days,));",
            "tasks, not 13, so some steps run before the plan",
        ),
        (
            "fn planned(day: u32) -> Delayed<f64> { call(day_total, (&call(clean, (&call(load, (day,)),)),)) }\n"
            "let (early, late) = (vec![planned(1), planned(2)], vec![planned(3), planned(4)]);\n"
            "let halves = vec![call(add_up, (&early,)), call(add_up, (&late,))];\n"
            "let week: Delayed<f64> = call(add_up, (&halves,));",
            "tasks, not 13. Is something called twice, or added up in several steps?",
        ),
    ],
}


@pytest.fixture(scope="module")
def learner(tmp_path_factory):
    """A kernel in which everything was run that comes before an exercise, and the notebook."""
    notebook = nbformat.read(CHECKOUT / "notebooks" / COURSE, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("data")))
        with Session() as session:
            for cell in notebook.cells:
                if cell.cell_type == "code" and not {*ASIDE, *NOT_YET}.intersection(cell.metadata.get("tags", [])):
                    session.ok(cell.source)
            yield session, notebook


@pytest.mark.parametrize(
    ("exercise", "answer", "advice"), [(exercise, *row) for exercise, rows in NOT_YET.items() for row in rows]
)
def test_a_wrong_answer_is_told_what_is_wrong(learner, exercise, answer, advice):
    session, notebook = learner
    session.ok(answer)
    verdict = session.ok(tagged(notebook, "check")[exercise].source).stdout
    assert verdict.startswith("✗") and advice in verdict


def test_every_advice_of_a_check_is_given_to_someone():
    notebook = nbformat.read(CHECKOUT / "notebooks" / COURSE, as_version=4)
    for exercise, cell in tagged(notebook, "check").items():
        findings = re.findall(r"^    \(.*\),$", cell.source, re.MULTILINE)
        assert len(findings) > 3
        for finding in findings:
            assert any(advice in finding for _, advice in NOT_YET[exercise]), f"nobody is told: {finding}"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_saved_clean_and_for_this_kernel(notebook):
    content = nbformat.read(notebook, as_version=4)
    assert content.metadata.kernelspec == {"name": "lazuli", "display_name": "Rust (Lazuli)", "language": "rust"}
    for cell in content.cells:
        assert not cell.get("outputs") and not cell.get("execution_count"), f"{cell.id} was saved with outputs"


def tagged(notebook, tag: str) -> dict:
    """The cells with that tag, by their exercise."""
    found = {}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if tag in tags:
            [exercise] = [tag for tag in tags if re.fullmatch(r"exercise-\d+", tag)]
            assert exercise not in found, f"{exercise} has two cells tagged {tag}"
            found[exercise] = cell
    return found


def verdicts(notebook) -> dict[str, str]:
    """What each check said."""
    return {
        exercise: "".join(output.text for output in cell.outputs if output.output_type == "stream")
        for exercise, cell in tagged(notebook, "check").items()
    }


def with_solutions(notebook):
    """The notebook as one hands it in who has copied every solution into its exercise."""
    solved = copy.deepcopy(notebook)
    solutions = tagged(solved, "solution")
    for exercise, cell in tagged(solved, "exercise").items():
        [cell.source] = re.findall(r"```rust\n(.*?)```", solutions[exercise].source, re.DOTALL)
    return solved


# Saves a notebook where no file may have more than 4000 bytes, as on a full disk.
SAVE_IN_LITTLE_ROOM = """
import resource, signal, sys
from pathlib import Path
import nbformat
sys.path.insert(0, sys.argv[1])
from run_notebook import save
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(sys.argv[3] * int(sys.argv[4]))])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
save(notebook, Path(sys.argv[2]))
"""


def test_a_notebook_that_cannot_be_saved_stays_as_it_was(tmp_path):
    def save(letter: str, letters: int) -> subprocess.CompletedProcess:
        arguments = [CHECKOUT / "install/python", tmp_path / "one.ipynb", letter, str(letters)]
        return subprocess.run([sys.executable, "-B", "-c", SAVE_IN_LITTLE_ROOM, *arguments], capture_output=True, text=True)

    assert save("a", 10).returncode == 0
    saved = tmp_path / "one.ipynb"
    saved.chmod(0o640)
    before = saved.read_text()
    with saved.open() as reader:
        assert "too large" in save("b", 10_000).stderr
        assert saved.read_text() == before
        assert save("c", 10).returncode == 0
        assert reader.read() == before, "who reads it meanwhile reads all of the old one"
    assert "cccccccccc" in saved.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["one.ipynb"]
    assert saved.stat().st_mode & 0o777 == 0o640


def test_failing_cell_ends_the_run_with_its_error(tmp_path, temporary):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("let before = 1;"),
            nbformat.v4.new_code_cell('let broken: i32 = "no number".parse()?;'),
            nbformat.v4.new_code_cell('println!("never");'),
        ]
    )
    source, output = tmp_path / "failing.ipynb", tmp_path / "out.ipynb"
    nbformat.write(notebook, source)
    ended = run(source, output, temporary)
    assert ended.returncode == 1
    assert "cell 2 of failing.ipynb failed" in ended.stderr
    assert "invalid digit" in ended.stderr
    saved = nbformat.read(output, as_version=4)
    assert saved.cells[1].outputs[-1].output_type == "error"
    assert not saved.cells[2].outputs, "nothing ran after the error"


def test_cell_that_takes_longer_than_it_may_ends_the_run(tmp_path, temporary):
    source, output = tmp_path / "endless.ipynb", tmp_path / "out.ipynb"
    endless = "println!(\"waits\");\nloop { std::thread::park(); }"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (endless, "1 + 1")])
    nbformat.write(notebook, source)
    ended = run(source, output, temporary, "--timeout", "3")
    assert ended.returncode == 1
    assert "cell 1 of endless.ipynb failed" in ended.stderr
    assert "did not end within 3 s" in ended.stderr and endless in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not nbformat.read(output, as_version=4).cells[1].outputs, "nothing ran after it"

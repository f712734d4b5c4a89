"""`:` lines: every command that `:help` lists does what it says, and what is not there is answered with what is."""

import pytest
from session import Session


@pytest.fixture(scope="module")
def careful():
    with Session() as session:
        session.ok("let witness = 7;")
        yield session


def completed(session: Session, code: str) -> list[str]:
    return session.client.complete(code, reply=True, timeout=60)["content"]["matches"]


def listed(session: Session) -> list[str]:
    lines = session.ok(":help").result.splitlines()
    return [line.split()[0] for line in lines if line.startswith(":")]


def test_help_lists_what_completion_offers(careful):
    cell = careful.ok(":help")
    assert "<table>" in cell.html and ":dep NAME" in cell.html and "!COMMAND" in cell.html
    assert listed(careful) == completed(careful, ":")
    assert completed(careful, ":cl") == [":clear"]
    assert ":clear" not in completed(careful, "witness\n  :cl"), "commands stand before the Rust"
    assert ":quit" not in listed(careful)


def test_every_listed_command_is_known_to_whom_it_is_given(careful):
    for name in listed(careful):
        assert "ecognised" not in careful.run(f"{name}\nlet x = 1;").complaint
        careful.ok("let witness = 7;")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (":quit", "Restart Kernel"),
        (":restart", ":clear"),
        (":opt 2", "optimised"),
        (":fmt {:#?}", "Debug"),
        (":types", ":type NAME"),
        (":timing", "write `:time`"),
        (":toolchain nightly", "as the collections were"),
        (":nonsense", ":help"),
        ("%matplotlib inline", ":help"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(careful, code, told):
    cell = careful.fails(f"// a comment\n{code}\nlet never = 1;")
    assert code.split()[0] in cell.complaint and told in cell.complaint
    assert "line 2" in cell.complaint and f"2 | {code}" in cell.traceback
    assert careful.ok("witness").result == "7"


def test_vars_and_type_know_the_variables(careful):
    assert "witness: i32" in careful.ok(":vars").result
    assert careful.ok(":type witness").result.strip() == "witness: i32"
    assert "nobody" in careful.fails(":type nobody").complaint
    assert "usize" in careful.ok(":doc Vec::<i32>::len").result


def test_explain_tells_more_of_the_last_error(careful):
    careful.fails("let wrong: i32 = \"text\";")
    assert "Erroneous code example" in careful.ok(":explain").result


def test_build_env_is_seen_by_the_compiler(careful):
    assert careful.ok(':build_env GREETING=hello\nenv!("GREETING")').result == '"hello"'


def test_a_wrong_dep_shows_its_line(careful):
    cell = careful.fails("// a comment\n:dep = 3")
    assert "2 | :dep = 3" in cell.traceback


def test_clear_forgets_all_and_brings_the_prelude_back(kernel):
    kernel.ok("let x = random((4, 4), (2, 2), 7);")
    kernel.ok("fn double(n: i32) -> i32 { 2 * n }")
    kernel.ok(":clear")
    assert "`x`" in kernel.fails("x.sum()").complaint
    assert "double" in kernel.fails("double(2)").complaint
    assert kernel.ok("let y = ones((4, 4), (2, 2)); y.sum().compute()?").result == "16.0"
    cell = kernel.ok(":clear\nlet z = ones((2, 2), (2, 2));\nz.sum().compute()?")
    assert cell.result == "4.0", "in one cell with Rust"
    assert "`y`" in kernel.fails("y.sum()").complaint
    assert kernel.ok("z.sum().compute()?").result == "4.0"
    cell = kernel.fails("let fine = 1;\npanic!(\"after\")")
    assert "cell 10, line 2" in cell.complaint


def test_clear_forgets_dependencies(kernel, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text("pub fn three() -> i32 { 3 }\n")
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "three"\nversion = "0.1.0"\nedition = "2024"\n')
    assert kernel.ok(f':dep three = {{ path = "{tmp_path}" }}\nthree::three()').result == "3"
    assert "three" in kernel.ok(":show_deps").result
    kernel.ok(":clear")
    assert not kernel.ok(":show_deps").shown
    assert "three" in kernel.fails("three::three()").complaint


def test_a_command_after_rust_is_told_where_commands_stand(careful):
    assert "stand before the Rust" in careful.fails("let fine = 1;\n:vars").traceback
    assert "stand before the Rust" in careful.fails("let fine = 1;\n!ls").traceback


def test_a_dependency_that_cannot_be_had_is_told_in_cargos_words(careful):
    cell = careful.fails(':dep nowhere = { path = "/nowhere/at/all" }')
    assert "/nowhere/at/all/Cargo.toml" in cell.complaint and "1 | :dep nowhere" in cell.traceback
    assert "stand-in" not in cell.complaint and "error: error" not in cell.traceback

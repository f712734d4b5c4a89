"""`!` lines: what a command sees, what is shown of it, and how it ends."""

import os

from busy import printed, until
from processes import below, lives


def test_output_is_shown_and_a_cell_may_go_on_in_rust(shared):
    cell = shared.ok("!echo one; echo two >&2\n!echo three\nlet four = 2 + 2;\nfour")
    assert (cell.stdout, cell.stderr, cell.result) == ("one\nthree\n", "two\n", "4")
    assert shared.ok("!printf ''").stdout == ""


def test_output_is_shown_while_the_command_runs(shared, tmp_path):
    go_on = tmp_path / "go on"
    request = shared.client.execute(f"!echo first; until [ -e '{go_on}' ]; do sleep 0.02; done; echo second")
    printed(shared, request, "first")
    go_on.touch()
    assert shared.collect(request).stdout == "second\n"


def test_a_megabyte_arrives_whole(shared):
    assert len(shared.ok("!yes lapis | head -c 1000000").stdout) == 1_000_000


def test_a_command_that_fails_is_an_error_with_its_line_and_status(shared):
    cell = shared.fails("!true\n!echo before; exit 3\n!echo never\nlet never = 1;")
    assert cell.reply["ename"] == "CommandFailed"
    assert cell.stdout == "before\n", "what stands after it does not run"
    assert "exit status 3" in cell.complaint and "line 2" in cell.complaint and "exit 3" in cell.traceback
    assert "signal: 15 (SIGTERM)" in shared.fails("!kill $$").complaint
    assert "never" in shared.fails("never").complaint
    shared.ok("!false || true")
    missing = shared.fails("!no-such-program-at-all")
    assert "no-such-program-at-all" in missing.stderr and "exit status 127" in missing.complaint


def test_a_command_needs_words(shared):
    assert "`!` needs a command" in shared.fails("!").complaint
    assert "line 2" in shared.fails("// why\n! \nlet x = 1;").complaint


def test_a_command_finds_the_users_environment_and_tools(kernel):
    kernel.ok("let witness = 1;")
    environment = dict(line.split("=", 1) for line in kernel.ok("!env -0 | tr '\\n\\0' ' \\n'").stdout.splitlines())
    assert environment["PATH"] == os.environ["PATH"]
    assert environment.get("CARGO_HOME") == os.environ.get("CARGO_HOME")
    ours = [name for name in environment if name.startswith(("LAZULI_", "EVCXR_"))]
    inherited = [name for name in os.environ if name.startswith(("LAZULI_", "EVCXR_")) and name != "LAZULI_HOME"]
    assert sorted(ours) == sorted(inherited)
    assert "lazuli-kernel" not in kernel.ok("!command -v cargo rustc").stdout


def test_cargo_in_a_command_builds_the_users_project(shared, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.rs").write_text('fn main() { println!("built and run"); }\n')
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "mine"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n')
    cell = shared.ok(f"!cd '{tmp_path}' && CARGO_TARGET_DIR=target cargo run --quiet")
    assert cell.stdout == "built and run\n", cell.stderr


def test_a_command_works_where_the_cells_do(kernel, tmp_path):
    assert kernel.ok("!pwd").stdout.strip() == os.getcwd()
    kernel.ok(f'std::env::set_current_dir("{tmp_path}")?;')
    assert kernel.ok("!pwd").stdout.strip() == str(tmp_path)


def test_a_command_finds_its_stdin_empty(shared):
    assert shared.ok("!cat; read word || echo nothing", answers=["never asked"]).stdout == "nothing\n"


def test_interrupt_of_a_command_ends_all_its_processes(kernel):
    kernel.ok("let kept = 5;")
    request = kernel.client.execute("!echo started; sleep 1000 | sleep 1001; echo never\nlet never = 1;")
    printed(kernel, request, "started")
    sleeping = until(lambda: [process for process, command in below(kernel.process).items() if "sleep 100" in command])
    kernel.manager.interrupt_kernel()
    cell = kernel.collect(request, patience=4)
    assert cell.reply["ename"] == "Interrupted" and cell.stdout == ""
    until(lambda: not any(lives(process) for process in sleeping))
    assert kernel.ok("kept").result == "5"
    assert "never" in kernel.fails("never").complaint


def test_a_command_that_does_not_listen_is_ended(kernel):
    kernel.ok("let kept = 5;")
    request = kernel.client.execute("!trap 'echo not yet' INT; echo started; while true; do sleep 0.1; done")
    printed(kernel, request, "started")
    kernel.manager.interrupt_kernel()
    cell = kernel.collect(request, patience=30)
    assert cell.reply["ename"] == "Interrupted" and "not yet" in cell.stdout
    assert kernel.ok("kept").result == "5", "no process but the command's is lost"


def test_a_program_left_behind_goes_on_printing_into_its_cell(kernel, tmp_path):
    go_on = tmp_path / "go on"
    code = f"!(until [ -e '{go_on}' ]; do sleep 0.02; done; echo late) &\n1 + 1"
    first = kernel.client.execute(code)
    assert kernel.collect(first).result == "2", "nothing waits for it"
    kernel.ok("2 + 2")
    go_on.touch()
    printed(kernel, first, "late")


def test_commands_of_the_shell_are_complete_and_have_no_rust_in_them(shared):
    def complete(code: str) -> str:
        request = shared.client.is_complete(code)
        while (reply := shared.client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != request:
            pass
        return reply["content"]["status"]

    assert complete("!ls | grep '('") == "complete"
    assert complete("!ls\nlet x = (") == "incomplete"
    assert shared.client.complete("!ls st", reply=True, timeout=60)["content"]["matches"] == []

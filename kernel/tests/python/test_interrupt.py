"""The stop button, wherever it finds the kernel: what ends, what is kept, what is told."""

import json

from busy import ENDLESS_COMPILE, printed, until, working_compilers
from processes import lives, processor_time
from session import Session
from stage import copied


def interrupted(session: Session, request: str):
    """Presses stop; the cell must end as interrupted."""
    session.manager.interrupt_kernel()
    cell = session.collect(request)
    assert (cell.reply["status"], cell.reply["ename"]) == ("error", "Interrupted"), cell.complaint
    return cell


def test_interrupt_of_a_computation_keeps_variables(kernel):
    kernel.ok("let kept = 5;")
    kernel.ok(
        "let slow = from_sequence(0..10_000i64, 10_000).map(|n| {\n"
        "    std::thread::sleep(std::time::Duration::from_millis(50));\n    n\n});"
    )
    request = kernel.client.execute('println!("started");\nslow.sum().compute()?')
    printed(kernel, request, "started")
    assert "the run was cancelled" in interrupted(kernel, request).complaint
    assert kernel.ok("kept").result == "5"


def test_interrupt_of_a_compile_ends_the_compiler_and_costs_nothing(kernel):
    kernel.ok("let kept = 5;")
    request = kernel.client.execute(ENDLESS_COMPILE)
    working = until(lambda: working_compilers(kernel))
    interrupted(kernel, request)
    until(lambda: not any(lives(process) for process in working))
    assert kernel.ok("kept").result == "5"


def test_interrupt_while_types_are_inferred_costs_nothing(kernel):
    kernel.ok("let kept = 5;")
    # Each length takes rust-analyzer a second or so, and together they take longer than a cell has to stop.
    slow = "const fn slow(n: usize) -> usize { let mut i = 0; while i < n { i += 1; } i % 7 + 1 }\n"
    lets = "".join(f"let bytes_{n} = [0u8; slow(1_000_0{n})];\n" for n in range(10, 20))
    before = processor_time(kernel.process)
    request = kernel.client.execute(slow + lets)
    until(lambda: processor_time(kernel.process) > before + 1)
    interrupted(kernel, request)
    assert kernel.ok("kept").result == "5"


def test_interrupt_of_a_dependency_build_ends_it_and_forgets_the_dependency(kernel, tmp_path):
    begun = tmp_path / "begun"
    package = tmp_path / "slow"
    (package / "src").mkdir(parents=True)
    (package / "Cargo.toml").write_text('[package]\nname = "slow"\nversion = "0.1.0"\nedition = "2024"\n')
    (package / "src/lib.rs").write_text("pub fn three() -> i32 { 3 }\n")
    (package / "build.rs").write_text(
        "fn main() {\n"
        f'    std::fs::write("{begun}.new", std::process::id().to_string()).unwrap();\n'
        f'    std::fs::rename("{begun}.new", "{begun}").unwrap();\n'
        "    loop { std::thread::park(); }\n"
        "}\n"
    )
    kernel.ok("let kept = 5;")
    request = kernel.client.execute(f':dep slow = {{ path = "{package}" }}\nslow::three()')
    until(begun.exists)
    script = int(begun.read_text())
    interrupted(kernel, request)
    until(lambda: not lives(script))
    assert kernel.ok("kept").result == "5", "no later cell builds it again"
    (package / "build.rs").unlink()
    assert kernel.ok(f':dep slow = {{ path = "{package}" }}\nslow::three() + kept').result == "8"


def test_interrupt_of_a_question_to_the_user(kernel):
    kernel.ok("let kept = 5;")
    code = "let mut line = String::new();\nstd::io::stdin().read_line(&mut line)?;\nline"
    request = kernel.client.execute(code, allow_stdin=True)
    assert kernel.client.get_stdin_msg(timeout=60)["msg_type"] == "input_request"
    assert "interrupted while it waited for input" in interrupted(kernel, request).complaint
    assert kernel.ok("kept").result == "5"
    assert kernel.ok(code, answers=["blue"]).result == '"blue\\n"'


def test_cell_that_cannot_stop_loses_its_process_and_says_which_variables(kernel):
    kernel.ok("fn double(n: i32) -> i32 { 2 * n }")
    kernel.ok("let lapis = 5; let lazuli = vec![1];")
    request = kernel.client.execute('println!("started");\nloop {}')
    printed(kernel, request, "started")
    cell = interrupted(kernel, request)
    assert "lapis" in cell.complaint and "lazuli" in cell.complaint
    assert kernel.ok("let lapis = double(4); lapis").result == "8"
    assert "lazuli" in kernel.fails("lazuli.len()").complaint


def test_interrupt_while_cargo_resolves_a_dependency(tmp_path):
    asked = tmp_path / "asked"
    home = copied(tmp_path / "stage")
    stage = json.loads((home / "stage.json").read_text())
    cargo = tmp_path / "cargo"
    # As where the registry does not answer.
    note = f"echo $$ >{asked}.new && mv {asked}.new {asked}"
    cargo.write_text(f'#!/bin/sh\n[ "$1" = metadata ] && {note}\nexec sleep infinity\n')
    cargo.chmod(0o755)
    (home / "stage.json").write_text(json.dumps({**stage, "cargo": str(cargo)}))
    with Session(home=home) as session:
        session.ok("let kept = 5;")
        request = session.client.execute(':dep itoa = "1"\nitoa::Buffer::new()')
        until(asked.exists)
        interrupted(session, request)
        stalled = int(asked.read_text())
        until(lambda: not lives(stalled))
        assert session.ok("kept").result == "5"

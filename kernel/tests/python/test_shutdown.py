"""A kernel that is told to go leaves nothing behind, whatever it is at."""

import tempfile
from pathlib import Path

from busy import ENDLESS_COMPILE, printed, until, working_compilers
from processes import below, lives
from session import Session


def folders(kernel: int) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"lazuli-kernel-{kernel}-*"))


def leaves_nothing(session: Session):
    kernel = session.process
    processes = below(kernel)
    assert folders(kernel), "a kernel has a folder of its own"
    session.client.shutdown()
    ended = session.manager.provisioner.process.poll
    until(lambda: ended() is not None)
    assert ended() == 0, session.log
    until(lambda: not any(lives(process) for process in processes))
    until(lambda: not folders(kernel))


def test_shutdown_of_an_idle_kernel(kernel):
    kernel.ok("let bound = 1;")
    assert any("lazuli-runtime" in command for command in below(kernel.process).values())
    leaves_nothing(kernel)


def test_shutdown_of_a_kernel_that_still_starts(kernel):
    leaves_nothing(kernel)


def test_shutdown_while_a_cell_runs(kernel):
    request = kernel.client.execute('println!("started");\nloop {}')
    printed(kernel, request, "started")
    leaves_nothing(kernel)


def test_shutdown_while_a_cell_compiles(kernel):
    kernel.ok("let bound = 1;")
    kernel.client.execute(ENDLESS_COMPILE)
    until(lambda: working_compilers(kernel))
    leaves_nothing(kernel)


def test_shutdown_while_a_cell_waits_for_input(kernel):
    kernel.client.execute("let mut line = String::new();\nstd::io::stdin().read_line(&mut line)?;", allow_stdin=True)
    assert kernel.client.get_stdin_msg(timeout=60)["msg_type"] == "input_request"
    leaves_nothing(kernel)


def test_shutdown_while_a_command_runs(kernel):
    request = kernel.client.execute("!echo started; sleep 1000; echo never")
    printed(kernel, request, "started")
    leaves_nothing(kernel)


def test_shutdown_ends_what_a_command_left_behind(kernel):
    sleeping = int(kernel.ok("!sleep 1000 & echo $!").stdout)
    assert lives(sleeping)
    leaves_nothing(kernel)
    until(lambda: not lives(sleeping))

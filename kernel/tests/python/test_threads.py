"""Threads that a cell leaves behind: what they print is seen, and they hold nobody up."""

from busy import printed
from session import Session

LEFT = """
std::thread::spawn(|| {{
    while !std::path::Path::new("{go_on}").exists() {{ std::thread::sleep(std::time::Duration::from_millis(10)); }}
    println!("late");
}});
"""


def left(session: Session, go_on) -> str:
    """Leaves a thread behind that prints when the file is there."""
    request = session.client.execute(LEFT.format(go_on=go_on))
    assert session.collect(request).ok
    return request


def test_what_a_left_thread_prints_is_shown_by_the_cell_that_ran_last(kernel, tmp_path):
    go_on = tmp_path / "go on"
    request = left(kernel, go_on)
    go_on.touch()
    printed(kernel, request, "late")


def test_what_a_left_thread_prints_is_shown_by_the_cell_that_runs(kernel, tmp_path):
    go_on = tmp_path / "go on"
    left(kernel, go_on)
    waiting = f'while !std::path::Path::new("{tmp_path}/end").exists() {{ std::thread::yield_now(); }}'
    request = kernel.client.execute(f'println!("runs");\n{waiting}')
    printed(kernel, request, "runs")
    go_on.touch()
    printed(kernel, request, "late")
    (tmp_path / "end").touch()
    assert kernel.collect(request).ok


def test_what_a_left_thread_prints_is_not_lost_to_a_silent_cell(kernel, tmp_path):
    go_on = tmp_path / "go on"
    request = left(kernel, go_on)
    silent = kernel.client.execute("1 + 1", silent=True)
    assert kernel.collect(silent).ok
    go_on.touch()
    printed(kernel, request, "late")


def test_a_thread_that_waits_for_input_does_not_keep_its_cell_from_its_end(kernel, tmp_path):
    go_on = tmp_path / "go on"
    code = (
        "std::thread::spawn(|| { let mut line = String::new(); let _ = std::io::stdin().read_line(&mut line); });\n"
        f'while !std::path::Path::new("{go_on}").exists() {{ std::thread::yield_now(); }}\n"ended"'
    )
    request = kernel.client.execute(code, allow_stdin=True)
    assert kernel.client.get_stdin_msg(timeout=60)["msg_type"] == "input_request"
    go_on.touch()
    assert kernel.collect(request, patience=30).result == '"ended"'
    assert kernel.ok("1 + 1").result == "2"

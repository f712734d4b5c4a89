"""`:time` before the code of a cell: what it took, told after what it shows."""

import re

from busy import printed
from session import Cell

TOLD = re.compile(
    r"(?P<failed>failed after )?(?P<wall>\S+ \w+): (?:compiling; it did not run|"
    r"compiled in (?P<compile>\S+ \w+), ran for (?P<run>\S+ \w+); processor (?:(?P<cpu>\d\S* \w+)|unknown).*)"
)
UNITS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0}
ELSEWHERE = "config().scheduler(Scheduler::Processes).workers(2)"


def times(cell: Cell) -> dict[str, float]:
    """The figures in seconds."""
    [bundle] = [item["data"] for item in cell.shown if TOLD.fullmatch(item["data"].get("text/plain", ""))]
    assert re.sub("<.*?>", "", bundle["text/html"]) == bundle["text/plain"]
    assert "<div style=\"width:" in bundle["text/html"] and " color:" not in bundle["text/html"]
    found = TOLD.fullmatch(bundle["text/plain"]).groupdict()
    assert bool(found["failed"]) == (not cell.ok)
    return {name: seconds(text) for name, text in found.items() if text and name != "failed"}


def seconds(text: str) -> float:
    number, unit = text.split()
    return float(number) * UNITS[unit]


def test_a_cell_that_sleeps_takes_time_and_hardly_any_processor(shared):
    cell = shared.ok(":time\nstd::thread::sleep(std::time::Duration::from_millis(300));\n6 * 7")
    took = times(cell)
    assert took["run"] >= 0.3 and took["compile"] > 0
    assert took["cpu"] < took["run"] / 2
    # Each figure is rounded for itself.
    assert abs(took["wall"] - took["compile"] - took["run"]) <= 0.02
    assert cell.result == "42", "the value of its last expression stands below"


def test_a_compile_counts_as_compile(shared):
    slow = "const fn count(n: u64) -> u64 { let mut i = 0; while i < n { i += 1; } i }\n"
    cell = shared.ok(f":time #[allow(long_running_const_eval)]\nconst MANY: u64 = count(1_000_000);\n{slow}MANY")
    took = times(cell)
    assert took["compile"] > took["run"]


def test_work_of_all_threads_counts(shared):
    cell = shared.ok(
        ":time\nfn busy() { let began = std::time::Instant::now(); while began.elapsed().as_millis() < 200 {} }\n"
        "std::thread::scope(|scope| { scope.spawn(busy); scope.spawn(busy); });"
    )
    took = times(cell)
    # How much of 2 x 0.2 s they got is up to the machine.
    assert took["run"] >= 0.2 and 0 < took["cpu"] < 16 * took["run"]


def test_work_in_worker_processes_counts(shared):
    busy = "{ let mut sum = n; for i in 0..200_000_000u64 { sum = std::hint::black_box(sum ^ i); } sum }"
    shared.ok(f"let work = from_sequence(0..2u64, 2).map(|n| {busy});")
    here = times(shared.ok(":time work.compute_with(config().scheduler(Scheduler::Synchronous))?"))
    there = times(shared.ok(f":time work.compute_with({ELSEWHERE})?"))
    # The same loops: nearly all of the time they take is theirs, wherever they ran.
    assert there["cpu"] > here["cpu"] / 3


def test_programs_that_a_cell_starts_count(shared):
    script = "n=0; while [ $n -lt 200000 ]; do n=$((n + 1)); done"
    cell = shared.ok(f':time std::process::Command::new("sh").args(["-c", "{script}"]).status()?.success()')
    assert cell.result == "true"
    took = times(cell)
    assert took["cpu"] > 0.01


def test_what_fails_is_timed_too(kernel):
    kernel.ok("let witness = 7;")
    took = times(kernel.fails(":time\nlet kept = witness + 1;\nlet broken: i32 = \"no number\".parse()?;"))
    assert took["run"] >= 0
    assert kernel.ok("kept").result == "8", "as without"
    cell = kernel.fails(":time let wrong: i32 = witness.len();")
    assert times(cell).keys() == {"wall"}
    assert "cell 4, line 1" in cell.complaint and "1 | :time let wrong" in cell.complaint, cell.complaint
    assert "stand before the Rust" not in cell.complaint
    took = times(kernel.fails(":time\nstd::process::abort()"))
    assert "cpu" not in took and took["run"] > 0
    assert "cpu" in times(kernel.ok(":time 1 + 1")), "of the process that took the place"


def test_an_interrupted_cell_is_timed_too(kernel):
    request = kernel.client.execute(
        ':time\nprintln!("started");\nfrom_sequence(0..10_000i64, 10_000).map(|n| {\n'
        "    std::thread::sleep(std::time::Duration::from_millis(50));\n    n\n}).sum().compute()?"
    )
    printed(kernel, request, "started")
    kernel.manager.interrupt_kernel()
    cell = kernel.collect(request)
    assert cell.reply["ename"] == "Interrupted"
    assert times(cell)["run"] > 0


def test_output_comes_before_the_times(shared):
    request = shared.client.execute(':time\nprintln!("printed");\ndisplay(&call(|| 3, ()).visualize());')
    kinds = []
    while "idle" not in kinds:
        message = shared.client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == request:
            kinds.append(message["content"].get("execution_state", message["msg_type"]))
    assert kinds == ["busy", "execute_input", "stream", "display_data", "display_data", "idle"]


def test_wrong_uses_say_what_to_write(shared):
    assert "nothing to time" in shared.fails(":time").complaint
    assert "write `:time`" in shared.fails(":timeit 1 + 1").complaint
    assert "write `:time`" in shared.fails("%%time\n1 + 1").complaint


def completed(session, code: str) -> list[str]:
    return session.client.complete(code, reply=True, timeout=60)["content"]["matches"]


def test_the_command_and_the_code_behind_it_complete(shared):
    assert ":time" in completed(shared, ":ti")
    shared.ok("let lapis = vec![1];")
    assert "lapis" in completed(shared, ":time lap")

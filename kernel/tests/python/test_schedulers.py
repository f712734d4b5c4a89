"""Cells whose graphs run elsewhere or within little memory: what works, what is told, what lives on."""

import os
import signal

from busy import printed, until
from processes import below
from session import Session

ROW = (
    "use serde::{Serialize, Deserialize};\n"
    "#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\nstruct Row { name: String, n: i64 }"
)
ELSEWHERE = "config().scheduler(Scheduler::Processes).workers(2)"


def test_types_and_functions_of_earlier_cells_work_in_worker_processes(kernel):
    kernel.ok(ROW)
    kernel.ok('fn row(n: i64) -> Row { Row { name: format!("row {n}"), n: n * n } }')
    kernel.ok("let rows = from_sequence(0..6i64, 3).map(row);")
    kernel.ok(
        "let total = call(|rows: Vec<Row>| rows.iter().map(|row| row.n).sum::<i64>(), "
        "(delayed(vec![row(2), row(3)]),));"
    )
    cell = kernel.ok(f"with_config({ELSEWHERE}, || compute!(rows, total))?")
    assert 'Row { name: "row 5", n: 25 }' in cell.result and cell.result.rstrip(")").endswith("13")
    # Workers stay; what is defined afterwards is brought to them.
    kernel.ok("fn halved(row: Row) -> Row { Row { n: row.n / 2, ..row } }")
    assert "n: 12" in kernel.ok(f"rows.map(halved).compute_with({ELSEWHERE})?").result


def test_arrays_frames_and_files_give_the_same_in_worker_processes(kernel, tmp_path):
    (tmp_path / "trips.csv").write_text("city,fare\n" + "Rome,2\nOslo,3\n" * 500)
    kernel.ok(f'std::env::set_current_dir("{tmp_path}")?;')
    kernel.ok('let trips = read_csv_with("trips.csv", CsvOptions::new().blocksize(1000))?;')
    kernel.ok('let sums = trips.group_by(["city"]).agg([col("fare").sum()])?;')
    kernel.ok("let x = random((200, 200), (50, 50), 7); let y = (&x * 2.0 - 1.0).abs().sum();")
    cell = kernel.ok(f"(y.compute()? - y.compute_with({ELSEWHERE})?).abs() < 1e-9")
    assert cell.result == "true"
    cell = kernel.ok(f"sums.compute_with({ELSEWHERE})?.into_inner() == sums.compute()?.into_inner()")
    assert cell.result == "true"


def test_what_a_task_prints_in_a_worker_process_reaches_its_cell(kernel):
    cell = kernel.ok(
        f'from_sequence(0..2i64, 2).map(|n| {{ println!("task {{n}}"); n }}).compute_with({ELSEWHERE})?'
    )
    assert "task 0" in cell.stdout and "task 1" in cell.stdout


def test_a_closure_with_captures_is_refused_with_its_line_and_what_to_write(kernel):
    kernel.ok("let factor = 3i64;")
    kernel.ok("let scaled = from_sequence(0..4i64, 2)\n    .map(move |n| n * factor);")
    complaint = kernel.fails(f"scaled.compute_with({ELSEWHERE})?").complaint
    assert "map_with(parameters" in complaint and "cell 2, line 2" in complaint, complaint
    assert kernel.ok("scaled.compute()?").result == "[0, 3, 6, 9]"


def test_a_worker_that_is_killed_from_outside_loses_nothing(kernel):
    kernel.ok(
        "let slow = from_sequence(0..40i64, 40).map(|n| {\n"
        "    std::thread::sleep(std::time::Duration::from_millis(100));\n    n\n});"
    )
    kernel.ok(f"slow.sum().compute_with({ELSEWHERE})?")
    request = kernel.client.execute(f'println!("started");\nslow.sum().compute_with({ELSEWHERE})?')
    printed(kernel, request, "started")
    workers = [process for process, command in below(kernel.process).items() if "/proc/self/exe" in command]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    cell = kernel.collect(request)
    assert cell.reply["status"] == "ok", cell.complaint
    assert cell.result == "780"


def test_interrupt_in_worker_processes_does_not_wait_for_the_task(kernel):
    kernel.ok("let kept = 5;")
    request = kernel.client.execute(
        'println!("started");\nfrom_sequence(0..4i64, 4).map(|n| {\n'
        f"    std::thread::sleep(std::time::Duration::from_secs(3600));\n    n\n}}).compute_with({ELSEWHERE})?"
    )
    printed(kernel, request, "started")
    kernel.manager.interrupt_kernel()
    cell = kernel.collect(request)
    assert cell.reply["ename"] == "Interrupted", cell.complaint
    assert kernel.ok("kept").result == "5"


def test_workers_end_with_their_kernel():
    with Session() as session:
        session.ok(f"from_sequence(0..4i64, 4).map(|n| n + 1).compute_with({ELSEWHERE})?")
        workers = [process for process, command in below(session.process).items() if "/proc/self/exe" in command]
        assert workers
    until(lambda: not any(os.path.exists(f"/proc/{process}") for process in workers))


def test_a_result_that_does_not_fit_is_an_error_and_a_reduction_of_it_is_not(kernel):
    kernel.ok("let x = random((4000, 4000), (500, 500), 7);")
    complaint = kernel.fails('with_config(config().memory("50 MB"), || x.compute())?').complaint
    assert "does not fit into memory" in complaint and "config().memory" in complaint, complaint
    mean = kernel.ok('with_config(config().memory("50 MB"), || x.mean().compute())?').result
    assert 0.49 < float(mean) < 0.51


def test_a_failed_run_goes_on_where_it_failed(kernel, tmp_path):
    key = tmp_path / "key"
    kernel.ok(f'fn needs_key(n: i64) -> Result<i64, std::io::Error> {{ std::fs::metadata("{key}").map(|_| n + 1) }}')
    kernel.ok("let first = call(|| { println!(\"slow\"); 41i64 }, ());")
    kernel.ok("let both = (try_call(needs_key, (&first,)), &first * 1);")
    assert "No such file" in kernel.fails("compute!(both.0, first)?").complaint
    key.write_text("")
    cell = kernel.ok('last_run().ok_or("no run")?.retry(&both.0)?')
    assert cell.result == "42" and "slow" not in cell.stdout

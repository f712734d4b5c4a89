"""How long cells take and what an idle kernel holds, as a markdown table; `cargo lab bench cells` runs this.

Kernels are started by name through Jupyter, so any Rust kernel can stand beside ours:

    cargo lab bench cells -- --kernel lazuli --kernel rust

With `--polars`, kernels other than ours get polars by `:dep` first, which compiles for a quarter of an hour the first
time. Every figure is what a notebook sees: from sending a request until both its reply and idle have arrived.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

# The first cell of a kernel that compiles polars.
PATIENCE = 3600.0


@dataclass
class Cells:
    """The same work in the words of one kernel. `{n}` is another number in each round."""

    prepare: list[str]
    first: str
    variables: list[str]
    compute: str
    show: str
    # Cells with closures are compiled with optimization.
    closures: dict[str, str]


LAZULI = Cells(
    prepare=[],
    first="random((1000, 1000), (100, 100), 7).sum().compute()?",
    variables=[
        "let a1 = random((100, 100), (50, 50), 1);",
        "let a2 = &a1 + &a1;",
        "let a3 = a2.sum();",
        "let b1 = from_sequence(0..100i64, 4);",
        "let b2 = b1.map(|n| n * 2);",
        "let b3 = b2.filter(|n| n % 3 == 0);",
        'let d1 = from_polars(polars::df!["g" => [1i64, 2, 1], "v" => [1.0, 2.0, 3.0]]?, 2)?;',
        'let d2 = d1.filter(col("v").gt(lit(1.5)))?;',
        'let d3 = d1.group_by(["g"]).agg([col("v").sum()])?;',
    ],
    compute='let out = d1.filter(col("v").gt(lit(0.{n})))?.group_by(["g"]).agg([col("v").sum()])?.compute()?;',
    show="d1.compute()?",
    closures={
        "map a bag, `let` included": "let mapped = b1.map(|n| n + {n});",
        "map, filter and sum a bag, and show that": "b1.map(|n| n + {n}).filter(|n| n % 3 == 0).sum().compute()?",
        "call a function, `let` included": "let called = call(|a: i64, b: i64| a * b + {n}, (2, 3));",
    },
)
POLARS = Cells(
    prepare=[
        ':dep polars = { version = "0.55", default-features = false, features = '
        '["lazy", "csv", "parquet", "temporal", "strings", "fmt", "dtype-slim", "describe"] }',
        "use polars::prelude::*;",
    ],
    first='df!["g" => [1i64, 2, 1]]?.lazy().select([col("g").sum()]).collect()?',
    variables=['let d1 = df!["g" => [1i64, 2, 1], "v" => [1.0, 2.0, 3.0]]?;']
    + [f"let d{n} = d1.clone();" for n in range(2, 10)],
    compute='let out = d1.clone().lazy().filter(col("v").gt(lit(0.{n}))).group_by([col("g")]).agg([col("v").sum()]).collect()?;',
    show="d1.clone()",
    closures={},
)
BARE = Cells(prepare=[], first="1 + 1", variables=[], compute="", show="", closures={})


class Kernel:
    def __init__(self, name: str):
        self.started = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels(hb=False)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def answer(self) -> float:
        """Seconds from start until the kernel has told what it is."""
        request = self.client.kernel_info()
        self._reply(request)
        return time.perf_counter() - self.started

    def run(self, code: str) -> float:
        """Seconds a cell takes; a cell that fails ends the bench, since its time would mean nothing."""
        begun = time.perf_counter()
        request = self.client.execute(code)
        reply = self._reply(request)
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            is_ours = message["parent_header"].get("msg_id") == request
            if is_ours and message["content"].get("execution_state") == "idle":
                break
        if reply["content"]["status"] != "ok":
            sys.exit(f"this cell failed:\n{code}\n{reply['content'].get('evalue')}")
        return time.perf_counter() - begun

    def _reply(self, request: str) -> dict:
        while True:
            try:
                message = self.client.get_shell_msg(timeout=PATIENCE)
            except Empty:
                sys.exit(f"no reply within {PATIENCE} s")
            if message["parent_header"].get("msg_id") == request:
                return message

    def memory(self) -> float:
        """Megabytes of the kernel and everything it started; what they share counts once."""
        processes = descendants(self.manager.provisioner.pid)
        return sum(proportional(process) for process in processes) / 1024


def descendants(process: int) -> list[int]:
    """The process and all that it and they started; children are listed by the thread that started them."""
    found = [process]
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        for child in thread.read_text().split():
            found += descendants(int(child))
    return found


def proportional(process: int) -> int:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def warm(kernel: Kernel, code: str, rounds: int) -> float:
    """The median; two rounds before it count for nothing."""
    times = [kernel.run(code.replace("{n}", str(n))) for n in range(rounds + 2)]
    return statistics.median(times[2:])


def measure(name: str, cells: Cells, rounds: int) -> dict[str, str]:
    seconds = lambda value: f"{value:.2f} s"
    rows = {}
    with Kernel(name) as kernel:
        rows["kernel_info after start"] = seconds(kernel.answer())
    with Kernel(name) as kernel:
        for code in cells.prepare:
            kernel.run(code)
        kernel.run(cells.first)
        rows["start to the first result, sent at once"] = seconds(time.perf_counter() - kernel.started)
        rows["memory, idle"] = f"{kernel.memory():.0f} MB"
        rows["`1 + 1`, no variables"] = seconds(warm(kernel, "1 + 1", rounds))
        if cells.variables:
            for code in cells.variables:
                kernel.run(code)
            rows[f"`1 + 1`, {len(cells.variables)} collection variables"] = seconds(warm(kernel, "1 + 1", rounds))
            rows["build and compute a frame, `let` included"] = seconds(warm(kernel, cells.compute, rounds))
            rows["show a frame"] = seconds(warm(kernel, cells.show, rounds))
            for name, code in cells.closures.items():
                rows[name] = seconds(warm(kernel, code, rounds))
            rows["memory after that"] = f"{kernel.memory():.0f} MB"
    return rows


def main():
    parser = argparse.ArgumentParser(prog="cargo lab bench cells --", description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", action="append", help="a kernel's name, several times for several (default: lazuli)")
    parser.add_argument("--polars", action="store_true", help="give other kernels polars by `:dep`")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    names = arguments.kernel or ["lazuli"]
    known = KernelSpecManager().find_kernel_specs()
    if missing := [name for name in names if name not in known]:
        sys.exit(f"no kernel named {', '.join(missing)}; Jupyter knows {', '.join(sorted(known)) or 'none'}")

    columns = {}
    for name in names:
        cells = LAZULI if name == "lazuli" else POLARS if arguments.polars else BARE
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        columns[name] = measure(name, cells, arguments.rounds)
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for row in rows:
        print(f"| {row} | {' | '.join(columns[name].get(row, '–') for name in names)} |")


if __name__ == "__main__":
    main()

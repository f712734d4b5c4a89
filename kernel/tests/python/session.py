"""A running kernel, driven as a notebook drives it: run a cell, look at all that came back."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

from jupyter_client.manager import KernelManager

KERNEL = "lazuli"
# A cell that takes longer hangs; the first one waits for the evaluator's warm-up.
PATIENCE = 120.0
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Cell:
    """What one executed cell gave back."""

    reply: dict
    # The content of every display_data, execute_result and update_display_data, in order.
    shown: list[dict] = field(default_factory=list)
    stdout: str = ""
    stderr: str = ""
    # Content of the iopub error message, which must say the same as the reply.
    error: dict | None = None

    @property
    def ok(self) -> bool:
        return self.reply["status"] == "ok"

    @property
    def result(self) -> str | None:
        """The text of the last expression."""
        texts = [item["data"]["text/plain"] for item in self.shown if "text/plain" in item["data"]]
        return texts[-1] if texts else None

    @property
    def html(self) -> str:
        return "".join(item["data"].get("text/html", "") for item in self.shown)

    @property
    def traceback(self) -> str:
        return COLOURS.sub("", "\n".join(self.reply.get("traceback", [])))

    @property
    def message(self) -> str:
        """What went wrong, in one sentence, without the user's code."""
        return COLOURS.sub("", self.reply["evalue"])

    @property
    def places(self) -> list[str]:
        """The lines of cells that the traceback points at, such as `cell 3, line 1`."""
        return re.findall(r"^ *--> (cell \d+, line \d+)$", self.traceback, re.MULTILINE)

    @property
    def complaint(self) -> str:
        """Everything that the user is told about a failure."""
        return f"{self.reply.get('ename')}: {COLOURS.sub('', self.reply.get('evalue') or '')}\n{self.traceback}"


class Session:
    def __init__(self, kernel: str = KERNEL, home: Path | None = None):
        """Starts the kernel of that name; `home` is a staged build to take instead of the installed one."""
        self.manager = KernelManager(kernel_name=kernel)
        if home is not None:
            spec = self.manager.kernel_spec
            installed = spec.env["LAZULI_HOME"]
            spec.argv = [part.replace(installed, str(home)) for part in spec.argv]
            spec.env = {**spec.env, "LAZULI_HOME": str(home)}
        self._log = tempfile.NamedTemporaryFile(mode="r", errors="replace")
        with open(self._log.name, "wb") as log:
            self.manager.start_kernel(stderr=log)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    @property
    def log(self) -> str:
        """What the kernel has written to its stderr so far."""
        return Path(self._log.name).read_text(errors="replace")

    @property
    def process(self) -> int:
        """The kernel's process."""
        return self.manager.provisioner.process.pid

    def run(self, code: str, *, answers: list[str] | None = None, patience: float = PATIENCE, **options) -> Cell:
        """Runs one cell to its end, which is both its reply and idle. `answers` are typed at its input requests."""
        request = self.client.execute(code, allow_stdin=answers is not None, **options)
        return self.collect(request, answers=answers, patience=patience)

    def ok(self, code: str, **options) -> Cell:
        cell = self.run(code, **options)
        assert cell.ok, f"this cell should pass:\n{code}\n\n{cell.complaint}"
        return cell

    def fails(self, code: str, **options) -> Cell:
        cell = self.run(code, **options)
        assert cell.reply["status"] == "error", f"this cell should fail:\n{code}\n\n{cell.stdout}{cell.result}"
        for part in ("ename", "evalue", "traceback"):
            assert part in cell.reply, f"an error reply has {part}: {cell.reply}"
        assert cell.error is not None, "an error is told on iopub too"
        assert cell.error["ename"] == cell.reply["ename"]
        return cell

    def collect(self, request: str, *, answers: list[str] | None = None, patience: float = PATIENCE) -> Cell:
        ends = time.monotonic() + patience
        waiting = list(answers or [])
        cell = Cell(reply={})
        idle = False
        while not (idle and cell.reply):
            assert time.monotonic() < ends, f"no end after {patience} s; idle: {idle}, reply: {cell.reply}"
            if waiting:
                self._answer(waiting)
            if not idle:
                idle = self._next_output(request, cell)
            if not cell.reply:
                self._next_reply(request, cell, wait=0.5 if idle else 0)
        return cell

    def _next_output(self, request: str, cell: Cell) -> bool:
        try:
            message = self.client.get_iopub_msg(timeout=0.2)
        except Empty:
            return False
        if message["parent_header"].get("msg_id") != request:
            return False
        content = message["content"]
        match message["msg_type"]:
            case "stream" if content["name"] == "stdout":
                cell.stdout += content["text"]
            case "stream":
                cell.stderr += content["text"]
            case "display_data" | "execute_result" | "update_display_data":
                cell.shown.append(content)
            case "error":
                cell.error = content
            case "status":
                return content["execution_state"] == "idle"
        return False

    def _next_reply(self, request: str, cell: Cell, wait: float):
        try:
            message = self.client.get_shell_msg(timeout=wait)
        except Empty:
            return
        if message["parent_header"].get("msg_id") == request:
            cell.reply = message["content"]

    def _answer(self, waiting: list[str]):
        try:
            self.client.get_stdin_msg(timeout=0.05)
        except Empty:
            return
        self.client.input(waiting.pop(0))

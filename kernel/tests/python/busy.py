"""Kernels that are at something: how to keep one busy, and how to see that it is."""

import time

from processes import below, processor_time
from session import Session

# Evaluated by the compiler, for longer than anyone waits.
ENDLESS_COMPILE = """
#[allow(long_running_const_eval)]
const ENDLESS: u64 = { let mut n = 0u64; while n < u64::MAX { n += 1; } n };
ENDLESS
"""


def until(happened, patience: float = 60.0):
    """Waits for what `happened` returns, if it is true."""
    ends = time.monotonic() + patience
    while not (found := happened()):
        assert time.monotonic() < ends, f"nothing after {patience} s"
        time.sleep(0.02)
    return found


def printed(session: Session, request: str, text: str):
    """Waits until the cell has printed the text."""
    while True:
        message = session.client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == request and message["msg_type"] == "stream":
            if text in message["content"]["text"]:
                return


def compilers(session: Session) -> list[int]:
    return [process for process, command in below(session.process).items() if "--crate-name ctx" in command]


def working_compilers(session: Session) -> list[int]:
    """Those that are at `ENDLESS_COMPILE`: one that waits for its cell has not worked for so long."""
    return [process for process in compilers(session) if processor_time(process) > 1]

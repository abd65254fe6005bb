# SPDX-License-Identifier: Apache-2.0
"""Child processes: own group, log file, time limit, and gone when we go. Standard library only."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, whatever kills the parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and everything it started, and reap it."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
    except (ProcessLookupError, PermissionError):
        pass
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def run_logged(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    timeout_s: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> int:
    """Run a command with its output appended to `log`; return the exit status, 124 on time-out.

    on_line sees each output line as it comes. Any exception here (Ctrl-C too) first kills the
    whole process group.
    """
    with log.open("ab") as out:
        out.write(("$ " + " ".join(command) + "\n").encode())
        out.flush()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        timed_out = threading.Event()

        def expire() -> None:
            timed_out.set()
            stop_group(process)

        timer = threading.Timer(timeout_s, expire) if timeout_s else None
        try:
            if timer:
                timer.daemon = True
                timer.start()
            assert process.stdout is not None
            for raw in process.stdout:
                out.write(raw)
                out.flush()
                if on_line:
                    on_line(raw.decode("utf-8", "replace").rstrip("\n"))
            status = process.wait()
            # What the child left running in its group (a forked helper) must not outlive it.
            _sweep(process.pid)
        except BaseException:
            stop_group(process)
            raise
        finally:
            if timer:
                timer.cancel()
            if process.stdout is not None:
                process.stdout.close()
        return 124 if timed_out.is_set() else status


def _sweep(group: int) -> None:
    deadline = time.monotonic() + 0.2
    while time.monotonic() < deadline:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.01)

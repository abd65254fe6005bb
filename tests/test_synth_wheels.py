# SPDX-License-Identifier: Apache-2.0
"""The tools' WebAssembly is compiled once, by one process, and only a long wait is told."""

from __future__ import annotations

import sys
import time

import pytest

from synth import wheels


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """A module whose start takes `seconds`, or fails; returns what was said and what it wrote."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(wheels, "_SOON_S", 2.0)

    def start(name: str, body: str) -> list[str]:
        (tmp_path / f"{name}.py").write_text(f"import time\ndef run():\n    {body}\n")
        monkeypatch.setattr(wheels, "_VERSIONS", {"not_installed_tool": "run()", name: "run()"})
        said: list[str] = []
        wheels.compiled(said.append)
        return said

    yield start
    for name in ("quick_tool", "slow_tool", "bad_tool"):
        sys.modules.pop(name, None)


def test_a_quick_start_says_nothing(tool, tmp_path):
    assert tool("quick_tool", f"open({str(tmp_path / 'ran')!r}, 'w')") == []
    assert (tmp_path / "ran").exists()


def test_a_slow_start_is_told_and_waited_for(tool, tmp_path):
    (line,) = tool("slow_tool", f"time.sleep(3.5); open({str(tmp_path / 'ran')!r}, 'w')")
    assert line.startswith("slow_tool: compiled for this machine, once")
    assert (tmp_path / "ran").exists()


def test_a_tool_that_fails_is_left_to_who_needs_it(tool):
    start = time.monotonic()
    assert tool("bad_tool", "raise ValueError") == []
    assert time.monotonic() - start < 60

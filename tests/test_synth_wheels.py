# SPDX-License-Identifier: Apache-2.0
"""The tools' WebAssembly is compiled once, by one process, and only that wait is told."""

from __future__ import annotations

import os

import pytest

from sim import cli
from synth import wheels


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Starts a wheel whose tool does `body`, behind one that is not installed; what was said."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(wheels, "BUILD", tmp_path / "build")

    def start(name: str, body: str) -> list[str]:
        (tmp_path / f"yowasp_{name}.py").write_text(
            f"import sys\ndef run_{name}(words):\n    assert words == ['--version']\n"
            f"    open({str(tmp_path / 'ran')!r}, 'w').close()\n    {body}\n")
        monkeypatch.setattr(wheels, "_ALL", ("not-installed-tool", f"yowasp-{name}"))
        said: list[str] = []
        wheels.compiled(said.append)
        return said

    return start


def test_a_quick_start_says_nothing(tool, tmp_path):
    assert tool("quick", "print('quick 1.0')") == []
    assert (tmp_path / "ran").exists()


def test_a_slow_start_is_told_and_waited_for(tool, tmp_path):
    (line,) = tool("slow", "print('Preparing to run slow. This might take a while...', "
                           f"file=sys.stderr, flush=True); open({str(tmp_path / 'end')!r}, 'w')")
    assert line.startswith("yowasp-slow: compiled for this machine, once")
    assert (tmp_path / "ran").exists() and (tmp_path / "end").exists()


def test_a_tool_that_fails_is_left_to_who_needs_it(tool, tmp_path):
    assert tool("bad", "raise ValueError") == []
    assert (tmp_path / "ran").exists()


def test_make_setup_leaves_no_tool_to_compile(monkeypatch, capsys):
    started = []
    monkeypatch.setattr(wheels, "compiled", started.append)
    assert cli.run("setup", {}) == 0
    assert started == [print]
    assert capsys.readouterr().out == "set-up: everything is there\n"

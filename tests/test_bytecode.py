# SPDX-License-Identifier: Apache-2.0
"""Bytecode is kept for every process we start, under build/ and never among the sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sim import bytecode, simulators
from sim.paths import BUILD, ROOT

SAY = "import sys, sim.bytecode as b; print(b.__cached__, sys.dont_write_bytecode)"


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that forbids it, as CI's does, and no folder of the user's."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)


def test_a_simulation_keeps_bytecode_under_build(forbidden: None) -> None:
    env = simulators.clean_environment() | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", SAY], env=env, cwd=BUILD, capture_output=True,
                          text=True, check=True).stdout.split()  # fmt: skip
    assert said[1] == "False"
    kept = Path(said[0])
    assert kept.is_relative_to(BUILD / "bytecode") and kept.exists()


def test_a_verb_hands_it_to_what_it_starts(forbidden: None, tmp_path: Path) -> None:
    said = tmp_path / "said"
    (tmp_path / "test_it.py").write_text(
        f"import os, pathlib\ndef test_it():\n"
        f"    pathlib.Path({str(said)!r}).write_text(os.environ['PYTHONPYCACHEPREFIX'])\n"
        f"    assert 'PYTHONDONTWRITEBYTECODE' not in os.environ\n", encoding="utf-8")  # fmt: skip
    words = f"-c /dev/null -p no:cacheprovider --junitxml={tmp_path / 'x.xml'} {tmp_path}"
    verb = [sys.executable, "-m", "sim", "test", "WORKERS=1", f"ARGS={words}"]
    done = subprocess.run(verb, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert said.read_text(encoding="utf-8") == str(BUILD / "bytecode")


def test_the_users_own_folder_is_kept() -> None:
    env = {"PYTHONPYCACHEPREFIX": "/somewhere", "PYTHONDONTWRITEBYTECODE": "1"}
    bytecode.keep(env)
    assert env == {"PYTHONPYCACHEPREFIX": "/somewhere"}

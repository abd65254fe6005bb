# SPDX-License-Identifier: Apache-2.0
"""The command line as users meet it: bad input is one line, Ctrl-C leaves nothing behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim import cli, results, verbs
from sim.errors import HarnessError
from sim.paths import RESULTS, ROOT

# The command line over the fixture targets instead of the repository's own.
FIXTURE_CLI = """
import sys
from sim import bootstrap, cli, targets
from sim.__main__ import main
fixtures = targets.load_table(targets.ROOT / "tests/fixtures/targets.toml", targets.ROOT)
targets.table = lambda: fixtures
bootstrap.ready = lambda *_: True
import sim.__main__
sim.__main__._in_venv = lambda: True
sys.exit(main(sys.argv[1:]))
"""


def call(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FIXTURE_CLI, *words],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sim"], "which module?"),
        (["sim", "TOPLEVEL=countr"], "unknown TOPLEVEL 'countr', did you mean 'counter'?"),
        (["sim", "TOPLEVEL=counter", "SIM=ikarus"], "unknown SIM 'ikarus', did you mean 'icarus'?"),
        (["sim", "TOPLEVEL=counter", "NET=digits"], "unknown NET of counter 'digits'"),
        (["sim", "TOPLEVEL=counter", "TESTCASE=cuonts"], "did you mean 'counts'?"),
        (["sim", "TOPLEVEL=counter", "W=33"], "W=33 is out of range 1..32"),
        (["sim", "TOPLEVEL=counter", "W=four"], "W=four is not a whole number"),
        (["sim", "TOPLEVEL=counter", "IMAGES=0"], "IMAGES=0 is out of range 1..64"),
        (["sim", "TOPLEVEL=counter", "SEED=-1"], "SEED=-1 is not a whole number"),
        (["sim", "TOPLEVEL=counter", "SEED=1e3"], "SEED=1e3 is not a whole number"),
        (["sim", "TOPLEVEL=counter", "WAVES=yes"], "WAVES=yes must be 0 or 1"),
        (["sim", "TOPLEVL=counter"], "unknown variable of `make sim` 'TOPLEVL', did you mean"),
        (["sim", "counter"], "expected NAME=value, got 'counter'"),
        (["simm", "TOPLEVEL=counter"], "unknown verb 'simm', did you mean 'sim'?"),
        (["sim", "TOPLEVEL=counter_untested"], "neither tests nor bench"),
        (["test", "SIM=modelsim"], "unknown SIM 'modelsim'"),
        (["test", "ARGS=-k 'x"], "No closing quotation"),
        (["train", "B=6"], "B=6 is out of range 3..5"),
        (["train", "NET=digit"], "unknown NET of make train 'digit', did you mean 'digits'?"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(words: list[str], message: str) -> None:
    done = call(*words)
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("error: ") and message in lines[-1]
    assert "Traceback" not in done.stdout + done.stderr and len(lines) == 1


def test_pass_is_0_and_writes_every_promised_key() -> None:
    done = call("sim", "TOPLEVEL=counter", "SEED=7", "W=5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS counter on Verilator" in done.stdout and "seed 7" in done.stdout
    content = json.loads((RESULTS / "sim-counter.json").read_text("utf-8"))
    assert list(content)[:14] == [
        "toplevel", "sim", "sim_version", "parameters", "seed", "net", "layers",
        "outputs_compared", "mismatches", "tests_run", "tests_failed", "build_s", "wall_s",
        "passed",
    ]  # fmt: skip
    assert list(content["layers"][0])[:7] == [
        "name", "outputs", "mismatches", "cycles", "macs", "macs_per_cycle", "stall_cycles",
    ]  # fmt: skip
    assert content["passed"] is True and content["parameters"] == {"WIDTH": 5, "FAULT": 0}
    assert content["seed"] == 7 and content["outputs_compared"] == 40
    assert (RESULTS / "sim-counter.xml").read_text("utf-8").count("<testcase") == 2


def test_failure_is_1_and_prints_a_command_that_fails_the_same_way() -> None:
    done = call("sim", "TOPLEVEL=counter_failing", "SEED=9")
    assert done.returncode == 1
    assert "count is not 99 at output 7" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("reproduce: ")]
    words = line.removeprefix("reproduce: make ").split()
    test = "TESTCASE=wrong/rate=0.5"
    assert words == ["sim", "TOPLEVEL=counter_failing", "SEED=9", test, "WAVES=1"]
    again = call(*words)
    assert again.returncode == 1 and "count is not 99 at output 7" in again.stdout
    assert "waves: " in again.stdout and "1 tests, 1 failed" in again.stdout


@pytest.mark.icarus
def test_both_simulators_are_compared() -> None:
    done = call("sim", "TOPLEVEL=counter", "SIM=both")
    assert done.returncode == 0
    assert "both simulators agree: 1 layers" in done.stdout
    assert json.loads((RESULTS / "sim-counter-icarus.json").read_text("utf-8"))["passed"] is True
    done = call("sim", "TOPLEVEL=counter_records", "SIM=both", "TESTCASE=other_cycles")
    assert done.returncode == 1
    assert "failed: layer forty: cycles 40 on verilator, 41 on icarus" in done.stdout


def test_without_icarus_verilator_goes_on(tmp_path: Path) -> None:
    """A machine with everything but Icarus and a package manager."""
    for tool in ("sh", "env", "c++", "g++", "as", "ld", "ar", "make", "perl", "ps"):
        found = next(p for p in os.get_exec_path() if (Path(p) / tool).exists())
        (tmp_path / tool).symlink_to(Path(found) / tool)
    env = {"PATH": str(tmp_path)}
    done = call("sim", "TOPLEVEL=counter", "SIM=both", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Icarus Verilog is missing" in done.stdout
    assert "going on with Verilator alone" in done.stdout and "PASS counter" in done.stdout
    done = call("sim", "TOPLEVEL=counter", "SIM=icarus", env=env)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1] == (
        "error: SIM=icarus needs Icarus Verilog; SIM=verilator works without it"
    )


def test_a_missing_compiler_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "make").symlink_to("/usr/bin/make")
    done = call("sim", "TOPLEVEL=counter", env={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert "missing on this machine: g++, perl" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_simulator_and_no_result(number: signal.Signals) -> None:
    call("sim", "TOPLEVEL=counter_dying", "TESTCASE=bad_status")  # build it, leave old results
    assert (RESULTS / "sim-counter_dying.json").exists()
    child = subprocess.Popen(
        [sys.executable, "-c", FIXTURE_CLI, "sim", "TOPLEVEL=counter_dying", "TESTCASE=never_ends"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert child.stdout
    for line in child.stdout:
        if "running" in line:
            break
    deadline = time.monotonic() + 3
    while not simulators_of(child.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    simulators = simulators_of(child.pid)
    assert simulators, "the simulator was to be running"
    child.send_signal(number)
    _, errors = child.communicate(timeout=10)
    assert child.returncode == 128 + number
    assert "Traceback" not in errors
    assert errors.split() == ["interrupted" if number == signal.SIGINT else "terminated"]
    assert not any(Path(f"/proc/{pid}").exists() for pid in simulators)
    assert not list(RESULTS.glob("*sim-counter_dying*"))


def test_a_killed_harness_takes_its_simulator_along() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", FIXTURE_CLI, "sim", "TOPLEVEL=counter_dying", "TESTCASE=never_ends"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (found := simulators_of(child.pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    child.communicate()
    deadline = time.monotonic() + 3
    while any(Path(f"/proc/{pid}").exists() for pid in found) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found and not any(Path(f"/proc/{pid}").exists() for pid in found)


def simulators_of(parent: int) -> list[int]:
    """Return the children of a process that run a built simulation."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True,
                            check=True).stdout  # fmt: skip
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [int(r[0]) for r in rows if int(r[1]) == parent and "/build/sim/" in r[2]]


def test_a_reader_that_leaves_ends_the_run_quietly() -> None:
    words = ["sim", "TOPLEVEL=counter_dying", "TESTCASE=never_ends"]
    child = subprocess.Popen([sys.executable, "-c", FIXTURE_CLI, *words], cwd=ROOT, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert child.stdout and child.stderr
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(timeout=60) == 141
    assert child.stderr.read() == ""
    child.stderr.close()


def test_a_full_disk_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "build/results/x.json")

    monkeypatch.setitem(cli._VERBS, "sim", full)  # type: ignore[index]
    before = signal.getsignal(signal.SIGTERM)
    assert cli.run("sim", {}) == 2
    assert signal.getsignal(signal.SIGTERM) is before
    line = "error: no space left on the disk (writing build/results/x.json)"
    assert capsys.readouterr().err.strip() == line


def test_a_result_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.json"
    results.write_atomic(path, "old")
    monkeypatch.setattr(Path, "replace", _fails)
    with pytest.raises(OSError, match="No space"):
        results.write_atomic(path, "new")
    assert path.read_text("utf-8") == "old" and list(tmp_path.iterdir()) == [path]


def _fails(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_variables_of_an_outer_make_are_unquoted() -> None:
    words = verbs.make_overrides(r"ks -j2 --jobserver-auth=3,4 -- ARGS=-k\ a\ or\ b TOPLEVEL=x$$y")
    assert words == ["ARGS=-k a or b", "TOPLEVEL=x$y"]
    assert verbs.make_overrides("ks") == []


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIM", "icarus")
    monkeypatch.setenv("TESTCASE", "")
    assert verbs.parse(["sim", "SIM=both"])[1]["SIM"] == "both"
    assert verbs.parse(["sim"])[1] == {"SIM": "icarus"}
    with pytest.raises(HarnessError, match="unknown verb"):
        verbs.parse(["smi"])


def test_make_passes_words_that_a_shell_would_eat() -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    done = subprocess.run(
        ["make", "sim", "TOPLEVEL=a'b;c \"e&f"], cwd=ROOT, capture_output=True, text=True,
        check=False, env=env,
    )  # fmt: skip
    assert done.returncode == 2
    assert "error: unknown TOPLEVEL" in done.stderr
    assert repr("a'b;c \"e&f") in done.stderr


def test_a_parameter_given_to_make_reaches_the_run() -> None:
    # Through make, then out of a bare python3 into .venv: the range is checked on the far side.
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    env["PATH"] = f"{Path(sys.base_prefix) / 'bin'}:{env['PATH']}"
    done = subprocess.run(
        ["make", "--no-print-directory", "sim", "TOPLEVEL=axis_skid", "WIDTH=0"],
        cwd=ROOT, capture_output=True, text=True, check=False, env=env,
    )  # fmt: skip
    assert done.returncode != 0
    assert "WIDTH=0 is out of range" in done.stderr


@pytest.mark.parametrize("words", [[], ["help"]])
def test_help_lists_verbs_and_toplevels(words: list[str]) -> None:
    done = subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    for word in ("sim", "test", "lint", "train", "quantize", "plut_conv", "shuff_decoder", "SEED"):
        assert word in done.stdout

# SPDX-License-Identifier: Apache-2.0
"""The build cache: what is rebuilt, what is not, and what an interruption leaves."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import build, ports, runtime, simulators, targets
from sim.errors import BuildError
from sim.paths import BUILD, ROOT
from sim.simulators import Job

COUNTER = ROOT / "tests" / "fixtures" / "hdl" / "counter.v"

BUILD_IT = """
import sys
from pathlib import Path
from sim import build
from sim.simulators import Job
print(build.build("verilator", Job("cached_counter", (Path(sys.argv[1]),))).executable)
"""


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Path]:
    """A copy of the counter under another name, so that its builds are this test's own."""
    path = tmp_path / "cached_counter.v"
    path.write_text(COUNTER.read_text("utf-8").replace("module counter", "module cached_counter"))
    shutil.rmtree(BUILD / "sim" / "cached_counter", ignore_errors=True)
    yield path
    shutil.rmtree(BUILD / "sim" / "cached_counter", ignore_errors=True)


def job(path: Path, **more: object) -> Job:
    return Job("cached_counter", (path,), **more)  # type: ignore[arg-type]


def test_nothing_changed_nothing_built(counter: Path) -> None:
    first = build.build("verilator", job(counter))
    assert first.seconds > 0 and first.executable.exists()
    again = build.build("verilator", job(counter))
    assert again.seconds == 0 and again.executable == first.executable


def test_a_touched_file_is_not_a_changed_file(counter: Path) -> None:
    before = build.fingerprint("verilator", job(counter))
    counter.touch()
    assert build.fingerprint("verilator", job(counter)) == before


def test_what_decides_the_build_changes_its_name(
    counter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {build.fingerprint(sim, job(counter)) for sim in ("verilator", "icarus")
             if sim == "verilator" or shutil.which("iverilog")}  # fmt: skip
    count = len(names)
    names.add(build.fingerprint("verilator", job(counter, parameters={"WIDTH": 8})))
    names.add(build.fingerprint("verilator", job(counter, parameters={"WIDTH": 9})))
    names.add(build.fingerprint("verilator", job(counter, waves=True)))
    names.add(build.fingerprint("verilator", job(counter, debug=True)))
    names.add(build.fingerprint("verilator", job(counter, optimize=False)))
    counter.write_text(counter.read_text("utf-8") + "// one more line\n")
    names.add(build.fingerprint("verilator", job(counter)))
    monkeypatch.setattr(build, "tool_version", lambda _: "Verilator 6.000")
    names.add(build.fingerprint("verilator", job(counter)))
    monkeypatch.setattr(build, "compiler_version", lambda: "another compiler")
    names.add(build.fingerprint("verilator", job(counter)))
    assert len(names) == count + 8


def test_an_included_file_counts(counter: Path, tmp_path: Path) -> None:
    header = tmp_path / "inc" / "widths.vh"
    header.parent.mkdir()
    header.write_text("// one\n")
    before = build.fingerprint("verilator", job(counter, includes=(header.parent,)))
    header.write_text("// two\n")
    assert build.fingerprint("verilator", job(counter, includes=(header.parent,))) != before


def test_the_runtime_is_compiled_once(counter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.build("verilator", job(counter))
    lent: list[str] = []
    copy = shutil.copyfile

    def note(source: Path, destination: Path) -> object:
        lent.append(Path(source).name)
        return copy(source, destination)

    monkeypatch.setattr(runtime.shutil, "copyfile", note)
    other = build.build("verilator", job(counter, parameters={"WIDTH": 5}))
    assert {"verilated.o", "verilated_vpi.o"} <= set(lent)
    log = (other.folder / "log.txt").read_text("utf-8")
    assert "verilated.cpp" not in log and "c++-header" not in log
    waves = build.build("verilator", job(counter, waves=True))
    assert "verilated.cpp" not in (waves.folder / "log.txt").read_text("utf-8")


@pytest.mark.parametrize("how", [{}, {"waves": True}, {"optimize": False}])
def test_the_compiler_takes_the_precompiled_header(
    counter: Path, how: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = simulators.make_command

    def telling(*words: object, **more: object) -> list[str]:
        return [*command(*words, **more), "CXX=c++ -H"]  # type: ignore[arg-type]

    monkeypatch.setattr(simulators, "make_command", telling)
    built = build.build("verilator", job(counter, **how))
    log = (built.folder / "log.txt").read_text("utf-8")
    if "clang" in build.compiler_version():
        assert ".gch" not in log
    else:
        assert re.search(r"^! \S+/runtime[\w-]*\.h\.fast\.gch$", log, re.M), "refused, or not read"


def test_a_bench_of_short_tests_is_not_optimized(counter: Path) -> None:
    for optimize, level in ((True, "-O1"), (False, "-O0")):
        log = build.build("verilator", job(counter, optimize=optimize)).folder / "log.txt"
        compiled = [line.split() for line in log.read_text("utf-8").splitlines()
                    if line.startswith("c++ ") and "Vtop__ALL.cpp" in line.split()]  # fmt: skip
        assert len(compiled) == 1 and level in compiled[0]
    raw = {"bench": [{"name": "a", "tests": ["x"], "optimize": False}, {"name": "b", "tests": []}]}
    assert [bench.optimize for bench in targets.parse_target("x", raw).benches] == [False, True]


def test_other_flags_or_tools_have_a_runtime_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = tmp_path / "Vtop_classes.mk"
    text = "VM_TIMING = 0\nVM_TRACE = 0\nVM_CLASSES_FAST += \\\n Vtop \\\n"
    classes.write_text(text)
    words = ["make", "OPT_FAST=-O1", "OPT_GLOBAL=-O2"]
    stores = [runtime._store(tmp_path, words)]
    classes.write_text(text.replace("VM_TRACE = 0", "VM_TRACE = 1"))
    assert runtime._store(tmp_path, words) == stores[0], "no file of the runtime depends on it"
    classes.write_text(text.replace("VM_TIMING = 0", "VM_TIMING = 1"))
    stores.append(runtime._store(tmp_path, words))
    stores.append(runtime._store(tmp_path, [*words[:-1], "OPT_GLOBAL=-O1"]))
    monkeypatch.setattr(build, "compiler_version", lambda: "another compiler")
    stores.append(runtime._store(tmp_path, words))
    monkeypatch.setattr(runtime.importlib.metadata, "version", lambda _: "6.0")
    stores.append(runtime._store(tmp_path, words))
    assert len(set(stores)) == 5


@pytest.mark.parametrize("sim", ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)])
def test_broken_verilog_is_one_line_with_the_place(counter: Path, sim: str) -> None:
    text = counter.read_text("utf-8").splitlines()
    place = next(i for i, line in enumerate(text, 1) if "always" in line)
    text[place - 1] = "    alway @(posedge clk) begin"
    counter.write_text("\n".join(text))
    with pytest.raises(BuildError, match=rf"cached_counter\.v:{place}") as caught:
        build.build(sim, job(counter))
    assert "\n" not in str(caught.value)
    assert not list((BUILD / "sim" / "cached_counter").glob(f"{sim}-*[0-9a-f]"))


def test_a_missing_source_is_one_line(counter: Path) -> None:
    counter.unlink()
    with pytest.raises(BuildError, match=r"cached_counter\.v: No such file"):
        build.build("verilator", job(counter))


@pytest.mark.parametrize("sim", ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)])
def test_refused_parameters_are_named(counter: Path, sim: str) -> None:
    text = counter.read_text("utf-8").replace("    always @", """
    generate
        if (WIDTH > 32) begin : g_illegal
            illegal_parameter_counter_width stop_elaboration();
        end
    endgenerate

    always @""", 1)  # fmt: skip
    counter.write_text(text)
    with pytest.raises(BuildError, match=r"refuses these parameters.*_counter_width.*WIDTH=33"):
        build.build(sim, job(counter, parameters={"WIDTH": 33}))


def test_an_interrupted_build_is_not_taken_for_a_finished_one(counter: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", BUILD_IT, str(counter)], cwd=ROOT)
    home = BUILD / "sim" / "cached_counter"
    deadline = time.monotonic() + 30
    while not list(home.glob(".half-*/Vtop.mk")) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    child.wait()
    assert list(home.glob(".half-*")), "it was to be stopped in the middle"
    assert build.find("verilator", job(counter)) is None
    assert build.build("verilator", job(counter)).executable.exists()


def test_two_at_a_time_make_one_good_build(counter: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", BUILD_IT, str(counter)], cwd=ROOT,
                         stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    said = [child.communicate()[0].strip() for child in children]
    assert all(child.returncode == 0 for child in children)
    assert said[0] == said[1] and Path(said[0]).exists()


class Removed(type(Path())):  # type: ignore[misc]
    """A folder that another process removes after it was listed."""

    def is_dir(self) -> bool:
        return True


class Listed:
    """A folder as it was a moment ago."""

    def __init__(self, *found: Path) -> None:
        self.found = found

    def iterdir(self) -> Iterator[Path]:
        return iter(self.found)

    def glob(self, pattern: str) -> list[Path]:
        return [Removed("there/.half-1-1")]


def test_what_others_remove_does_not_stop_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [tmp_path / name for name in ("one", "two")]
    for folder in kept:
        folder.mkdir()
    monkeypatch.setattr(build, "_KEEP", 2)
    build._prune(Listed(kept[0], Removed("there/gone"), kept[1]))  # type: ignore[arg-type]
    assert all(folder.exists() for folder in kept), "what is gone counts as the oldest"

    monkeypatch.setattr(build, "BUILD", tmp_path)
    monkeypatch.setattr(build.Path, "exists", lambda self: True)
    (tmp_path / "job.v").write_text("module cached_counter; endmodule")
    assert build.find("icarus", job(tmp_path / "job.v")) is None


def test_ports_come_from_the_header(tmp_path: Path) -> None:
    path = tmp_path / "m.v"
    path.write_text("""
// module m (input wrong);
module m #(parameter A = (1 + 2), parameter [3:0] B = $clog2(A)) (
    input  wire clk, rst, // input no
    input  wire signed [A*(B+1)-1:0] s_axis_tdata,
    output reg  [(A > 2 ? 3 : 4):0] q, /* output neither */
    inout  wire pad
);
endmodule
""")
    assert ports.find_ports("m", [path]) == (
        ("input", "clk"), ("input", "rst"), ("input", "s_axis_tdata"), ("output", "q"),
        ("inout", "pad"),
    )  # fmt: skip
    with pytest.raises(BuildError, match="no module n"):
        ports.find_ports("n", [path])

# SPDX-License-Identifier: Apache-2.0
"""Runs the pinned Yosys on a design: one mapped netlist, cached by everything that decides it."""

from __future__ import annotations

import functools
import gzip
import importlib.metadata
import importlib.util
import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sim.paths import shown
from sim.targets import Value
from synth import cache, wheels
from synth.design import Design
from synth.errors import SynthError
from synth.wheels import YOSYS, installed
from synth.yosys import cells

PART: Final = "xck26-sfvc784-2LV-c"
_RECIPE: Final = "synth_xilinx -family xcup -top {top} -flatten -noiopad -noclkbuf -nowidelut"
OPTIONS: Final[Mapping[str, Value]] = {
    "family": "xcup", "flatten": 1, "noiopad": 1, "noclkbuf": 1, "nowidelut": 1, "nodsp": 1,
}  # fmt: skip
"""What every build is mapped with; `nodsp` is taken off for lanes that are made of DSPs."""
_LIGHT: Final = ("dot_product",)
"""Modules without block RAM; see `script`."""
_TABLE_MAP: Final = Path(__file__).with_name("table_map.v")
_EQUAL_PARTS: Final = {"product_tables": "adder_tree"}
"""Modules that are mapped by themselves, and what is in them many times, alike and between
registers: mapped once, too (a third of the time of an accelerator with P3)."""
_TIMEOUT_S: Final = 3600


@dataclass(frozen=True)
class Mapped:
    """A finished synthesis: its folder with netlist.json.gz and log.txt."""

    folder: Path
    top: str
    version: str
    seconds: float

    def netlist_text(self) -> str:
        """Yosys' JSON."""
        return gzip.decompress((self.folder / "netlist.json.gz").read_bytes()).decode()

    def raw(self) -> dict[str, Any]:
        """The netlist as Yosys' JSON has it, parsed."""
        found: dict[str, Any] = json.loads(self.netlist_text())
        return found

    def files(self) -> dict[str, str]:
        """Name -> text of what the netlist is made of."""
        return {"netlist.json": self.netlist_text()}

    def verilog(self) -> str:
        """The same netlist as Verilog, written by Yosys when somebody asks for it."""

        def make(folder: Path) -> None:
            (folder / "netlist.json").write_text(self.netlist_text(), encoding="utf-8")
            yosys("read_json netlist.json\nwrite_verilog -noattr -nohex netlist.v\n", folder)
            text = (folder / "netlist.v").read_bytes()
            (folder / "netlist.v.gz").write_bytes(gzip.compress(text, 4, mtime=0))
            for name in ("netlist.json", "netlist.v"):
                (folder / name).unlink()

        done = cache.folder("verilog", self.folder.name, make)
        return gzip.decompress((done / "netlist.v.gz").read_bytes()).decode()


@functools.cache
def version() -> str:
    """For example "0.70"; SynthError with the way out when the wheel is not there.

    Only 0.60 and later are known: before, ABC was not abc9 and the counts were others.
    """
    found = installed(YOSYS)
    major, minor, *_ = found.split(".")
    if (int(major), int(minor)) < (0, 60):
        raise SynthError(f"{YOSYS} {found} is too old: the flow is written for 0.70")
    return f"{major}.{minor}"


def yosys(script: str, folder: Path, *, timeout_s: float = _TIMEOUT_S) -> str:
    """Run a script in `folder`; what Yosys said. SynthError with Yosys' first error."""
    version()
    (folder / "run.ys").write_text(script, encoding="utf-8")
    command = wheels.command(YOSYS, ["-l", "log.txt", "-q", "-s", "run.ys"])
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                              timeout=timeout_s, stdin=subprocess.DEVNULL)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SynthError(f"Yosys did not end within {timeout_s:.0f} s") from None
    log = folder / "log.txt"
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if done.returncode:
        raise SynthError(f"Yosys: {_reason(said + done.stderr, done.returncode)}")
    return said


def _reason(said: str, status: int) -> str:
    if found := re.search(r"illegal_parameter_(\w+)'", said):
        return f"illegal parameter: {found[1]}"
    errors = [line for line in said.splitlines() if re.search(r"\bERROR:", line)]
    if errors:
        return re.sub(r"^.*?ERROR:\s*", "", errors[0])
    if status < 0 or "Aborted" in said or "wasm trap" in said:
        return f"crashed (status {status}); the log's end: {said.strip().splitlines()[-1:]}"
    return f"ended with status {status}"


def read_words(sources: Sequence[str]) -> list[str]:
    """Commands that read the sources that `prepare` wrote; the cells' hierarchy comes later.

    Deferred: a module is looked at with the parameters it is used with and no others, so that
    files of other parameters (a P-LUT's contents) need not be there.
    """
    return [f"read_verilog -defer {name}" for name in sources]


def prepare(design: Design, folder: Path) -> list[str]:
    """Write the sources to `folder`, ready for Yosys; their names in order.

    The parameters become the top's defaults (no command of Yosys sets a string in a module that is
    read deferred). Modules with many equal instances, which the table names, are marked to be
    mapped once: lanes have registers inside and at their output, so little is lost, and an
    accelerator of 16 lanes maps in minutes.
    """
    sources = design.write(folder)
    for name, text in _light_files(design).items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in sources:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        if found := re.search(rf"^module {design.top}\b.*?\);", text, re.M | re.S):
            head = _defaults(design, found[0])
            text = text[: found.start()] + head + text[found.end() :]
        for module in design.target.separate:
            text = re.sub(rf"^module {module}\b", f"(* keep_hierarchy *)\nmodule {module}", text,
                          flags=re.M)  # fmt: skip
            if module in _EQUAL_PARTS and re.search(rf"^module {module}\b", text, re.M):
                text = re.sub(rf"^(\s+)({_EQUAL_PARTS[module]}) #\(",
                              r"\1(* keep_hierarchy *) \2 #(", text, flags=re.M)  # fmt: skip
        path.write_text(text, encoding="utf-8")
    return sources


def _defaults(design: Design, head: str) -> str:
    """A module's head with the design's parameters as defaults."""
    for name, value in design.parameters.items():
        text = str(value) if isinstance(value, int) else f'"{value}"'
        head, changed = re.subn(rf"(\bparameter\s+{name}\s*=\s*)(\"[^\"]*\"|[^,\n]+)",
                                rf"\g<1>{text}", head, count=1)  # fmt: skip
        if not changed:
            raise SynthError(f"module {design.top} has no line 'parameter {name} = ...'")
    return head


def script(design: Design, sources: Sequence[str], dsp: bool) -> str:
    """The Yosys script of a design."""
    # What was kept as a module (see prepare) is mapped once and joined afterwards.
    join = ["setattr -mod -unset keep_hierarchy *", "setattr -unset keep_hierarchy */t:*",
            "flatten", "clean"]  # fmt: skip
    recipe = _RECIPE.format(top=design.top) + ("" if dsp else " -nodsp")
    return "\n".join((
        *read_words(sources),
        *(_light(recipe, design.top) if design.top in _LIGHT else [recipe]),
        *(join if design.target.separate else []),
        "write_json netlist.json",
        "",
    ))  # fmt: skip


def _light_files(design: Design) -> dict[str, str]:
    """Name -> text of what the short recipe reads beside Yosys' own, nothing for other designs."""
    if design.top not in _LIGHT:
        return {}
    return {cells.NAME: cells.models(), _TABLE_MAP.name: _TABLE_MAP.read_text(encoding="utf-8")}


def _light(recipe: str, top: str) -> list[str]:
    """synth_xilinx without reading what only pads, block RAM and other families need: 1.4 CPU
    seconds, more than a small lane takes.

    The same netlist (tests/test_synth_light.py), but where a bit is selected out of a constant:
    there _TABLE_MAP leaves less to clean, and ABC starts elsewhere. A memory that would become a
    block RAM all the same is left as a cell that Yosys does not know: an error, no wrong count.
    """
    return [
        f"read_verilog -lib -specify {cells.NAME}",
        f"hierarchy -check -top {top}",
        f"{recipe} -run prepare:map_memory",
        "memory_libmap -lib +/xilinx/lutrams_xcu.txt -lib +/xilinx/brams_xc4v.txt -D HAS_SIZE_36"
        " -D HAS_CASCADE -D HAS_ADDRCE -logic-cost-rom 0.015625 -no-auto-huge",
        "techmap -map +/xilinx/lutrams_xc5v_map.v",
        f"techmap -map {_TABLE_MAP.name} t:$shiftx",
        f"{recipe} -run map_ffram:edif",
    ]


def synthesise(design: Design, *, dsp: bool = False, home: Path | None = None) -> Mapped:
    """The mapped netlist of a design, out of the cache where it is there.

    dsp: let Yosys infer DSP48E2. Raises SynthError with Yosys' own reason.
    """
    names = [design.source_name(path) for path in design.sources]
    words = ("yosys-xcup", importlib.metadata.version(YOSYS), *_light_files(design).values(),
             script(design, names, dsp), *design.target.separate)  # fmt: skip

    def make(folder: Path) -> None:
        start = time.monotonic()
        try:
            yosys(script(design, prepare(design, folder), dsp), folder)
        except SynthError as error:
            kept = cache.HOME / "failed.log"
            if (folder / "log.txt").exists():
                kept.write_bytes((folder / "log.txt").read_bytes())
            raise SynthError(f"{design.top} {design.words}: {error} (log: {shown(kept)})") from None
        netlist = folder / "netlist.json"
        (folder / "netlist.json.gz").write_bytes(gzip.compress(netlist.read_bytes(), 4, mtime=0))
        netlist.unlink()
        (folder / "seconds").write_text(f"{time.monotonic() - start:.2f}")

    folder = cache.folder("yosys", cache.key((*words, design.fingerprint())), make, home)
    return Mapped(folder, design.top, version(), float((folder / "seconds").read_text()))

# SPDX-License-Identifier: Apache-2.0
"""What the sweep keeps: one JSON record a finished run, under a name that says what was run.

The name is a hash of the RTL, the bench and golden's part in it, parameters, seed, number of
vectors and the simulator's version: change one of them and the run is due again. Hours of runs
would be lost with build/, so records can also be kept in a file of the repository, under the
same hash.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sim import build, rewire
from sim.paths import RESULTS, ROOT
from sim.request import DEFAULT_SEED
from sim.results import write_atomic
from sim.targets import Value, find

HOME = RESULTS / "lanes"
KEPT = ROOT / "tb/dot_product/sweep.json"
BUILDS: dict[str, dict[str, Value]] = {
    "two": {"TREE": 2, "MAP": "none"},
    "three": {"TREE": 3, "MAP": "none"},
    "three-xcup": {"TREE": 3, "MAP": "xcup"},
}
_START = ("tb.dot_product.player", "golden.plut")
_OURS = ("tb", "golden", "host")


@dataclass(frozen=True)
class Entry:
    """One run of the sweep: a lane in one build on one simulator, all sizes, so many vectors."""

    lane: str
    bits: int
    build: str
    sim: str
    vectors: int
    rewired: bool

    @property
    def fixed(self) -> bool:
        """Whether the lane has one width, whatever B is."""
        return self.lane[0] in "MD"

    @property
    def parameters(self) -> dict[str, Value]:
        """Verilog parameters of dot_product."""
        return {"LANE": self.lane, "B": self.bits, **BUILDS[self.build]}

    @property
    def name(self) -> str:
        """Fixed-width name for lines and tables."""
        return f"{self.lane}  b={self.bits}  {self.build:10}  {self.sim:9}"

    def key(self, tree: Path = ROOT) -> str:
        """Hash of everything that decides what the run shows, with the RTL below `tree`."""
        words = [*map(str, asdict(self).values()), str(self.parameters), str(DEFAULT_SEED)]
        words.append(build.tool_version(self.sim))
        digest = hashlib.sha256("\0".join(words).encode())
        digest.update(_sources(self.lane, self.sim == "icarus" and self.rewired, tree).encode())
        return digest.hexdigest()[:16]

    @property
    def path(self) -> Path:
        """Where the record is kept."""
        return HOME / f"{self.lane}-b{self.bits}-{self.build}-{self.sim}-{self.key()}.json"


@dataclass
class Record:
    """What came of a run.

    random: random vectors at every size; pairs: vectors at N = 1 out of all pairs of codes; plain:
    sums compared on the netlist as Icarus made it, where the others ran on the rewired one;
    seconds, cpu_s: wall clock and processor time, builds included; carried: the commit whose run
    it is, where Icarus compiles ours to the same netlist (carry.py).
    """

    entry: Entry
    sim_version: str
    random: int = 0
    pairs: int = 0
    vectors: int = 0
    sums: int = 0
    plain: int = 0
    mismatches: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    failures: list[str] = field(default_factory=list)
    carried: str = ""

    @property
    def passed(self) -> bool:
        """Whether every sum agreed, and there were as many as asked for."""
        return not self.failures and self.sums > 0 and not self.mismatches

    def save(self) -> None:
        """Write the record whole or not at all."""
        write_atomic(self.entry.path, json.dumps(asdict(self), indent=1) + "\n")


def _record(raw: dict[str, Any]) -> Record:
    return Record(**{**raw, "entry": Entry(**raw["entry"])})


def load(entry: Entry) -> Record | None:
    """Return the record of this very run, None where there is none that can be read."""
    try:
        return _record(json.loads(entry.path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def kept(tree: Path | None = None) -> dict[str, Record]:
    """Records of the repository's file (of that below `tree`, if given) by the key of their run.

    ValueError if the file is damaged.
    """
    path = tree / KEPT.relative_to(ROOT) if tree else KEPT
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {key: _record(record) for key, record in raw.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError) as err:
        raise ValueError(f"{KEPT.name}: not the records of a sweep ({err})") from None


def keep(records: Iterable[Record]) -> int:
    """Add records to the repository's file, drop those of other sources; return how many it has."""
    now = {key: record for key, record in kept().items() if record.entry.key() == key}
    now |= {record.entry.key(): record for record in records}
    lines = [f'"{key}": {json.dumps(asdict(record))}' for key, record in now.items()]
    write_atomic(KEPT, "{\n" + ",\n".join(lines) + "\n}\n")
    return len(now)


def _imported(path: Path) -> Iterable[str]:
    """Modules of ours that a module imports, `from package import module` included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def python_sources(lane: str) -> list[Path]:
    """Every Python file of ours that the bench's tests of a lane are made of."""
    found: dict[str, Path] = {}
    tests = "weights_in_ram" if lane == "P3" else "weights_held"
    due = [*_START, f"tb.dot_product.{tests}"]
    while due:
        module = due.pop()
        path = ROOT / Path(*module.split(".")).with_suffix(".py")
        if module not in found and module.split(".")[0] in _OURS and path.is_file():
            found[module] = path
            due += _imported(path)
    return sorted(found.values())


@functools.cache
def _sources(lane: str, rewired: bool, tree: Path) -> str:
    target = find("dot_product")
    files = [*target.benches[0].sources, *python_sources(lane)]
    files.append(ROOT / "tb/dot_product/test_dot_product.py")  # which tests a lane has
    files += rewire.SOURCES if rewired else ()
    digest = hashlib.sha256()
    for path in sorted(set(files)):
        rtl = path.suffix == ".v" and tree != ROOT
        text = (tree / path.relative_to(ROOT) if rtl else path).read_bytes()
        digest.update(path.name.encode() + b"\0" + text)
    return digest.hexdigest()

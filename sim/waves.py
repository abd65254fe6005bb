# SPDX-License-Identifier: Apache-2.0
"""Save files for GTKWave and Surfer beside a dump: the ports, in groups, already on screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sim.dump import Signal, signals
from sim.errors import BuildError
from sim.ports import find_ports
from sim.request import RunResult
from sim.results import write_atomic
from sim.targets import Target, find

# First match wins; what matches nothing goes under "other".
_GROUPS = (
    ("clock and reset", r"(clk|rst|aclk|aresetn)$"),
    ("control", r"(start|go|clear|busy|done|finished|err|status|hung|job|load)$"),
    ("configuration", r"cfg_|ch_"),
    ("counters", r"cnt_|count"),
)
Groups = list[tuple[str, list[Signal]]]


def group_of(port: str) -> str:
    """Return the group a port is shown in; each AXI4-Stream is a group of its own."""
    stream = re.match(r"([sm]_axis(?:_\w+?)?)_t(?:data|valid|ready|last)$", port)
    if stream:
        return stream.group(1)
    return next((name for name, pattern in _GROUPS if re.match(pattern, port)), "other")


def port_groups(found: Sequence[Signal], module: str, sources: Sequence[Path]) -> Groups:
    """Return the module's ports in the dump, grouped, out of the outermost scope that has them."""
    ports = [name for _, name in find_ports(module, sources)]
    scopes: dict[tuple[str, ...], dict[str, Signal]] = {}
    for signal in found:
        scopes.setdefault(signal.scope, {})[signal.name] = signal
    having = [s for s, names in scopes.items() if all(port in names for port in ports)]
    if not having or not ports:
        return []
    # Verilator also shows the top's ports in a scope of its own, "$rootio".
    names = scopes[min(having, key=lambda s: (s[-1:] != (module,), len(s)))]
    groups: dict[str, list[Signal]] = {name: [] for name, _ in _GROUPS}
    for port in ports:
        groups.setdefault(group_of(port), []).append(names[port])
    return [(name, members) for name, members in groups.items() if members]


def gtkwave(dump: Path, groups: Groups) -> str:
    """Return a .gtkw save file."""
    lines = [f'[dumpfile] "{dump}"', f'[savefile] "{dump.with_suffix(".gtkw")}"', "[timestart] 0"]
    for name, members in groups:
        lines += ["@800200", f"-{name}"]  # a group opens
        for signal in members:
            lines += ["@22" if signal.range else "@28", signal.path + signal.range]
        lines += ["@1000200", f"-{name}"]  # and closes
    return "\n".join(lines) + "\n"


def surfer(dump: Path, groups: Groups) -> str:
    """Return a Surfer command file (.sucl)."""
    lines = [f"load_file {dump}"]
    for name, members in groups:
        lines.append(f"divider_add {name}")
        lines += [f"variable_add {signal.path}" for signal in members]
    return "\n".join([*lines, "zoom_fit"]) + "\n"


def _groups(target: Target, top: str, dump: Path) -> Groups:
    bench = next(b for b in target.benches if b.top == top)
    found = signals(dump)
    groups = port_groups(found, top, bench.sources)
    if top == target.name:
        return groups
    try:  # a wrapper: the device's own ports come first
        return port_groups(found, target.name, bench.sources) + groups
    except BuildError:  # a bench over no module of that name
        return groups


def save_files(result: RunResult, target: Target | None = None) -> list[Path]:
    """Write both save files beside each dump; return all paths. No dump asked for: nothing.

    A dump that cannot be read adds a failure to the result: waves were asked for.
    """
    target = target or find(result.run.toplevel)
    paths: list[Path] = []
    for top, dump in result.waves:
        paths.append(dump)
        try:
            groups = _groups(target, top, dump)
        except (ValueError, IndexError, BuildError) as err:
            result.failures.append(f"the waves in {dump.name} cannot be read: {err}")
            continue
        for suffix, text in ((".gtkw", gtkwave(dump, groups)), (".sucl", surfer(dump, groups))):
            path = dump.with_suffix(suffix)
            write_atomic(path, text)
            paths.append(path)
    return paths

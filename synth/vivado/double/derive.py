# SPDX-License-Identifier: Apache-2.0
"""Make commands.json: flags and arguments of the commands that our Tcl uses, from two tables.

    python -m synth.vivado.double.derive FOLDER_WITH_THE_TWO_JSON_FILES

The tables (721 commands of UG835 2020.2; nine of 2025.1 from `-help`) are not committed, what comes
out is. A command that 2025.1's table does not hold is taken to be as it was in 2020.2.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from golden.files import write_atomic
from synth.vivado.double.syntax import TABLE

USED = [
    "add_files", "apply_bd_automation", "assign_bd_address", "check_timing", "close_design",
    "close_project", "connect_bd_intf_net", "connect_bd_net", "create_bd_cell", "create_bd_design",
    "create_clock", "create_project", "current_design", "current_fileset", "current_project",
    "generate_target", "get_bd_cells", "get_bd_designs", "get_bd_intf_pins", "get_bd_pins",
    "get_board_parts", "get_cells", "get_clocks", "get_drc_violations", "get_files", "get_ipdefs",
    "get_parts", "get_ports", "get_projects", "get_property", "get_runs", "launch_runs",
    "make_wrapper", "open_bd_design", "open_checkpoint", "open_project", "open_run", "opt_design",
    "phys_opt_design", "place_design", "read_saif", "read_verilog", "read_xdc",
    "report_clock_utilization", "report_control_sets", "report_design_analysis", "report_drc",
    "report_methodology", "report_power", "report_route_status", "report_timing",
    "report_timing_summary", "report_utilization", "reset_runs", "reset_switching_activity",
    "route_design", "save_bd_design", "set_clock_uncertainty", "set_false_path", "set_input_delay",
    "set_msg_config", "set_operating_conditions", "set_output_delay", "set_param", "set_property",
    "set_switching_activity", "set_system_jitter", "synth_design", "update_compile_order",
    "update_ip_catalog", "validate_bd_design", "version", "wait_on_run", "write_bitstream",
    "write_checkpoint", "write_hw_platform", "write_verilog",
]  # fmt: skip

# The packager's commands are in neither table: as UG1118 and public scripts use them.
_PACKAGER: dict[str, tuple[dict[str, str | None], int, int]] = {
    "ipx::package_project": ({"-root_dir": "arg", "-vendor": "arg", "-library": "arg",
                              "-taxonomy": "arg", "-import_files": None, "-set_current": "arg",
                              "-force": None, "-module": "arg"}, 0, 0),
    "ipx::current_core": ({}, 0, 1),
    "ipx::get_bus_interfaces": ({"-of_objects": "args"}, 0, 1),
    "ipx::create_xgui_files": ({}, 0, 1),
    "ipx::update_checksums": ({}, 1, 1),
    "ipx::check_integrity": ({}, 0, 1),
    "ipx::save_core": ({}, 0, 1),
}  # fmt: skip
# Shown without brackets in UG835 although they may be left out.
_OPTIONAL = {"-dict", "-opts", "-max_delay", "-min_delay"}


def derive(folder: Path) -> dict[str, Any]:
    """The committed table out of the two files."""
    old = json.loads((folder / "ug835_2020_syntax.json").read_text(encoding="utf-8"))
    new = json.loads((folder / "vivado_2025_1_syntax.json").read_text(encoding="utf-8"))
    commands: dict[str, Any] = {name: _command(old["commands"][name]) for name in USED}
    for name, (flags, least, most) in _PACKAGER.items():
        both = {"-quiet": None, "-verbose": None}
        commands[name] = {"flags": flags | both, "required": [], "positional": [least, most]}
    changed = {}
    for name in USED:
        if name in new["commands"]:
            flags = {flag: how["arg"] for flag, how in new["commands"][name]["flags"].items()}
            changed[name] = dict(sorted(flags.items()))
    return {
        "source": {"2020.2": f"{old['source']}; ipx:: as in UG1118 and public scripts",
                   "2025.1": '"<command> -help" of Vivado 2025.1, nine commands'},
        "commands": dict(sorted(commands.items())),
        "flags_2025.1": dict(sorted(changed.items())),
    }  # fmt: skip


def _command(entry: dict[str, Any]) -> dict[str, Any]:
    flags = {flag: how["arg"] for flag, how in entry["flags"].items()}
    needed = [flag for flag, how in entry["flags"].items() if how["required"]]
    words = entry["positional"]
    most = None if any("..." in word for word in words) else len(words)
    least = sum(not word.startswith("[") for word in words)
    return {"flags": dict(sorted(flags.items())),
            "required": [flag for flag in needed if flag not in _OPTIONAL],
            "positional": [least, most]}  # fmt: skip


def main() -> int:
    """Write commands.json beside this file."""
    if len(sys.argv) != 2:
        print((__doc__ or "").splitlines()[2].strip(), file=sys.stderr)
        return 2
    parts = []
    for name, value in derive(Path(sys.argv[1])).items():
        lines = [f"  {json.dumps(key)}: {json.dumps(entry)}" for key, entry in value.items()]
        parts.append(f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }")
    write_atomic(TABLE, ("{\n" + ",\n".join(parts) + "\n}\n").encode())  # a line a command
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""report_timing_summary in the layout of the version."""

from __future__ import annotations

from synth.vivado.double.figures import Figures
from synth.vivado.double.paper import header

_CHECKS = ("no_clock", "constant_clock", "pulse_width_clock", "unconstrained_internal_endpoints",
           "no_input_delay", "no_output_delay", "multiple_clock", "generated_clocks", "loops",
           "partial_input_delay", "partial_output_delay", "latch_loops")  # fmt: skip
_NAMES = ("WNS(ns)", "TNS(ns)", "TNS Failing Endpoints", "TNS Total Endpoints",
          "WHS(ns)", "THS(ns)", "THS Failing Endpoints", "THS Total Endpoints",
          "WPWS(ns)", "TPWS(ns)", "TPWS Failing Endpoints", "TPWS Total Endpoints")  # fmt: skip
_LINE = "-" * 96


def _block(title: str) -> str:
    return f"{_LINE}\n| {title}\n| {'-' * len(title)}\n{_LINE}\n\n"


def _numbers(f: Figures) -> list[str]:
    if f.wns is None:
        return ["NA"] * 12
    cells = []
    for slack, total in ((f.wns, f.endpoints), (f.whs, f.endpoints), (f.wpws, f.ff)):
        failing = 3 if slack < 0 else 0
        cells += [f"{slack:.3f}", f"{min(slack, 0) * failing:.3f}", str(failing), str(total)]
    return cells


def _columns(first: list[tuple[str, str]], cells: list[str] | None, count: int = 12) -> str:
    """Names, dashes and one row; numbers end under the last dash of their name."""
    names = _NAMES[:count]
    head = "".join(f"{name:<{max(len(name), len(value)) + 2}}" for name, value in first)
    rule = "".join(f"{'-' * len(name):<{max(len(name), len(value)) + 2}}" for name, value in first)
    row = "".join(f"{value:<{max(len(name), len(value)) + 2}}" for name, value in first)
    for i, name in enumerate(names):
        width = 11 if name.endswith("(ns)") else len(name)
        head += f"{name:>{width}}  "
        rule += f"{'-' * len(name):>{width}}  "
        row += f"{cells[i]:>{width}}  " if cells else ""
    return f"{head}\n{rule}\n" + (f"{row}\n" if cells else "")


def check_timing(f: Figures) -> str:
    """check_timing, alone or as part of the timing summary."""
    counts = {"no_clock": f.no_clock, "unconstrained_internal_endpoints": f.unconstrained}
    counted = f.year >= 2020.2  # older ones name no count in the title
    titles = [f"{i}. checking {name}" + (f" ({counts.get(name, 0)})" if counted else "")
              for i, name in enumerate(_CHECKS, 1)]  # fmt: skip
    text = "check_timing report\n\nTable of Contents\n-----------------\n" + "\n".join(titles)
    text += "\n\n"
    for name, title in zip(_CHECKS, titles, strict=True):
        found = f" There are {counts.get(name, 0)} pins of {name}."
        text += f"{title}\n{'-' * len(title)}\n{found}\n\n\n"
    return text


def timing(f: Figures, command: str) -> str:
    """report_timing_summary; `wns` None is a design whose clocks reach no path."""
    family = "-".join(f.part.split("-")[:2])
    extra = [("Device", family), ("Speed File", "-2LV  PRODUCTION 1.30 05-15-2022")]
    if f.year >= 2023.1:
        extra.append(("Design State", f.state))
    extra.append(("Temperature Grade", "C"))
    text = header(f, command, extra) + "Timing Summary Report\n\n" + _block("Timer Settings")
    text += "  Enable Multi Corner Analysis               :  Yes\n\n\n"
    if f.year >= 2021.1:
        text += _block("Report Methodology") + "No report available as report_methodology has not "
        text += "been run prior. Run report_methodology on the current design.\n\n\n\n"
    text += check_timing(f) + _block("Design Timing Summary")
    text += _columns([], _numbers(f))
    bad = f.wns is not None and min(f.wns, f.whs, f.wpws) < 0
    said = "Timing constraints are not met." if bad else (
        "All user specified timing constraints are met.")  # fmt: skip
    text += f"\n\n{said}\n\n\n" + _block("Clock Summary")
    text += "Clock  Waveform(ns)         Period(ns)      Frequency(MHz)\n"
    text += "-----  ------------         ----------      --------------\n"
    wave = f"{{0.000 {f.period / 2:.3f}}}"
    text += f"clk    {wave:<19}  {f.period:<14.3f}  {1000 / f.period:<14.3f}  \n\n\n"
    cells = None if f.wns is None else _numbers(f)
    text += _block("Intra Clock Table") + _columns([("Clock", "clk      ")], cells) + "\n\n"
    pair = [("From Clock", "          "), ("To Clock", "        ")]
    text += _block("Inter Clock Table") + _columns(pair, None, 8) + "\n\n"
    text += _block("Other Path Groups Table") + _columns([("Path Group", ""), *pair], None, 8)
    text += "\n\n" + _block("Timing Details")
    return text if f.wns is None else text + _details(f, f.wns)


def _details(f: Figures, wns: float) -> str:
    word = "MET" if wns >= 0 else "VIOLATED"
    delay = f.period - wns
    dashes = "-" * 86
    return (
        f"Max Delay Paths\n{dashes}\n"
        f"Slack ({word}) :             {wns:.3f}ns  (required time - arrival time)\n"
        "  Source:                 a_reg_reg[0]/C\n"
        "                            (rising edge-triggered cell FDRE clocked by clk)\n"
        "  Destination:            sum_reg[7]/D\n"
        "  Path Group:             clk\n"
        f"  Requirement:            {f.period:.3f}ns  (clk rise - clk rise)\n"
        f"  Data Path Delay:        {delay:.3f}ns  (logic {delay * 0.4:.3f}ns (40.000%)  route "
        f"{delay * 0.6:.3f}ns (60.000%))\n"
        "  Logic Levels:           4  (CARRY8=2 LUT4=1 LUT6=1)\n\n"
        "    Location             Delay type                Incr(ns)  Path(ns)\n\n\n"
        f"Pulse Width Checks\n{dashes}\nClock Name:         clk\n"
        f"Waveform(ns):       {{ 0.000 {f.period / 2:.3f} }}\nPeriod(ns):         {f.period:.3f}\n"
        "Sources:            { clk }\n\n"
        "Check Type        Corner  Lib Pin   Reference Pin  Required(ns)  Actual(ns)  Slack(ns)  "
        "Location     Pin\n"
        f"Min Period        n/a     BUFGCE/I  n/a            1.379         {f.period:.3f}       "
        f"{f.period - 1.379:.3f}      BUFGCE_X0Y0  clk_bufg/I\n\n\n"
    )

# SPDX-License-Identifier: Apache-2.0
"""The verbs, their variables, and how a command line becomes choices. Standard library only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim import targets
from sim.errors import HarnessError, unknown


@dataclass(frozen=True)
class Verb:
    """One thing `make` can do.

    groups:    requirement sets of pyproject.toml it needs.
    variables: the make variables it knows, with a line of help each.
    """

    name: str
    about: str
    groups: tuple[str, ...] = ("core",)
    variables: Mapping[str, str] | None = None
    needs_compiler: bool = False
    wants_icarus: bool = False
    takes_parameters: bool = False


_TOPLEVEL = "which module, see below"
_SIM = "verilator (default), icarus, or both: outputs and cycle counts must agree"
_RUN = {
    "TOPLEVEL": _TOPLEVEL,
    "SIM": _SIM,
    "NET": "network package whose tensors go through (default: the target's first)",
    "SEED": "whole number all random choices come from (default 20240229)",
    "TESTCASE": "one test by name",
    "WAVES": "1: write waves (FST) with GTKWave and Surfer save files",
    "DEBUG": "1: every signal visible, assertions on, simulator output shown",
}

VERBS: Mapping[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("help", "this page", ()),
        Verb(
            "sim",
            "real tensors through one module, bit-exact against golden",
            variables=_RUN,
            needs_compiler=True,
            wants_icarus=True,
            takes_parameters=True,
        ),
        Verb(
            "network",
            "a whole network through the RTL, every layer bit-exact against golden",
            variables={
                "NET": "digits (default), resnet20, resnet56 or resnet18",
                "TOPLEVEL": "plut_conv (default), shift_conv or mac_conv",
                "IMAGES": "how many (default: digits 200, others 1)",
                "SIM": _SIM,
                "B": "bits of the codes, 3..5 (default 4)",
                "K": "largest kernel of the main accelerator (default 3)",
                "PIN": "input channels of a tile (default 8)",
                "POUT": "output channels of a tile (default 8)",
                "LANE": "of plut_conv: P1 (default), P2 or P3; of shift_conv: S0 (default) or S1",
                "LINE_DEPTH": "widest map (default 256)",
                "PSUM_DEPTH": "partial sums on chip (default 4096)",
                "COUT_MAX": "output channels of a job (default 512)",
                "FIFO_DEPTH": "words of a stream FIFO (default 64)",
                "TREE": "adders of two operands (default) or 3",
                "MAP": "none (default) or xcup: adders of three out of the fabric's cells",
                "BUSES": "of lane P3: makers of table entries (default 4)",
                "SEED": "seed of the simulation (default 20240229)",
                "RAW": "1: run each layer a second time and compare its raw sums too",
                "LAYER": "run only this layer again, on golden's inputs",
                "TILE": "with LAYER: only this output tile",
                "IMAGE": "with LAYER: this image (default 0)",
                "FRESH": "1: do not go on where an interrupted run stopped",
                "WAVES": _RUN["WAVES"],
                "DEBUG": _RUN["DEBUG"],
            },
            needs_compiler=True,
            wants_icarus=True,
        ),
        Verb(
            "speed",
            "what cocotb costs: one layer of a network, against a bare Verilator program",
            variables={
                "NET": "resnet20 (default), digits, resnet56 or resnet18",
                "LAYER": "which layer (default: one of the first)",
                "REPEATS": "how often, both ways in turns (default 3)",
            },
            needs_compiler=True,
        ),
        Verb(
            "test",
            "everything a change must pass, on both simulators",
            ("core", "test", "train", "synth"),
            {"SIM": "only this simulator", "TOPLEVEL": "only this module's simulations",
             "WORKERS": "processes at once, 1..16 (default: one a core)",
             "ARGS": "more words for pytest, for example ARGS='-k shuff'"},
            needs_compiler=True,
            wants_icarus=True,
        ),
        Verb(
            "lint",
            "ruff, mypy --strict, Verilator -Wall and Icarus -Wall on every parameter set",
            ("core", "test", "train"),
            {"TOPLEVEL": "only this module"},
            needs_compiler=True,
            wants_icarus=True,
        ),
        Verb(
            "synth",
            "size, clock and energy of a module: Vivado when it is on PATH, else open tools",
            ("core", "synth"),
            {
                "BOARD": "kv260 or ulx3s",
                "FLOW": "kv260: vivado (default when it is there) or yosys; ulx3s: nextpnr",
                "TOPLEVEL": "which module (default plut_conv)",
                "VIVADO": "Vivado's folder, when it is not on PATH",
                "SEEDS": "ulx3s: placement seeds to try (default 5)",
                "ENERGY": "0: no energy estimate of a lane",
                "NET": "package whose activations a lane's energy is estimated on (default: "
                       "resnet20 where it is trained for B, else digits)",
                "SEARCH": "Vivado, 1: look for the highest clock that is met",
                "SPREAD": "Vivado, 1: SEARCH with each of four place directives, best and all",
                "POWER": "Vivado, 1: watts of a lane out of a simulation of its own netlist",
                "DSP": "Vivado, 0 or 1: may DSP blocks be used (default: by lanes D4 and D8)",
                "COMBINE": "Vivado, 0: no LUT combining, for counts to hold against Yosys",
                "SYSTEM": "Vivado, 1: the whole board system: .bit, .hwh and .xsa",
                "MHZ": "Vivado: the clock to ask for (default 300; SYSTEM=1: 200)",
            },
            wants_icarus=True,
            takes_parameters=True,
        ),
        Verb(
            "bench",
            "every lane and accelerator through the open flow, cached: build/results/bench.json",
            ("core", "synth"),
            {
                "LANE": "only this lane",
                "B": "only these bits",
                "N": "only this number of operands",
                "NET": "package whose activations energy is estimated on (default as make synth)",
                "PART": "lanes, accelerators, ecp5, netlists or limits (default: all but limits)",
                "WORKERS": "syntheses at once, 1..16 (default: one a core)",
                "UPDATE": "1, with PART=limits: write synth/limits.toml anew",
            },
            wants_icarus=True,
        ),
        Verb(
            "report",
            "what make bench measured as one page and Markdown: build/results/report.html, .md",
            ("core", "train"),
            {"DOCS": "1: write its part of docs/results.md anew too"},
        ),
        Verb(
            "train",
            "quantisation-aware training, result in build/packages/",
            ("core", "train"),
            {"NET": "digits", "B": "bits of the codes, 3..5 (default 4)", "SEED": "seed",
             "FRESH": "1: train again what is done"},
        ),
        Verb(
            "quantize",
            "convert a trained network to a package in build/packages/",
            ("core", "train"),
            {"NET": "resnet20 (default) or resnet56", "B": "bits of the codes, 3..5 (default 4)",
             "SEED": "seed",
             "IMAGES": "test images to measure on (default 1000)",
             "TUNE": "1: fine-tune, three epochs of about four minutes each",
             "FRESH": "1: convert again what is done"},
        ),
        Verb(
            "package",
            "ResNet18 (224 x 224) to a package in build/packages/, random or your weights",
            variables={
                "NET": "resnet18",
                "B": "bits of the codes, 3..5 (default 4)",
                "SEED": "seed of random weights and images (default 0)",
                "CHECKPOINT": "torch state dict in torchvision's naming (default: random weights)",
                "IMAGES": ".npz to calibrate on: images uint8 (1 to 16, 224, 224, 3), labels",
            },
        ),
        Verb("registers", "rewrite what is made from rtl/registers.toml", ("core",), {}),
        Verb("setup", "make .venv ready for everything, run nothing",
             ("core", "test", "train", "synth"),
             needs_compiler=True, wants_icarus=True),
        Verb("clean", "remove build/ (not .venv)", ()),
    )
}  # fmt: skip

# Names also taken from the environment, as users of cocotb expect (`SIM=icarus make sim ...`).
# Not DEBUG and NET: other programs' variables have those names.
_FROM_ENVIRONMENT = ("TOPLEVEL", "SIM", "SEED", "TESTCASE", "WAVES")


def make_overrides(flags: str) -> list[str]:
    """Return the NAME=value words of a MAKEFLAGS value, unquoted."""
    found = re.search(r"(?:^|\s)--\s(.*)$", flags, re.S)
    if not found:
        return []
    words = re.findall(r"(?:\\.|[^\s\\])+", found.group(1))
    return [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words]


def _pairs(words: Iterable[str]) -> dict[str, str]:
    choices = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise HarnessError(f"expected NAME=value, got {word!r}")
        choices[name] = value.strip()
    return choices


def parse(words: Sequence[str]) -> tuple[Verb, dict[str, str]]:
    """Return the verb and the user's choices, names checked. Raises HarnessError in one line.

    Choices come from NAME=value words, from the outer make's command line, or (a few names)
    from the environment, in that order of preference.
    """
    name = words[0] if words else "help"
    if name not in VERBS:
        raise unknown("verb", name, VERBS)
    verb = VERBS[name]
    given: dict[str, str] = {}
    if os.environ.pop("PLUTARCH_MAKE", ""):
        given = _pairs(make_overrides(os.environ.pop("MAKEFLAGS", "")))
        given.pop("PYTHON", None)
    given.update(_pairs(words[1:]))
    known = list(verb.variables or {})
    if verb.takes_parameters:
        for target in targets.table().values():
            known += target.by_make_name()
    for wrong in (g for g in given if g not in known):
        raise unknown(f"variable of `make {name}`", wrong, dict.fromkeys(known))
    for late in _FROM_ENVIRONMENT:
        if late in (verb.variables or {}) and os.environ.get(late):
            given.setdefault(late, os.environ[late])
    return verb, {key: value for key, value in given.items() if value}


def print_help() -> None:
    """Print verbs, variables and TOPLEVELs, all out of the tables."""
    print("plutarch: is my low-bit CNN accelerator RTL exactly right?\n")
    print("  make sim TOPLEVEL=plut_conv     real tensors through one module")
    print("  make test                       everything, both simulators\n")
    print("verbs (make VERB NAME=value ..., or python3 -m sim VERB NAME=value ...)")
    for verb in VERBS.values():
        print(f"  {verb.name:10} {verb.about}")
    for verb in VERBS.values():
        if verb.variables:
            print(f"\nvariables of make {verb.name}")
            for variable, about in verb.variables.items():
                print(f"  {variable:10} {about}")
            if verb.takes_parameters:
                print("  and the module's own:")
    print("\nTOPLEVELs and their parameters (default, range)")
    for target in targets.table().values():
        print(f"  {target.name:14} {target.about}")
        shown = [p.describe() for p in target.by_make_name().values() if "{" not in p.describe()]
        if shown:
            print(f"  {'':14} {', '.join(shown)}")

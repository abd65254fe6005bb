# SPDX-License-Identifier: Apache-2.0
"""Options that the commands share, and how they print a result."""

from __future__ import annotations

import argparse
from pathlib import Path

from golden.errors import PlutarchError
from golden.training.runs import Options, Result


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Where and on what to run."""
    parser.add_argument("--out", type=Path, default=Path("build/runs"), metavar="DIR",
                        help="folder of runs (build/runs)")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR",
                        help="folder of the data sets; else PLUTARCH_DATA, else ../shared/data")
    parser.add_argument("--threads", type=_positive, default=1, metavar="N",
                        help="CPU threads (1, which repeats to the bit)")
    parser.add_argument("--device", default="auto", metavar="NAME",
                        help="auto (CUDA where there is one; the default), cpu, cuda, cuda:<n>")
    parser.add_argument("--fresh", action="store_true", help="forget an earlier run's checkpoint")


def add_config_options(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Which config, and changes of it."""
    parser.add_argument("--config", required=default is None, default=default, metavar="FILE",
                        help="a TOML file, or the name of one in golden/configs")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="KEY=VALUE",
                        help="change a setting: stages.quant.epochs=3 (may be repeated)")


def options_of(args: argparse.Namespace) -> Options:
    """The run options as parsed."""
    return Options(args.out, args.data, args.threads, args.device, args.fresh)


def seeds_of(text: str) -> tuple[int, ...]:
    """`0,3` or `0-4` or both as numbers. Raises PlutarchError."""
    found: list[int] = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise PlutarchError(f"--seeds {text}: write 0-4 or 0,2,3")
        found += range(int(low), int(high if dash else low) + 1)
    if not found or len(set(found)) != len(found):
        raise PlutarchError(f"--seeds {text}: no seed, or one twice")
    return tuple(found)


def shown(result: Result) -> str:
    """A result in lines: stages, integers, package."""
    bits = f"W{result.config['quantizer']['weight_bits']}" \
           f"A{result.config['quantizer']['act_bits']}"
    quantised = len(result.scores) > 1
    lines = [f"{result.config['name']}: {result.config['net']} on {result.config['data']['name']}, "
             + (f"{result.config['quantizer']['method']} {bits}" if quantised else "float")
             + f", seed {result.config['seed']}, {result.seconds} s on {result.device}"
             + (" (done before)" if result.reused else "")]
    names = {"float": "float", "quant": "quantised, batch norm", "frozen": "frozen"}
    lines += [f"  {names[stage]:22} {score.top1:6} of {score.images} right "
              f"({100 * score.accuracy:.2f} %, top 5 {100 * score.accuracy5:.2f} %)"
              for stage, score in result.scores.items()]
    if result.integers.package:
        whole = result.integers
        lines += [f"  {'integers':22} {whole.correct:6} of {whole.images} right "
                  f"({100 * whole.accuracy:.2f} %); logits of the trained model equal on "
                  f"{whole.same_logits} of {whole.compared} images",
                  f"  package: {whole.package}  sha256 {whole.manifest_sha256[:16]}"]
    elif quantised:
        lines.append(f"  no package: {result.integers.refused}")
    return "\n".join([*lines, f"  folder:  {result.folder}"])


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 1024")
    return int(text)

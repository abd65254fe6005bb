# SPDX-License-Identifier: Apache-2.0
"""`python -m golden quantize --bits 4`, or with `--checkpoint`, `--net`, `--tune`, `--images`."""

from __future__ import annotations

import argparse

from golden.cli.common import add_config_options, add_run_options, options_of, shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_config_options(parser, "quantize")
    parser.add_argument("--checkpoint", default=None, metavar="FILE",
                        help="torch state dict, or a pattern in the data folder's checkpoints "
                             "(<net>-*.th)")
    parser.add_argument("--net", default="resnet20", help="network of golden.models (resnet20)")
    parser.add_argument("--bits", type=int, default=4, help="of weights and activations (4)")
    parser.add_argument("--method", default="iospot", help="of golden.quantizers (iospot)")
    parser.add_argument("--tune", action="store_true",
                        help="a short fine-tune (the config's row `tuned`); else nothing is "
                             "trained")
    parser.add_argument("--images", type=int, default=0, metavar="N",
                        help="test images to evaluate on (all)")
    parser.add_argument("--seed", type=int, default=0)
    add_run_options(parser)


def main(args: argparse.Namespace) -> int:
    """Convert, or say that it was done before."""
    from golden.training.config_files import find_file
    from golden.training.progress import Screen
    from golden.training.runs import run_row

    row = "tuned" if args.tune else "plain"
    start = args.checkpoint or f"{args.net}-*.th"
    changes = [f"net={args.net}", f"start={start}", f"quantizer.weight_bits={args.bits}",
               f"quantizer.act_bits={args.bits}", f"quantizer.method={args.method}",
               f"data.test_images={args.images}", f"seed={args.seed}",
               f"name=quantize/{args.net}-{args.method}-{args.bits}-{row}", *args.changes]
    with Screen() as screen:
        result = run_row(find_file(args.config), row, changes, options_of(args), screen)
    print(shown(result))
    return 0

# SPDX-License-Identifier: Apache-2.0
"""`python -m golden evaluate build/runs/digits/b4/seed0 --integers`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR",
                        help="folder of the data sets")
    parser.add_argument("--images", type=int, default=None, metavar="N",
                        help="the first N test images of the run's")
    parser.add_argument("--integers", action="store_true",
                        help="run the integer network too, and compare the logits")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="CPU threads")
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda")


def main(args: argparse.Namespace) -> int:
    """Evaluate what the run has: float weights, and the frozen model."""
    import numpy as np
    import torch

    from golden.errors import PlutarchError
    from golden.training.epoch import Score, evaluate
    from golden.training.feeding import Feed
    from golden.training.opened import open_run
    from golden.training.repeat import find_device

    opened = open_run(args.run, args.data)
    device = find_device(args.device)
    torch.set_num_threads(args.threads)
    _, test = opened.images()
    count = len(test) if args.images is None else args.images
    if not 1 <= count <= len(test):
        raise PlutarchError(f"--images {count}: the run has {len(test)} test images")
    feed = Feed(test, device, args.threads)

    def tell(name: str, score: Score) -> None:
        print(f"  {name:10} {score.top1:6} of {score.images} right ({100 * score.accuracy:.2f} %, "
              f"top 5 {100 * score.accuracy5:.2f} %)")

    print(f"{opened.config.name}: {opened.config.net} on {opened.config.data.name}")
    tell("float", evaluate(opened.float_model().to(device), feed, count=count))
    if not opened.config.quantised:
        return 0
    model = opened.model()
    tell("frozen", evaluate(model.to(device), feed, count=count))
    if args.integers:
        from golden.fast import FastNetwork
        from golden.qat import compare, export

        pixels, labels = test.batch(np.arange(count))
        net = export(model.cpu(), opened.config.net, pixels[:1], labels[:1], {})
        right = FastNetwork(net, args.threads).correct(pixels, labels)
        print(f"  {'integers':10} {right:6} of {count} right ({100 * right / count:.2f} %)")
        found = compare(model, net, pixels[:64])
        print(f"  logits of model ({found.dtype}) and integers: equal on {found.same} of "
              f"{found.images} images, same answer on {found.classes}")
    return 0

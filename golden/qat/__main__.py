# SPDX-License-Identifier: Apache-2.0
"""Figures of docs/qat.md: `python -m golden.qat exact`, `... answers` and `... speed`.

exact: a network converted without training, frozen, exported; bounds of every layer, and how many
images give the same integers. answers: right answers before and after such a conversion. speed:
processor time of a training step in each mode.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden import data, models
from golden.exits import exit_status
from golden.models.weights import load_weights
from golden.qat import QuantModel, QuantSpec, bounds, compare, export, quantise

_CALIBRATION = _BATCH = 256  # images


def _model(args: argparse.Namespace) -> nn.Module:
    model = models.build(args.net)
    if args.weights:
        load_weights(model, args.weights)
    return model.eval()


def _spec(args: argparse.Namespace, bits: int) -> QuantSpec:
    return QuantSpec(method=args.method, weight_bits=bits, act_bits=bits,
                     weight_norm=args.weight_norm)


def exact(args: argparse.Namespace) -> None:
    """Bounds per layer, then both data types against the integer network."""
    training, test = data.load(args.data, count=_CALIBRATION, test_count=args.images)
    images, labels = test.batch(np.arange(args.images))
    x = torch.from_numpy(training.batch(np.arange(_CALIBRATION))[0]).float() * 2.0 ** test.exp
    for bits in args.bits:
        model = quantise(_model(args), x[:2], _spec(args, bits), test.exp)
        model.calibrate(x)
        model.freeze()
        net = export(model, args.net, images, labels, {})
        print(f"{args.net} b={bits}, {args.images} images of {args.data}\n"
              f"  {'layer':24} {'sums':>6} {'t':>6}  exact by bound in")
        found = bounds(net)
        for bound in found:
            kinds = [kind for kind in ("float32", "float64") if getattr(bound, kind)]
            print(f"  {bound.name:24} 2^{np.log2(bound.acc):<4.1f} 2^{np.log2(bound.t):<4.1f}  "
                  f"{', '.join(kinds) or 'neither'}")
        print(f"  all images, by bound: float32 {sum(b.float32 for b in found)} layers, float64 "
              f"{sum(b.float64 for b in found)}, of {len(found)}")
        for each in (model, copy.deepcopy(model).double()):
            same = compare(each, net, images)
            least = min(same.values, key=lambda name: same.values[name])
            print(f"  {same.dtype}: logits equal on {same.same} of {same.images} images, answers "
                  f"on {same.classes}; fewest equal values: {least}, {same.values[least]:.6%}")
            for image, layer in sorted(same.first.items()):
                print(f"    image {image}: first difference in {layer}")


@torch.no_grad()
def answers(args: argparse.Namespace) -> None:
    """Right answers on the test images: float, frozen."""
    training, test = data.load(args.data, count=args.statistics, test_count=args.images)
    parts = [(torch.from_numpy(images).float() * 2.0 ** test.exp, torch.from_numpy(labels))
             for images, labels in _batches(test)]
    seen = [torch.from_numpy(images).float() * 2.0 ** test.exp
            for images, _ in _batches(training)]

    def right(model: nn.Module) -> int:
        return sum(int((model.eval()(x).argmax(1) == labels).sum()) for x, labels in parts)

    print(f"{args.net}, {args.images} images of {args.data}: float {right(_model(args))} right")
    for bits in args.bits:
        spec = _spec(args, bits)
        model = quantise(_model(args), seen[0][:2], spec, test.exp)
        model.calibrate(seen[0][:_CALIBRATION])
        model.refresh_statistics(seen)
        model.freeze()
        print(f"  b={bits} {args.method}, weights {'' if spec.normalised else 'not '}normalised: "
              f"frozen {right(model)} right")


def _batches(images: data.Images) -> Iterator[tuple[Any, Any]]:
    for start in range(0, len(images), _BATCH):
        yield images.batch(np.arange(start, min(start + _BATCH, len(images))))


def speed(args: argparse.Namespace) -> None:
    """Least processor time of a step (forward and backward), the modes taken in turn."""
    torch.manual_seed(0)
    net = models.find(args.net)
    x = torch.randint(-60, 61, (args.batch, *net.image)).float() * 2.0 ** -5
    labels = torch.randint(0, net.classes, (args.batch,))
    plain = _model(args)
    made: dict[str, nn.Module] = {"float": plain}
    for mode in ("quant", "frozen"):
        found: QuantModel = quantise(plain, x[:2], _spec(args, args.bits[0]), -5)
        found.calibrate(x[:64])
        if mode == "frozen":
            found.freeze()
        made[mode] = found
    times: dict[str, list[float]] = {mode: [] for mode in made}
    for _ in range(args.rounds):
        for mode, model in made.items():
            times[mode].append(_step(model.train(), x, labels))
    for mode, taken in times.items():
        print(f"{args.net} b={args.bits[0]} batch {args.batch}: {mode:7} {min(taken):.3f} s, "
              f"{min(taken) / min(times['float']):.2f} times float (least of {args.rounds})")


def _step(model: nn.Module, x: Tensor, labels: Tensor) -> float:
    started = time.process_time()
    functional.cross_entropy(model(x), labels).backward()  # type: ignore[no-untyped-call]
    for parameter in model.parameters():
        parameter.grad = None
    return time.process_time() - started


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0. Raises PlutarchError for what the user got wrong."""
    parser = argparse.ArgumentParser(prog="python -m golden.qat", description=__doc__)
    commands: dict[str, Any] = {"exact": exact, "answers": answers, "speed": speed}
    parser.add_argument("command", choices=commands)
    parser.add_argument("--net", default="resnet20")
    parser.add_argument("--weights", help="torch state dict; without one the weights are random")
    parser.add_argument("--data", default="cifar10-jpeg")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--statistics", type=int, default=2048,
                        help="training images for the batch norm statistics (answers)")
    parser.add_argument("--bits", type=int, nargs="+", default=[4])
    parser.add_argument("--method", default="iospot")
    parser.add_argument("--weight-norm", action=argparse.BooleanOptionalAction)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    commands[args.command](args)
    return 0


if __name__ == "__main__":
    sys.exit(exit_status(main))

# SPDX-License-Identifier: Apache-2.0
"""The cost of networks as printed tables and as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from golden.cost.plut_memory import PlutMemory
from golden.cost.records import NetCost


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as lines, columns aligned: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *(
        cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows)


def widths(net: NetCost) -> str:
    """"4/4" of most layers (most multiplications), with the ends where they differ: "4/4 (8/8)"."""
    count: dict[tuple[int, int], int] = {}
    for layer in net.layers:
        pair = (layer.w_bits, layer.a_bits)
        count[pair] = count.get(pair, 0) + layer.macs
    ordered = sorted(count, key=lambda pair: -count[pair])
    texts = [f"{w}/{a}" for w, a in ordered]
    return texts[0] + (f" ({', '.join(texts[1:])})" if len(texts) > 1 else "")


def summary(nets: Iterable[NetCost]) -> str:
    """One row a network: sizes, FIXOPS, rates."""
    rows = [("network", "W/A", "MACs", "parameters", "FP32 FIXOPS", "FIXOPS", "rate", "FP32 kB",
             "weight kB", "rate")]
    rows += [(net.name, widths(net), f"{net.macs:,}", f"{net.parameters:,}",
              million(net.fp32_fixops), million(net.fixops), f"{net.fixops_rate:.2f}",
              kilo(net.fp32_bytes), kilo(net.weight_bytes), f"{net.weight_rate():.2f}")
             for net in nets]
    return grid(rows)


def traffic(nets: Iterable[NetCost]) -> str:
    """One row a network: what moves for one image, the residual path by itself."""
    rows = [("network", "W/A", "weights kB", "activations kB", "residual kB", "of it pool kB",
             "all kB", "word additions", "as FIXOPS")]
    for net in nets:
        pool = sum(item.traffic_bits for item in net.path if item.kind == "pool") / 8
        rows.append((net.name, widths(net), kilo(net.weight_bytes), kilo(net.activation_bytes),
                     kilo(net.path_bytes), kilo(pool), kilo(net.traffic_bytes),
                     f"{net.path_words:,}", million(net.path_fixops)))
    return grid(rows)


def layers(net: NetCost) -> str:
    """One row a layer, then one a reader of residual words."""
    rows = [("layer", "W/A", "MACs", "parameters", "FIXOPS", "weight kB", "activations kB")]
    rows += [(f"{layer.name} ({layer.kind})", f"{layer.w_bits}/{layer.a_bits}", f"{layer.macs:,}",
              f"{layer.weights + layer.biases:,}", million(layer.fixops),
              kilo(layer.weight_bits / 8), kilo(layer.traffic_bits / 8)) for layer in net.layers]
    rows.append(("all layers", "", f"{net.macs:,}", f"{net.parameters:,}", million(net.fixops),
                 kilo(net.weight_bytes), kilo(net.activation_bytes)))
    path = [("residual path", "bits", "words written", "words read", "kB")]
    path += [(f"{item.name} ({item.kind})", str(item.bits), f"{item.written:,}", f"{item.read:,}",
              kilo(item.traffic_bits / 8)) for item in net.path]
    path.append(("all of it", "", f"{sum(item.written for item in net.path):,}",
                 f"{sum(item.read for item in net.path):,}", kilo(net.path_bytes)))
    return f"{grid(rows)}\n\n{grid(path)}"


def plut(sizes: Iterable[PlutMemory]) -> str:
    """One row a width: how large the P-LUT is."""
    rows = [("b", "indices", "entries", "half", "non-zero half", "products", "bits each",
             "bytes", "half, bytes")]
    rows += [(str(size.bits), f"{size.rows} x {size.rows}", str(size.full), str(size.half),
              str(size.nonzero_half), f"{size.products} + zero", str(size.width),
              f"{size.full_bytes:g}", f"{size.half_bytes:g}") for size in sizes]
    return grid(rows)


def million(count: float) -> str:
    """1,814,073,344 as 1,814.07M."""
    return f"{count / 1e6:,.2f}M"


def kilo(size: float) -> str:
    """Bytes as kB of 1,000 bytes."""
    return f"{size / 1000:,.1f}"


def as_json(net: NetCost) -> dict[str, Any]:
    """Totals, layers and residual path as plain values; sizes in bytes, nothing rounded."""
    return {
        "name": net.name, "bits": widths(net), "macs": net.macs, "parameters": net.parameters,
        "fp32_fixops": net.fp32_fixops, "fixops": net.fixops, "fixops_rate": net.fixops_rate,
        "fp32_bytes": net.fp32_bytes, "weight_bytes": net.weight_bytes,
        "weight_rate": net.weight_rate(), "activation_bytes": net.activation_bytes,
        "path_bytes": net.path_bytes, "path_words": net.path_words,
        "path_fixops": net.path_fixops, "traffic_bytes": net.traffic_bytes,
        "layers": [asdict(layer) | {"fixops": layer.fixops} for layer in net.layers],
        "path": [asdict(item) for item in net.path],
    }

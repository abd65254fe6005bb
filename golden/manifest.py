# SPDX-License-Identifier: Apache-2.0
"""A network as the entries and files of a package, and back (layout: docs/package.md).

Integers only: shapes, exponents and flags stand in the manifest, tensors in weights.shuff and .npz
files. JSON integers are exact; no real number is written anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.codes import levels
from golden.errors import PlutarchError
from golden.files import npz_bytes, read_npz, sha256
from golden.layer import ConvLayer, LayerOutput
from golden.network import FcLayer, MaxPool, Network, Node
from golden.shuff import decode, encode, order_weights, restore_weights
from golden.shuff.header import read_header

Files = dict[str, bytes]
Arrays = dict[str, npt.NDArray[Any]]

PIN = POUT = 8  # target of the packaged streams; another target re-encodes the same codes
MODE = "joint"
SAMPLES, GOLDEN, FC_FILE = "samples.npz", "golden.npz", "fc.npz"
GOLDEN_IMAGES = 1  # images whose intermediates are stored in full
DIGEST_IMAGES = 64  # images whose intermediates are stored as SHA-256
_SCALARS = ("stride", "pad", "relu", "proj_shift", "res_in", "res_shift", "emit_code", "emit_res",
            "res_out_shift", "raw", "act", "wgt")
_CHANNEL_FIELDS = ("shift1", "shift2", "term2", "bias")
# What a layer's entry may hold, by op. Anything else would change what is computed.
_FIELDS: dict[str, frozenset[str]] = {
    "conv": frozenset((*_SCALARS, "op", "name", "bits", "shape", "source", "residual", "exponents",
                       "bounds", "weights_sha256", "params", "weights", "code_lengths",
                       "as_values")),
    "maxpool": frozenset(("op", "name", "source", "kernel", "stride", "pad")),
}
_RUN_BY = "conv (by the accelerator) and maxpool (by the host)"


def dump(net: Network) -> tuple[dict[str, Any], Files]:
    """(manifest entries, files by relative path) of a network; deterministic."""
    files: Files = {}
    layers = [_dump_pool(step) if isinstance(step, MaxPool) else _dump_node(step, files)
              for step in net.steps()]
    files[FC_FILE] = npz_bytes({"weights": net.fc.weights, "bias": net.fc.bias})
    files[SAMPLES] = npz_bytes({"images": net.images, "labels": net.labels.astype(np.uint16)})
    files[GOLDEN] = npz_bytes(_flat(net.run(net.images[:GOLDEN_IMAGES])))
    return {
        "net": net.name, "bits": net.bits,
        "magnitudes": [int(x) for x in levels(net.bits)],
        "input": {"shape": [int(x) for x in net.images.shape[1:]], "dtype": "int8",
                  "exponent": net.input_exp, "samples": len(net.images)},
        "stream": {"pin": PIN, "pout": POUT, "mode": MODE},
        "layers": layers,
        "pool": {"source": net.pool_source},
        "fc": {"file": FC_FILE, "shape": list(net.fc.weights.shape), "exp_w": net.fc.exp_w},
        "golden": {"images": min(GOLDEN_IMAGES, len(net.images)), "file": GOLDEN,
                   "digest_images": min(DIGEST_IMAGES, len(net.images)), "digests": digests(net)},
        "about": dict(net.about),
    }, files


def _dump_pool(pool: MaxPool) -> dict[str, Any]:
    return {"op": "maxpool", "name": pool.name, "source": pool.source, "kernel": pool.kernel,
            "stride": pool.stride, "pad": pool.pad}


def _dump_node(node: Node, files: Files) -> dict[str, Any]:
    layer = node.layer
    folder = f"layers/{layer.name}"
    arrays: Arrays = {name: getattr(layer, name) for name in _CHANNEL_FIELDS}
    acc, t = layer.bounds()
    entry: dict[str, Any] = {
        "name": layer.name, "bits": layer.bits, "shape": list(layer.weights.shape),
        "source": node.source, "residual": node.residual,
        "exponents": {"w": node.exp_w, "a": node.exp_a, "t": node.exp_t, "out": node.exp_out,
                      "res": node.exp_res},
        "bounds": {"acc": acc, "acc_bits": acc.bit_length() + 1, "t_bits": t.bit_length() + 1},
        "weights_sha256": sha256(layer.weights.tobytes()),
        "params": f"{folder}/layer.npz",
    }
    entry |= {name: getattr(layer, name) for name in _SCALARS}
    if node.as_values:  # otherwise absent, as in the first packages
        entry["as_values"] = True
    if layer.wgt == "pot":
        stream = encode(order_weights(layer.weights, PIN, POUT), layer.bits, PIN, POUT, MODE)
        entry["weights"] = f"{folder}/weights.shuff"
        words = [int(word) for word in np.frombuffer(stream, dtype="<u4")]
        entry["code_lengths"] = list(read_header(words, layer.bits, PIN, POUT).lengths)
        files[entry["weights"]] = stream
    else:
        arrays["weights"] = layer.weights
    files[entry["params"]] = npz_bytes(arrays)
    return entry


def load(manifest: Mapping[str, Any], files: Mapping[str, bytes], where: str) -> Network:
    """The network of a manifest and its files (contents by relative path), all hashes checked.

    Raises PlutarchError naming `where` and the file or field that is wrong.
    """
    try:
        stream = manifest["stream"]
        layers = [(_op(entry, where), entry) for entry in manifest["layers"]]
        nodes = tuple(_load_node(entry, files, stream, where)
                      for op, entry in layers if op == "conv")
        pools = tuple(MaxPool(entry["name"], entry["source"], entry["kernel"], entry["stride"],
                              entry["pad"]) for op, entry in layers if op == "maxpool")
        if set(manifest["pool"]) != {"source"}:
            raise PlutarchError(f"{where}: pool: {sorted(manifest['pool'])}: only the sum over all "
                                "pixels of one source is supported (done by the host)")
        fc = read_npz(files[manifest["fc"]["file"]], f"{where}/{manifest['fc']['file']}")
        samples = read_npz(files[SAMPLES], f"{where}/{SAMPLES}")
        return Network(
            manifest["net"], manifest["bits"], nodes, manifest["pool"]["source"],
            FcLayer(fc["weights"], fc["bias"], manifest["fc"]["exp_w"]),
            manifest["input"]["exponent"], samples["images"],
            samples["labels"].astype(np.int64), manifest["about"], pools)
    except KeyError as error:
        raise PlutarchError(f"{where}/manifest.json: {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise PlutarchError(f"{where}/manifest.json: malformed: {error}") from error


def _op(entry: Mapping[str, Any], where: str) -> str:
    """The op of a layer's entry; PlutarchError if it, or a field of it, is none we can run."""
    op = str(entry.get("op", "conv"))
    named = f"{where}: layer {entry['name']}: "
    if op not in _FIELDS:
        raise PlutarchError(f"{named}op {op!r} is not supported; {_RUN_BY} are. Run it outside, "
                            "between a package of the layers before it and one of those behind it")
    for field in sorted(set(entry) - _FIELDS[op]):
        raise PlutarchError(f"{named}{field!r} of a {op} is not supported; this version runs plain "
                            f"{_RUN_BY}. A program that wrote this field runs the package")
    return op


def _load_node(entry: Mapping[str, Any], files: Mapping[str, bytes], stream: Mapping[str, Any],
               where: str) -> Node:
    arrays = read_npz(files[entry["params"]], f"{where}/{entry['params']}")
    if entry["wgt"] == "pot":
        name = entry["weights"]
        try:
            flat = decode(files[name], entry["bits"], stream["pin"], stream["pout"])
            weights = restore_weights(flat, entry["shape"], stream["pin"], stream["pout"])
        except PlutarchError as error:
            raise PlutarchError(f"{where}/{name}: {error}") from error
    else:
        weights = arrays["weights"]
    if sha256(weights.tobytes()) != entry["weights_sha256"]:
        raise PlutarchError(f"{where}: layer {entry['name']}: weights are not those of the "
                            "manifest")
    fields: dict[str, Any] = {key: entry[key] for key in _SCALARS}
    fields |= {key: arrays[key] for key in _CHANNEL_FIELDS}
    layer = ConvLayer(name=entry["name"], bits=entry["bits"], weights=weights, **fields)
    exps = entry["exponents"]
    return Node(layer, entry["source"], entry["residual"], exps["w"], exps["a"], exps["t"],
                bool(entry.get("as_values", False)))


def _flat(outputs: Mapping[str, LayerOutput]) -> Arrays:
    """Intermediates as named arrays: <layer>.codes, <layer>.res, and pool and logits in full."""
    arrays: Arrays = {"pool": outputs["pool"].t, "logits": outputs["fc"].t}
    for name, output in outputs.items():
        for part in ("codes", "res"):
            if getattr(output, part) is not None:
                arrays[f"{name}.{part}"] = getattr(output, part)
    return arrays


def golden_arrays(net: Network, images: int) -> Arrays:
    """What golden.npz must hold for the first `images` samples of net."""
    return _flat(net.run(net.images[:images]))


def digests(net: Network) -> dict[str, dict[str, str]]:
    """SHA-256 of acc, t, codes, res of each layer on the first DIGEST_IMAGES samples.

    Over little-endian C-order bytes: int64 for acc and t, uint8 codes, int8 residual words.
    """
    result: dict[str, dict[str, str]] = {}
    for name, output in net.run(net.images[:DIGEST_IMAGES]).items():
        result[name] = {part: sha256(_bytes(getattr(output, part))) for part in output._fields
                        if getattr(output, part) is not None}
    return result


def _bytes(array: npt.NDArray[Any]) -> bytes:
    wide = array.dtype.kind == "O" or array.dtype.itemsize > 1
    return np.ascontiguousarray(array.astype("<i8") if wide else array).tobytes()

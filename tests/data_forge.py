# SPDX-License-Identifier: Apache-2.0
"""Small data sets in their official layouts: what the tests of golden.data read."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CIFAR10_FILES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")


def python2_pickle(value: Any) -> bytes:
    """Protocol 2 as Python 2.7 and numpy of 2009 wrote the CIFAR archives (str is bytes there)."""
    return b"\x80\x02" + _opcodes(value) + b"."


def _opcodes(value: Any) -> bytes:
    if isinstance(value, dict):
        return b"}(" + b"".join(_opcodes(k) + _opcodes(v) for k, v in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_opcodes, value)) + b"e"
    if isinstance(value, str):
        value = value.encode("latin-1")
    if isinstance(value, bytes):
        raw: bytes = value  # SHORT_BINSTRING or BINSTRING
        return (b"U" + bytes([len(raw)]) if len(raw) < 256
                else b"T" + struct.pack("<i", len(raw))) + raw
    if isinstance(value, int):  # BININT
        return b"J" + struct.pack("<i", value)
    assert isinstance(value, np.ndarray)
    kind: bytes = value.dtype.str[1:].encode()
    order = b"|" if value.dtype.itemsize == 1 else b"<"
    none3 = b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
    dtype = (b"cnumpy\ndtype\n(U" + bytes([len(kind)]) + kind + b"K\x00K\x01tR(K\x03U\x01" + order
             + none3 + b"b")
    shape = b"(" + b"".join(map(_opcodes, value.shape)) + b"t"
    return (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01" + shape
            + dtype + b"\x89" + _opcodes(value.tobytes()) + b"tb")


def cifar_batch(seed: int, rows: int, label: str, classes: int) -> dict[str, Any]:
    """The dict of one batch file with random images; `label` names the list of labels."""
    rng = np.random.default_rng(seed)
    return {"data": rng.integers(0, 256, (rows, 3072), dtype=np.uint8),
            label: [int(x) for x in rng.integers(0, classes, rows)],
            "batch_label": f"batch {seed}", "filenames": [f"image_{i}.png" for i in range(rows)]}


def cifar10_batches(rows: int = 4) -> dict[str, dict[str, Any]]:
    return {name: cifar_batch(i, rows, "labels", 10) for i, name in enumerate(CIFAR10_FILES)}


def cifar100_batches(rows: int = 6) -> dict[str, dict[str, Any]]:
    made = {name: cifar_batch(i, rows, "fine_labels", 100)
            for i, name in enumerate(("train", "test"))}
    for batch in made.values():
        batch["coarse_labels"] = [label // 5 for label in batch["fine_labels"]]
    return made


def unpacked(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def packed(archive: Path, inner: str, files: Mapping[str, bytes]) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"{inner}/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def picture(file: Path, colour: tuple[int, int, int], size: tuple[int, int] = (100, 100),
            mode: str = "RGB") -> None:
    """A one-coloured JPEG of (width, height)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(file, "JPEG", quality=95)


def colour_of(images: Any) -> list[list[float]]:
    """Mean colour 0..255 of each image (N, 3, H, W) int8, from the normalised words."""
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    words = images.astype(float).mean(axis=(2, 3)) * 2.0 ** -5  # (N, 3)
    return ((words * std + mean) * 255).tolist()  # type: ignore[no-any-return]

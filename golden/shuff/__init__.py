# SPDX-License-Identifier: Apache-2.0
"""S-Huff: weight codes as a canonical, length-limited Huffman stream (docs/formats.md)."""

from golden.shuff.decoder import decode
from golden.shuff.encoder import encode
from golden.shuff.order import order_weights, restore_weights
from golden.shuff.reference import decode_serial, status_of
from golden.shuff.report import sizes
from golden.shuff.stream import read_stream, write_stream

__all__ = [
    "decode",
    "decode_serial",
    "encode",
    "order_weights",
    "read_stream",
    "restore_weights",
    "sizes",
    "status_of",
    "write_stream",
]

# SPDX-License-Identifier: Apache-2.0
"""Stage two of the paper's compression, LZMA, and its inverse.

A squeezed string is one byte that gives the dictionary size (the property byte of LZMA2 in the .xz
format, so that a reader knows how much memory it needs) and a raw LZMA2 stream. There is no
checksum: an S-Huff stream inside has its own.
"""

from __future__ import annotations

import lzma
from typing import Any

from golden.errors import PlutarchError

_CONTEXTS = (0, 3)  # literal context bits: tried both, LZMA2 itself says which
_LARGEST = 40  # highest property byte: a dictionary of 4 GiB - 1


def squeeze(data: bytes) -> bytes:
    """The shorter of two LZMA2 streams of `data` behind one byte; deterministic."""
    code = next(c for c in range(_LARGEST + 1) if _dictionary(c) >= max(4096, len(data)))
    streams = [lzma.compress(data, lzma.FORMAT_RAW, filters=[
        _filter(code, preset=9 | lzma.PRESET_EXTREME, lc=context, lp=0, pb=0)])
        for context in _CONTEXTS]
    return bytes([code]) + min(streams, key=len)


def expand(data: bytes) -> bytes:
    """What was squeezed. Raises PlutarchError if `data` is cut short, goes on or is damaged."""
    if not data or data[0] > _LARGEST:
        raise PlutarchError("LZMA: the first byte is no dictionary size")
    reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_filter(data[0])])
    try:
        found = reader.decompress(data[1:])
    except (lzma.LZMAError, MemoryError) as error:
        raise PlutarchError(f"LZMA: damaged: {error}") from error
    if not reader.eof:
        raise PlutarchError(f"LZMA: ends after {len(data)} bytes, before its end mark")
    if reader.unused_data:
        raise PlutarchError(f"LZMA: {len(reader.unused_data)} bytes behind its end mark")
    return found


def _filter(code: int, **more: int) -> dict[str, Any]:
    return {"id": lzma.FILTER_LZMA2, "dict_size": _dictionary(code), **more}


def _dictionary(code: int) -> int:
    """Bytes of the dictionary that a property byte stands for: 4 KiB, 6 KiB, 8 KiB, 12 KiB ..."""
    return (1 << 32) - 1 if code == _LARGEST else (2 | code & 1) << (code // 2 + 11)

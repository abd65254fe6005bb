# SPDX-License-Identifier: Apache-2.0
"""S-Huff for a bank of decoder lanes that all take one symbol a step from one stream.

Each lane has a bit stream of its own, and its bytes go into the payload in the order in which the
lanes ask for them. That order follows from the code lengths alone: three bytes for each lane at
the start (four above 8 lanes), then one for a lane each time a symbol of it ends in another byte
than it began in.
docs/formats.md is the written form. One lane gives the stream of `encode`, byte for byte.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError
from golden.shuff.encoder import encode, signed_book, table_for
from golden.shuff.header import (
    BYTE_BITS,
    BYTES,
    LIMIT,
    MODES,
    Header,
    check_range,
    late,
    legal_lanes,
    word_bits,
)
from golden.shuff.packer import count_symbols, pack_bits


def bytes_ahead(lanes: int) -> int:
    """Bytes that each lane asks for before its first symbol."""
    return 4 if late(LIMIT, lanes) else 3


def check_steps(steps: NDArray[np.generic], dtype: type[np.generic]) -> int:
    """Number of lanes of `steps`; PlutarchError unless it is a (steps, lanes) array of `dtype`."""
    if steps.ndim != 2 or steps.dtype != dtype:
        raise PlutarchError(
            f"weights are {steps.dtype} of shape {steps.shape}, need {np.dtype(dtype).name} "
            "(steps, lanes)"
        )
    lanes = int(steps.shape[1])
    if not legal_lanes(lanes):
        raise PlutarchError(f"a decoder bank has 1..8, 16, 32 or 64 lanes, not {lanes}")
    return lanes


def encode_bank(
    steps: NDArray[np.uint8], bits: int, pin: int, mode: str = "joint", limit: int = LIMIT
) -> bytes:
    """One stream of the codes `steps` (steps, lanes) uint8 {sign, index}; POUT is the lanes.

    Row s is what the lanes put out in step s. One code table for all lanes. Raises PlutarchError
    for codes that are out of range or a negative zero (naming step and lane), for a number of
    lanes that has no word width, and for illegal parameters.
    """
    lanes = check_steps(steps, np.uint8)
    check_range("bits", bits, 2, 5)
    check_range("limit", limit, max(2, bits - 1), 6)
    if mode not in MODES:
        raise PlutarchError(f"S-Huff mode is {mode!r}, must be one of {', '.join(MODES)}")
    steps = np.ascontiguousarray(steps)
    if lanes == 1:
        return encode(steps[:, 0], bits, pin, lanes, mode, limit)
    size = 1 << (bits - 1)
    counts = count_symbols(steps.ravel())
    if counts[2 * size :].any() or counts[size]:
        step, lane = np.argwhere((steps >= 2 * size) | (steps == size))[0]
        raise PlutarchError(f"step {step}, lane {lane}: {steps[step, lane]} is no {bits}-bit code")
    lengths = table_for(counts[:size] + counts[size : 2 * size], mode, limit)
    values, widths = signed_book(lengths, MODES.index(mode))
    payload = in_words(_interleave(steps, values, widths), lanes)
    header = Header(
        bits=bits,
        mode=MODES.index(mode),
        pin=pin,
        pout=lanes,
        limit=limit,
        count=len(steps),
        payload_words=8 * len(payload) // word_bits(lanes),
        lengths=tuple(lengths),
        payload_crc=zlib.crc32(payload),
        lanes=lanes,
    )
    return np.array(header.pack(), dtype="<u4").tobytes() + payload


def encode_bytes(steps: NDArray[np.int8], pin: int) -> bytes:
    """A byte stream: the weights `steps` (steps, lanes) int8 as they are, POUT is the lanes.

    A step takes the power of two of bytes that holds its lanes. Raises PlutarchError for other
    shapes and types.
    """
    lanes = check_steps(steps, np.int8)
    rows = np.zeros((len(steps), byte_slot(lanes)), dtype=np.uint8)
    rows[:, :lanes] = steps.view(np.uint8)
    payload = rows.tobytes()
    payload += bytes(-len(payload) % (word_bits(lanes) // 8))
    header = Header(
        bits=BYTE_BITS,
        mode=BYTES,
        pin=pin,
        pout=lanes,
        limit=BYTE_BITS,
        count=len(steps),
        payload_words=8 * len(payload) // word_bits(lanes),
        lengths=(),
        payload_crc=zlib.crc32(payload),
        lanes=lanes,
    )
    return np.array(header.pack(), dtype="<u4").tobytes() + payload


def byte_slot(lanes: int) -> int:
    """Bytes that a step of a byte stream takes: the power of two from `lanes` up."""
    return 1 << (lanes - 1).bit_length()


def in_words(data: NDArray[np.uint8], lanes: int) -> bytes:
    """Payload bytes (n,) filled up to whole words; in each 32 bits the first byte is on top."""
    filled = np.zeros(-(-8 * len(data) // word_bits(lanes)) * word_bits(lanes) // 8, dtype=np.uint8)
    filled[: len(data)] = data
    return filled.view(">u4").astype("<u4").tobytes()


def _interleave(
    steps: NDArray[np.uint8], values: NDArray[np.uint64], widths: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Payload bytes in the order of demand, up to the last one that any lane needs."""
    count, lanes = steps.shape
    if not count:
        return np.zeros(0, dtype=np.uint8)
    streams = []  # of each lane its bytes, first bit on top
    ahead = bytes_ahead(lanes)
    numbers, who = [np.repeat(np.arange(ahead), lanes)], [np.tile(np.arange(lanes), ahead)]
    asked_at = [np.repeat(np.arange(ahead) - ahead, lanes)]
    for lane in range(lanes):
        column = np.ascontiguousarray(steps[:, lane])
        packed, _ = pack_bits(column, values, widths)
        streams.append(np.frombuffer(packed, dtype="<u4").astype(">u4").view(np.uint8))
        byte = np.cumsum(widths[column], dtype=np.int64) >> 3  # (steps,) where the next one begins
        crossed = np.flatnonzero(np.diff(byte[:-1], prepend=0))  # the last step asks for nothing
        numbers.append(byte[crossed] + ahead - 1)
        who.append(np.full(len(crossed), lane))
        asked_at.append(crossed)
    number, lane_of = np.concatenate(numbers), np.concatenate(who)
    order = np.argsort(np.concatenate(asked_at) * lanes + lane_of, kind="stable")
    number, lane_of = number[order], lane_of[order]
    longest = max(int(number.max()) + 1, *(len(stream) for stream in streams))
    table = np.zeros((lanes, longest), dtype=np.uint8)
    for lane, stream in enumerate(streams):
        table[lane, : len(stream)] = stream
    bits = np.array([int(widths[steps[:, lane]].sum(dtype=np.int64)) for lane in range(lanes)])
    needed = number < (-(-bits // 8))[lane_of]
    last = int(np.flatnonzero(needed)[-1])
    return np.asarray(table[lane_of[: last + 1], number[: last + 1]])

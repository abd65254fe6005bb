# SPDX-License-Identifier: Apache-2.0
"""Streams of the decoder bank and byte streams: there and back, bad input, bad streams."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import errors
from golden.errors import PlutarchError, ShuffError
from golden.shuff import encode, order_weights
from golden.shuff.bank import byte_slot, encode_bank, encode_bytes
from golden.shuff.bank_reference import decode_bank_serial, decode_bytes_serial
from golden.shuff.header import MODES, header_words, word_bits
from golden.shuff.order import bank_steps
from tests.shuff_forge import pack_words, random_codes, untimed, words_of
from tests.test_formats_doc import block

LANES = (1, 2, 3, 8, 16, 32, 64)
CODES = np.random.default_rng(5)


def some(steps: int, lanes: int, bits: int = 4) -> Any:
    """Codes (steps, lanes)."""
    return random_codes(CODES, bits, steps * lanes, 1.5).reshape(steps, lanes)


@untimed
@given(
    st.integers(0, 40), st.sampled_from(LANES), st.integers(2, 5), st.sampled_from(MODES),
    st.floats(0.2, 6.0), st.integers(0, 1 << 30),
)  # fmt: skip
def test_there_and_back(
    steps: int, lanes: int, bits: int, mode: str, scale: float, seed: int
) -> None:
    codes = random_codes(np.random.default_rng(seed), bits, steps * lanes, scale)
    codes = codes.reshape(steps, lanes)
    data = encode_bank(codes, bits, 5, mode)
    assert len(data) % (word_bits(lanes) // 8) == 0
    assert np.array_equal(decode_bank_serial(words_of(data), bits, 5, lanes), codes)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4, 5, 31])
def test_bytes_there_and_back(lanes: int, steps: int) -> None:
    weights = CODES.integers(-128, 128, (steps, lanes)).astype(np.int8)
    data = encode_bytes(weights, 5)
    assert np.array_equal(decode_bytes_serial(words_of(data), 5, lanes), weights)
    size = -(-steps * byte_slot(lanes) * 8 // word_bits(lanes)) * word_bits(lanes) // 8
    assert len(data) == 4 * header_words(8, lanes) + size


def test_one_lane_is_the_single_decoder() -> None:
    codes = some(1000, 1)
    assert encode_bank(codes, 4, 8) == encode(codes[:, 0], 4, 8, 1)


@pytest.mark.parametrize("lanes", [8, 16])
def test_a_large_stream_costs_no_more_than_a_few_words(lanes: int) -> None:
    codes = some(40_000, lanes)
    single = len(encode(codes.ravel(), 4, 8, lanes))
    assert single <= len(encode_bank(codes, 4, 8)) <= single + 4 * lanes


def test_steps_of_a_layer() -> None:
    weights = np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 2, 2)
    steps = bank_steps(weights, 4)
    assert steps.shape == (24, 4)
    for out in range(8):
        column = steps[12 * (out // 4) :][:12, out % 4]
        right = weights[out].ravel() if out < 5 else np.zeros(12)
        assert np.array_equal(column, right)
    assert np.array_equal(bank_steps(weights, 1)[:, 0], order_weights(weights, 3, 1))
    with pytest.raises(PlutarchError, match="POUT=0"):
        bank_steps(weights, 0)


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        (np.zeros((4, 9), np.uint8), "64 lanes, not 9"),
        (np.zeros((4, 0), np.uint8), "64 lanes, not 0"),
        (np.zeros(4, np.uint8), r"shape \(4,\)"),
        (np.zeros((4, 2), np.int8), "are int8"),
        (np.array([[0, 0], [0, 16]], np.uint8), "step 1, lane 1: 16 is no 4-bit code"),
        (np.array([[0, 0], [8, 0]], np.uint8), "step 1, lane 0: 8 is no 4-bit code"),
    ],
)
def test_bad_codes(codes: Any, text: str) -> None:
    with pytest.raises(PlutarchError, match=text):
        encode_bank(codes, 4, 8)


def test_bad_parameters() -> None:
    good = some(4, 2)
    for call, text in (
        (lambda: encode_bank(good, 4, 8, "zip"), "mode is 'zip'"),
        (lambda: encode_bank(good, 6, 8), "bits is 6"),
        (lambda: encode_bank(good, 4, 8, limit=7), "limit is 7"),
        (lambda: encode_bank(good, 4, 300), "pin is 300"),
        (lambda: encode_bytes(good, 8), "are uint8"),
    ):
        with pytest.raises(PlutarchError, match=text):
            call()


def judged(words: list[int], lanes: int, bits: int = 4) -> tuple[int, int | None]:
    """Number and byte of what is wrong with a stream; (0, None) for a good one."""
    try:
        if bits == 8:
            decode_bytes_serial(words, 8, lanes)
        else:
            decode_bank_serial(words, bits, 8, lanes)
    except ShuffError as error:
        return error.code, error.byte
    return 0, None


def sealed(words: list[int], lanes: int, bits: int = 4) -> list[int]:
    """The stream with both CRCs made anew."""
    size = header_words(bits, lanes)
    declared = words[4] * word_bits(lanes) // 32
    words[size - 2] = zlib.crc32(pack_words(words[size:][:declared]))
    words[size - 1] = zlib.crc32(pack_words(words[: size - 1]))
    return words


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("lanes", [2, 8, 16])
def test_bad_streams(lanes: int, bits: int) -> None:
    """Each check by itself, with the byte that it names."""
    codes = some(200, lanes)
    data = encode_bank(codes, 4, 8) if bits == 4 else encode_bytes(codes.view(np.int8), 8)
    size, part = header_words(bits, lanes), word_bits(lanes) // 32
    end = len(data) // 4

    def broken(change: Any, seal: bool = True) -> tuple[int, int | None]:
        words = words_of(data)
        words = change(words) or words
        return judged(sealed(words, lanes, bits) if seal else words, lanes, bits)

    def put(at: int, value: int) -> Any:
        return lambda words: words.__setitem__(at, value)

    good = words_of(data)
    assert judged(good, lanes, bits) == (errors.OK, None)
    assert broken(put(0, 1)) == (errors.MAGIC, 0)
    assert broken(put(1, good[1] ^ 1)) == (errors.VERSION, 4)
    # The version of the other order of bytes: three or four of them ahead.
    assert good[1] & 255 == (2 if lanes > 8 and bits == 4 else 1)
    assert broken(put(1, good[1] ^ 3)) == (errors.VERSION, 4)
    assert broken(put(1, good[1] ^ 1 << 8)) == (errors.TARGET, 5)
    assert broken(put(1, good[1] | 4 << 16)) == (errors.HEADER, 6)
    assert broken(put(1, good[1] ^ 1 << 30)) == (errors.TARGET, 7)
    assert broken(put(2, good[2] ^ 1 << 17)) == (errors.TARGET, 10)
    assert broken(put(size - 1, 1), False) == (errors.HEADER_CRC, 4 * size - 4)
    assert broken(put(size - 2, 1), False)[0] == errors.HEADER_CRC
    # A wrong bit makes other symbols, which may take more bits or fewer than there are.
    damaged = broken(put(size + 3, good[size + 3] ^ 1), False)
    of_codes = (errors.CODE, errors.SHORT, errors.LONG) if bits == 4 else ()
    assert damaged == (errors.CRC, 4 * size - 8) or damaged[0] in of_codes
    assert broken(lambda w: w[: end - part], False) == (errors.TLAST_EARLY, 4 * (end - part))
    assert broken(lambda w: w + [0] * part, False) == (errors.TLAST_LATE, 4 * end)
    assert broken(put(4, good[4] - 1)) == (errors.SHORT, 4 * (end - part))
    assert broken(put(3, 40))[0] == errors.LONG
    assert broken(put(3, 0)) == (errors.LONG, 4 * size)
    assert broken(lambda w: w[:2], False)[0] == errors.TLAST_EARLY
    if bits == 4:
        assert broken(put(5, 0x11111111)) == (errors.TABLE, 20)
        assert broken(put(5, 0)) == (errors.CODE, 4 * size + 3)


def test_words_that_fill_the_header_are_zero() -> None:
    words = words_of(encode_bank(some(20, 16, 5), 5, 8))
    assert header_words(5, 16) == 10 and words[7] == 0
    words[7] = 1
    assert judged(sealed(words, 16, 5), 16, 5) == (errors.HEADER, 28)


def test_one_lane_that_errs_keeps_its_step_back() -> None:
    """The byte named is that of the lane, wherever it lies in the payload."""
    codes = np.zeros((9, 2), dtype=np.uint8)
    codes[:, 1] = 1
    words = words_of(encode_bank(codes, 4, 8))
    size = header_words(4, 2)
    words[5] = 0x00000002 | 2 << 4  # two codes of two bits, two are not used
    words[size] = 0x00FF0000  # lane 0 takes zeros, lane 1 begins with no code
    assert judged(sealed(words, 2), 2) == (errors.CODE, 4 * size + 2)


def test_words_that_were_asked_for_may_come() -> None:
    codes = some(50, 8)
    words = words_of(encode_bank(codes, 4, 8))
    statuses = []
    for _ in range(9):
        words.append(0)
        words[4] += 1
        statuses.append(judged(sealed(words, 8), 8)[0])
    first = statuses.index(errors.LONG)
    assert first >= 1 and set(statuses[:first]) == {errors.OK}
    assert set(statuses[first:]) == {errors.LONG}


def test_page_example() -> None:
    steps = np.array(block("bank steps").split(), dtype=np.uint8).reshape(-1, 2)
    words = [int(word, 16) for word in block("bank words").split()]
    assert words_of(encode_bank(steps, 4, 2)) == words
    assert np.array_equal(decode_bank_serial(words, 4, 2, 2), steps)

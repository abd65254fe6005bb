# SPDX-License-Identifier: Apache-2.0
"""Encoder, specification and fast decoder agree: on good streams, and on every damaged one."""

from __future__ import annotations

import random
import zlib

import numpy as np
import pytest
from bitarray import bitarray
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.errors import PlutarchError
from golden.shuff import decode, decode_serial, encode, lanes, packer, status_of
from golden.shuff.encoder import signed_book
from golden.shuff.header import MODES, header_words, read_header
from golden.shuff.huffman import code_lengths, flag_lengths
from tests.shuff_forge import (
    Forge,
    fast_outcome,
    outcome,
    pack_words,
    pad,
    random_codes,
    textbook_payload,
    untimed,
    words_of,
)

seeds = st.integers(0, 2**32 - 1)
bit_widths = st.integers(2, 6)
modes = st.sampled_from(MODES)
scales = st.sampled_from([0.05, 0.4, 1.2, 3.0, 50.0])


@given(seeds, bit_widths, modes, st.integers(0, 400), scales, st.integers(1, 255))
@untimed
def test_round_trip(seed: int, bits: int, mode: str, count: int, scale: float, pin: int) -> None:
    codes = random_codes(np.random.default_rng(seed), bits, count, scale)
    data = encode(codes, bits, pin, 7, mode)
    assert decode_serial(words_of(data), bits, pin, 7).tolist() == codes.tolist()
    for back in (decode(data, bits, pin, 7), decode(data)):
        assert back.dtype == np.uint8 and np.array_equal(back, codes)


@given(seeds, bit_widths, modes, st.integers(0, 200), scales)
@untimed
def test_stream_is_the_textbook_one(
    seed: int, bits: int, mode: str, count: int, scale: float
) -> None:
    codes = random_codes(np.random.default_rng(seed), bits, count, scale)
    words = words_of(encode(codes, bits, 3, 5, mode))
    size = 1 << (bits - 1)
    counts = [int(np.count_nonzero(codes % size == index)) for index in range(size)]
    lengths = {
        "joint": code_lengths(counts, 6),
        "flag": flag_lengths(counts, 6),
        "raw": [bits - 1] * size,
    }[mode]
    payload = pad(textbook_payload(codes.tolist(), lengths, bits, mode == "raw"))
    table = sum(length << (4 * index) for index, length in enumerate(lengths))
    head = [
        int.from_bytes(b"SHUF", "little"),
        1 | bits << 8 | MODES.index(mode) << 16 | 1 << 24,
        3 | 5 << 8 | 32 << 16 | 6 << 24,
        count,
        len(payload),
        *((table >> (32 * i)) % 2**32 for i in range(max(1, size // 8))),
        zlib.crc32(pack_words(payload)),
    ]
    assert words == [*head, zlib.crc32(pack_words(head)), *payload]


LARGE = 20_000  # symbols from which the packer joins eight at a time, and several lanes run


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("extra", [0, 1, 7])
def test_large_streams(bits: int, mode: str, extra: int) -> None:
    codes = random_codes(np.random.default_rng(bits), bits, LARGE + extra, 1.5)
    assert packer._MANY < LARGE
    data = encode(codes, bits, 1, 1, mode)
    assert np.array_equal(decode_serial(words_of(data), bits, 1, 1), codes)
    assert np.array_equal(decode(data), codes)


def test_bitarray_reads_the_same_weights() -> None:
    codes = random_codes(np.random.default_rng(3), 4, 50_000, 1.5)
    words = words_of(encode(codes, 4, 8, 8))
    header = read_header(words, 4, 8, 8)
    values, widths = signed_book(header.lengths, header.mode)
    book = {
        symbol: bitarray(f"{int(values[symbol]):0{int(widths[symbol])}b}")
        for symbol in np.flatnonzero(widths).tolist()
    }
    payload = bitarray("".join(f"{word:032b}" for word in words[header_words(4) :]))
    used = int(widths[codes].sum(dtype=np.int64))
    assert list(payload[:used].decode(book)) == codes.tolist()
    assert not payload[used:].any() and len(payload) - used < 32


def test_windows_of_16_bits() -> None:
    codes = random_codes(np.random.default_rng(4), 5, 1_500_000, 2.0)
    data = encode(codes, 5, 8, 8)
    assert 8 * len(data) > 1 << 22  # past which the lanes look at 16 bits
    assert np.array_equal(decode(data), codes)


@pytest.mark.parametrize("limit", [4, 7, 12, 15])
def test_other_limits(limit: int) -> None:
    fibonacci = np.repeat(
        np.arange(16, dtype=np.uint8),
        [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 9870],
    )
    mixed = np.random.default_rng(0).permutation(np.tile(fibonacci, 2))
    for codes in (mixed, np.sort(mixed)):  # sorted, the longest codes stand together
        words = words_of(encode(codes, 5, 1, 1, limit=limit))
        assert max(read_header(words, 5, 1, 1, limit).lengths) == limit
        assert outcome(words, 5, 1, 1, limit) == codes.tolist()
        assert fast_outcome(pack_words(words), 5, 1, 1, limit) == codes.tolist()


def reseal(words: list[int], bits: int) -> None:
    """Make both CRCs right again, where there is a header and a payload."""
    size = header_words(bits)
    if len(words) >= size:
        words[size - 2] = zlib.crc32(pack_words(words[size:][: words[4]]))
        words[size - 1] = zlib.crc32(pack_words(words[: size - 1]))


def damage(words: list[int], bits: int, rng: random.Random) -> list[int]:
    """One to three random defects; half of the time the CRCs are made to fit them."""
    words, size = list(words), header_words(bits)
    for _ in range(rng.randint(1, 3)):
        kind = rng.randrange(7)
        if kind == 0:
            at = rng.randrange(len(words))
            words[at] ^= 1 << rng.randrange(32)
        elif kind == 1 and len(words) > 1:
            del words[rng.randrange(1, len(words)) :]
        elif kind == 2:
            words += [rng.choice([0, rng.getrandbits(32)]) for _ in range(rng.randint(1, 3))]
        elif kind == 3 and len(words) > 4:
            field = rng.choice([3, 4])
            words[field] = max(0, words[field] + rng.choice([-40, -1, 1, 2, 50]))
        elif kind == 4 and len(words) >= size:
            words[rng.randrange(5, size - 2)] = rng.getrandbits(32) & 0x44444444
        elif kind == 5 and len(words) > size:
            words[rng.randrange(size, len(words))] = rng.choice([0, 2**32 - 1, rng.getrandbits(32)])
        elif kind == 6 and len(words) > size:
            del words[rng.randrange(size, len(words))]
    if rng.random() < 0.8:
        reseal(words, bits)
    return words


def check_same(words: list[int], bits: int) -> int:
    expected = outcome(words, bits, 3, 5)
    assert fast_outcome(pack_words(words), bits, 3, 5) == expected
    status = status_of(words, bits, 3, 5)
    assert status == (expected[0] if isinstance(expected, tuple) else 0)
    return status


@given(seeds, bit_widths, modes, st.integers(0, 300), scales)
@settings(deadline=None, max_examples=400)
def test_damaged_streams(seed: int, bits: int, mode: str, count: int, scale: float) -> None:
    codes = random_codes(np.random.default_rng(seed), bits, count, scale)
    words = words_of(encode(codes, bits, 3, 5, mode))
    check_same(damage(words, bits, random.Random(seed)), bits)


@given(seeds, bit_widths, modes, scales, st.integers(0, 64))
@settings(deadline=None, max_examples=150)
def test_damaged_streams_with_small_lanes(
    seed: int, bits: int, mode: str, scale: float, back: int
) -> None:
    """Many short lanes and hardly a run-up: wrong guesses, holes and counts inside the lanes."""
    codes = random_codes(np.random.default_rng(seed), bits, 1500, scale)
    words = words_of(encode(codes, bits, 3, 5, mode))
    rng = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "_SHORTEST", rng.choice([40, 65, 120]))
        patch.setattr(lanes, "_ALIGN", 1)
        patch.setattr(lanes, "_BACK", back)
        patch.setattr(lanes, "_ROUNDS", rng.choice([0, 1, 8]))
        assert check_same(words, bits) == 0
        check_same(damage(words, bits, rng), bits)


def test_damage_reaches_every_class() -> None:
    """The random defects above are worth something: each class of error comes up."""
    rng = random.Random(5)
    words = words_of(encode(random_codes(np.random.default_rng(5), 4, 100, 0.6), 4, 3, 5))
    seen = {status_of(damage(words, 4, rng), 4, 3, 5) for _ in range(10_000)}
    assert seen == set(range(13))


def lanes_of(codes: np.ndarray, bits: int, mode: str, count: int) -> tuple[bytes, int]:
    words = words_of(encode(codes, bits, 1, 1, mode))
    header = read_header(words, bits, 1, 1)
    payload = np.array(words[header_words(bits) :], dtype=np.uint32)
    return lanes.decode_lanes(payload, *signed_book(header.lengths, header.mode), count)


SHARES = [
    pytest.param([9, 6, 6, 4, 4, 2, 2, 1, 1], id="falling off"),
    pytest.param([0, 1, 1, 1, 1], id="all of 3 bits"),
    pytest.param([0, 8, 2, 2, 2, 2], id="2 and 4 bits"),
    pytest.param([1, 1, 1, 1, 1, 1, 1, 1], id="all alike"),
    pytest.param([97, 1, 1, 1], id="sparse"),
    pytest.param([1], id="zeros"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("most", [lanes._LANES, 20])
def test_lanes_do_nearly_all_the_work(
    mode: str, shares: list[int], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this the fast decoder could hand everything to the slow one and still be right."""
    monkeypatch.setattr(lanes, "_LANES", most)
    rng = np.random.default_rng(1)
    index = rng.choice(np.repeat(np.arange(len(shares)), shares), 200_000).astype(np.uint8) & 7
    codes = np.where(index > 0, index | rng.integers(0, 2, len(index), np.uint8) << 3, 0)
    done, _ = lanes_of(codes.astype(np.uint8), 4, mode, len(codes))
    assert len(done) > (0.97 if most > 20 else 0.85) * len(codes)
    assert done == codes[: len(done)].astype(np.uint8).tobytes()


@pytest.mark.parametrize("count", [0, 1, 5000, 10_000])
def test_lanes_stop_before_the_count(count: int) -> None:
    codes = random_codes(np.random.default_rng(1), 4, 20_000, 1.5)
    done, position = lanes_of(codes, 4, "joint", count)
    assert done == codes[: len(done)].tobytes() and len(done) <= count
    assert len(done) > count - 3000 and (position > 0) == (len(done) > 0)


def test_lanes_never_pass_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_SHORTEST", 50)
    monkeypatch.setattr(lanes, "_ALIGN", 1)
    codes = random_codes(np.random.default_rng(1), 4, 200, 1.5)
    for count in range(201):
        done, _ = lanes_of(codes, 4, "joint", count)
        assert len(done) <= count and done == codes[: len(done)].tobytes()


def test_negative_zeros_in_the_lanes() -> None:
    forged = Forge(mode=2, lengths=[3] * 8, codes=[8, 1, 0, 15] * 2000).words()
    assert outcome(forged) == [0, 1, 0, 15] * 2000 == fast_outcome(pack_words(forged))


@pytest.mark.parametrize("period", [[1, 10], [1, 2, 3], [0, 1, 9, 9], [5], [3, 3, 4, 11, 0]])
@pytest.mark.parametrize("back", [420, 17])
def test_periodic_weights(period: list[int], back: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that starts wrong may never fall into step; it is slow then, not wrong."""
    monkeypatch.setattr(lanes, "_BACK", back)
    codes = np.resize(np.array(period, dtype=np.uint8), 30_000)
    assert np.array_equal(decode(encode(codes, 4, 1, 1)), codes)


@pytest.mark.parametrize(
    ("codes", "kwargs", "message"),
    [
        ([1, 8, 3], {}, "weight 1: 8 is no 4-bit code"),
        ([1, 2, 16], {}, "weight 2: 16 is no 4-bit code"),
        ([255], {}, "weight 0: 255"),
        ([1], {"bits": 7}, "bits is 7, must be 2..6"),
        ([1], {"pin": 0}, "pin is 0, must be 1..255"),
        ([1], {"pout": 256}, "pout is 256"),
        ([1], {"limit": 16}, "limit is 16"),
        ([1], {"limit": 2}, "limit is 2, must be 3..15"),
        ([1], {"mode": "planes"}, "mode is 'planes', must be one of joint, flag, raw"),
        (list(range(8)), {"mode": "flag", "limit": 3}, "7 symbols do not fit"),
    ],
)
def test_what_the_encoder_refuses(codes: list[int], kwargs: dict[str, int], message: str) -> None:
    arguments: dict[str, int] = {"bits": 4, "pin": 8, "pout": 8, **kwargs}
    with pytest.raises(PlutarchError, match=message):
        encode(np.array(codes, dtype=np.uint8), **arguments)  # type: ignore[arg-type]


def test_the_encoder_wants_one_row_of_bytes() -> None:
    for codes in (np.zeros((2, 2), np.uint8), np.zeros(3, np.int64)):
        with pytest.raises(PlutarchError, match=r"need uint8 \(n,\)"):
            encode(codes, 4, 8, 8)  # type: ignore[arg-type]
    strided = np.arange(100_000, dtype=np.uint8)[::2] % 8
    assert np.array_equal(decode(encode(strided, 4, 8, 8)), strided)

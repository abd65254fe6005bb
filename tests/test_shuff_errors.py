# SPDX-License-Identifier: Apache-2.0
"""Each defect has its number and byte, and of two defects the first in sequence is reported."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import pytest

from golden import errors
from golden.errors import ENGINE_ERRORS, SHUFF_ERRORS, PlutarchError, ShuffError
from golden.shuff import decode, decode_serial, status_of
from tests.shuff_forge import (
    BITS,
    LIMIT,
    PIN,
    POUT,
    Forge,
    fast_outcome,
    outcome,
    pack_words,
    textbook_payload,
)

NOT_A_CODE = 0xFFFFFFFF  # with the lengths 1, 2, 3, 4 the code 1111 is unused
GOOD = Forge().words()
HEADER = 8
PAYLOAD = len(GOOD) - HEADER

# In the order of the checks: fields to falsify, number, byte.
DEFECTS: list[tuple[dict[str, Any], int, int]] = [
    ({"magic": 0x46554854}, errors.MAGIC, 0),
    ({"cut": 1}, errors.TLAST_EARLY, 4),
    ({"version": 129}, errors.VERSION, 4),
    ({"bits": 5}, errors.TARGET, 5),
    ({"cut": 2}, errors.TLAST_EARLY, 8),
    ({"cut": 7}, errors.TLAST_EARLY, 28),
    ({"spoil_header_crc": True}, errors.HEADER_CRC, 28),
    ({"mode": 3}, errors.HEADER, 6),
    ({"reserved": 8}, errors.HEADER, 6),
    ({"lanes": 2}, errors.TARGET, 7),
    ({"pin": 9}, errors.TARGET, 8),
    ({"pout": 5}, errors.TARGET, 9),
    ({"word_bits": 64}, errors.TARGET, 10),
    ({"limit": 5}, errors.TARGET, 11),
    ({"table": 0x00007321}, errors.TABLE, 20),
    ({"table": 0x66654321}, errors.TABLE, 20),
    ({"payload": [NOT_A_CODE, *GOOD[HEADER + 1 :]]}, errors.CODE, 4 * HEADER + 3),
    ({"count": 400}, errors.SHORT, 4 * len(GOOD)),
    ({"cut": HEADER + 1}, errors.TLAST_EARLY, 4 * HEADER + 4),
    ({"declared": PAYLOAD + 1}, errors.TLAST_EARLY, 4 * len(GOOD)),
    ({"payload": [*GOOD[HEADER:], 0]}, errors.LONG, 4 * len(GOOD)),
    ({"extra": [0]}, errors.TLAST_LATE, 4 * len(GOOD)),
    ({"spoil_crc": True}, errors.CRC, 24),
]


def test_the_undamaged_stream_is_good() -> None:
    assert outcome(GOOD) == Forge().codes == fast_outcome(pack_words(GOOD))
    assert status_of(GOOD, BITS, PIN, POUT) == 0


@pytest.mark.parametrize(("defect", "number", "byte"), DEFECTS)
def test_one_defect(defect: dict[str, Any], number: int, byte: int) -> None:
    words = Forge(**defect).words()
    assert outcome(words) == (number, byte) == fast_outcome(pack_words(words))
    assert status_of(words, BITS, PIN, POUT) == number


def test_every_class_is_reached() -> None:
    assert {0} | {number for _, number, _ in DEFECTS} == set(SHUFF_ERRORS)


PAIRS = [
    (i, j)
    for i, j in itertools.combinations(range(len(DEFECTS)), 2)
    if not DEFECTS[i][0].keys() & DEFECTS[j][0].keys()
]


@pytest.mark.parametrize(("i", "j"), PAIRS)
def test_of_two_defects_the_first_is_reported(i: int, j: int) -> None:
    words = Forge(**DEFECTS[i][0], **DEFECTS[j][0]).words()
    number = TOGETHER.get((i, j), DEFECTS[i][1])
    found = outcome(words)
    assert isinstance(found, tuple) and found[0] == number, (DEFECTS[i], DEFECTS[j])
    assert fast_outcome(pack_words(words)) == found


def _index(**defect: Any) -> int:
    return [d for d, _, _ in DEFECTS].index(defect)


# Pairs that add up to a third defect. Too many symbols for a payload that is cut, or declared
# longer than it is: the stream ended too early for them. One word too many, but declared: LONG.
TOGETHER = {
    (_index(count=400), _index(cut=HEADER + 1)): errors.TLAST_EARLY,
    (_index(count=400), _index(declared=PAYLOAD + 1)): errors.TLAST_EARLY,
    (_index(declared=PAYLOAD + 1), _index(payload=[*GOOD[HEADER:], 0])): errors.LONG,
    (_index(declared=PAYLOAD + 1), _index(extra=[0])): errors.LONG,
}


@pytest.mark.parametrize("kept", range(len(GOOD)))
def test_every_cut_of_a_good_stream_is_early(kept: int) -> None:
    assert outcome(GOOD[:kept]) == (errors.TLAST_EARLY, 4 * kept)
    assert fast_outcome(pack_words(GOOD[:kept])) == (errors.TLAST_EARLY, 4 * kept)


def test_a_code_is_looked_up_before_the_end_is_noticed() -> None:
    # 31 zeros, then 1: read on as 1000..., a code when 10 is one and none when only 0 is
    ends_open: dict[str, Any] = {"codes": [0] * 32, "payload": [1]}
    assert outcome(Forge(**ends_open, lengths=[1, 2] + [0] * 6).words())[0] == errors.SHORT
    assert outcome(Forge(**ends_open, lengths=[1] + [0] * 7).words())[0] == errors.CODE
    cut: dict[str, Any] = {**ends_open, "declared": 2}
    assert outcome(Forge(**cut, lengths=[1, 2] + [0] * 6).words())[0] == errors.TLAST_EARLY
    assert outcome(Forge(**cut, lengths=[1] + [0] * 7).words())[0] == errors.CODE


def test_a_sign_that_is_missing_is_short() -> None:
    whole = Forge(codes=[0] * 30 + [1], lengths=[1, 2] + [0] * 6)  # 30 + 2 + 1 bits
    assert len(whole.words()) == HEADER + 2
    whole.declared = 1
    assert outcome(whole.words()) == (errors.SHORT, 4 * HEADER + 4)
    whole.declared, whole.cut = None, HEADER + 1
    assert outcome(whole.words()) == (errors.TLAST_EARLY, 4 * HEADER + 4)


def test_no_payload_for_a_count() -> None:
    assert outcome(Forge(count=1, payload=[]).words())[0] == errors.SHORT
    assert outcome(Forge(count=1, payload=[], extra=[0]).words())[0] == errors.SHORT
    nothing = [0] * 8
    assert outcome(Forge(count=1, payload=[], lengths=nothing).words())[0] == errors.CODE


def test_an_empty_stream() -> None:
    empty: dict[str, Any] = {"codes": [], "lengths": [0] * 8}
    assert outcome(Forge(**empty).words()) == []
    assert outcome(Forge(**empty, declared=1).words())[0] == errors.TLAST_EARLY
    assert outcome(Forge(**empty, declared=1, extra=[0]).words())[0] == errors.LONG
    assert outcome(Forge(**empty, extra=[0]).words())[0] == errors.TLAST_LATE
    assert outcome(Forge(**empty, spoil_crc=True).words())[0] == errors.CRC
    assert outcome(Forge(**empty, mode=2).words())[0] == errors.TABLE


def test_every_padding_bit_must_be_zero() -> None:
    used = len(textbook_payload(Forge().codes, Forge().lengths, BITS, raw=False)) % 32
    assert 0 < used < 24
    for bit in range(32 - used):
        words = Forge(payload=[*GOOD[HEADER:-1], GOOD[-1] | 1 << bit]).words()
        assert outcome(words) == (errors.LONG, 4 * len(GOOD) - 4 + (31 - used) // 8)


def test_raw_mode_wants_all_lengths_m_and_reads_a_negative_zero_as_zero() -> None:
    raw: dict[str, Any] = {"mode": 2, "lengths": [3] * 8}
    assert outcome(Forge(**raw, codes=[0, 8, 15, 8, 1]).words()) == [0, 0, 15, 0, 1]
    assert outcome(Forge(mode=2, lengths=[3] * 7 + [2]).words())[0] == errors.TABLE
    assert outcome(Forge(mode=2, lengths=[3] * 7 + [0]).words())[0] == errors.TABLE
    assert outcome(Forge(mode=2, lengths=[4] * 8).words())[0] == errors.TABLE


def test_unused_nibbles_of_a_small_alphabet() -> None:
    small: dict[str, Any] = {"bits": 3, "lengths": [2, 1, 0, 0], "codes": [1, 0]}
    assert outcome(Forge(**small).words(), bits=3) == [1, 0]
    assert outcome(Forge(**small, table=0x0012).words(), bits=3) == [1, 0]
    for unused in (0x10012, 0x80000012):
        assert outcome(Forge(**small, table=unused).words(), bits=3)[0] == errors.HEADER


def test_a_limit_of_the_decoder_is_obeyed() -> None:
    long: dict[str, Any] = {"limit": 8, "lengths": [1, 2, 3, 4, 5, 6, 7, 7]}
    assert outcome(Forge(**long).words(), limit=8) == Forge().codes
    assert outcome(Forge(**long).words(), limit=6)[0] == errors.TARGET


def test_bytes_that_are_no_whole_word() -> None:
    data = pack_words(GOOD)
    assert fast_outcome(data + b"\0") == (errors.TLAST_LATE, len(data))
    assert fast_outcome(data[:-1]) == (errors.TLAST_EARLY, len(data) - 4)
    assert fast_outcome(b"SH") == (errors.TLAST_EARLY, 0)


def test_an_open_target_takes_what_the_header_says() -> None:
    assert decode(pack_words(GOOD)).tolist() == Forge().codes
    fields: list[dict[str, Any]] = [{"bits": 7}, {"bits": 0}, {"pin": 0}, {"pout": 0}]
    for field in fields:
        with pytest.raises(ShuffError) as caught:
            decode(pack_words(Forge(**field).words()))
        assert caught.value.code == errors.TARGET


def test_the_error_says_class_number_byte_and_file() -> None:
    with pytest.raises(PlutarchError) as caught:
        decode_serial(Forge(spoil_crc=True).words(), BITS, PIN, POUT, LIMIT)
    error = caught.value
    assert isinstance(error, ShuffError) and (error.code, error.name) == (12, "CRC")
    assert str(error) == "S-Huff CRC (12) at byte 24: payload damaged"
    assert str(error.in_file("w.shuff")).startswith("w.shuff: S-Huff CRC (12) at byte 24")
    again = pickle.loads(pickle.dumps(error.in_file("w.shuff")))
    assert (again.code, again.byte, again.path) == (12, 24, "w.shuff")
    assert not SHUFF_ERRORS.keys() & ENGINE_ERRORS.keys()

# SPDX-License-Identifier: Apache-2.0
"""Code lengths are optimal under their limit, and codes are canonical."""

from __future__ import annotations

import heapq
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.errors import PlutarchError
from golden.shuff.huffman import canonical_codes, code_lengths, flag_lengths, kraft_excess
from tests.shuff_forge import textbook_codes, untimed

counts_of = st.lists(st.integers(0, 1000), min_size=2, max_size=32)


def cost(counts: list[int], lengths: list[int]) -> int:
    return sum(c * n for c, n in zip(counts, lengths, strict=True))


def best_cost(counts: list[int], limit: int) -> int:
    """The cheapest code, by trying all lengths."""
    used = [c for c in counts if c]
    return min(
        cost(used, list(lengths))
        for lengths in itertools.product(range(1, limit + 1), repeat=len(used))
        if sum(2.0**-n for n in lengths) <= 1
    )


def huffman_cost(counts: list[int]) -> int:
    """Cost of Huffman's own algorithm, no limit."""
    heap = [c for c in counts if c]
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        heapq.heappush(heap, both)
        total += both
    return total


@given(st.lists(st.integers(0, 60), min_size=2, max_size=5), st.integers(3, 4))
@untimed
def test_cheapest_of_all_codes(counts: list[int], limit: int) -> None:
    if not any(counts):
        return
    lengths = code_lengths(counts, limit)
    assert cost(counts, lengths) == best_cost(counts, limit)


@given(counts_of, st.integers(5, 15))
@untimed
def test_legal_lengths(counts: list[int], limit: int) -> None:
    lengths = code_lengths(counts, limit)
    assert [n > 0 for n in lengths] == [c > 0 for c in counts]
    assert max(lengths) <= limit
    if sum(c > 0 for c in counts) > 1:
        assert kraft_excess(lengths) == 0
    for (c, n), (d, k) in itertools.combinations(zip(counts, lengths, strict=True), 2):
        assert not (c > d > 0 and n > k), "a more frequent symbol has a longer code"


@given(counts_of.filter(lambda counts: sum(c > 0 for c in counts) > 1))
@untimed
def test_equals_huffman_without_limit(counts: list[int]) -> None:
    assert cost(counts, code_lengths(counts, 40)) == huffman_cost(counts)


def test_fibonacci_counts_reach_the_limit() -> None:
    fibonacci = [1, 1]
    while len(fibonacci) < 16:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    assert max(code_lengths(fibonacci, 20)) == 15
    assert max(code_lengths(fibonacci, 6)) == 6
    assert cost(fibonacci, code_lengths(fibonacci, 6)) > huffman_cost(fibonacci)


def test_edges() -> None:
    assert code_lengths([0, 0, 0, 0], 6) == [0, 0, 0, 0]
    assert code_lengths([0, 0, 7, 0], 6) == [0, 0, 1, 0]
    assert code_lengths([5, 5, 5, 5], 2) == [2, 2, 2, 2]
    assert code_lengths([3, 1, 1, 2], 6) == code_lengths([3, 1, 1, 2], 6) == [1, 3, 3, 2]
    with pytest.raises(PlutarchError, match="5 symbols do not fit in codes of at most 2 bits"):
        code_lengths([1, 1, 1, 1, 1], 2)


def test_ties_are_broken_the_same_way_for_ever() -> None:
    # Files and hashes depend on these: a change here is a change of the format's encoder.
    assert code_lengths([1, 1, 1], 6) == [2, 2, 1]
    assert code_lengths([1, 1, 1, 1, 1, 1], 6) == [3, 3, 3, 3, 2, 2]
    assert code_lengths([2, 1, 1, 2], 6) == [2, 2, 2, 2]
    assert code_lengths([8, 4, 2, 1, 1], 3) == [1, 3, 3, 3, 3]


@given(counts_of)
@untimed
def test_flag_gives_zero_the_one_bit_code(counts: list[int]) -> None:
    lengths = flag_lengths(counts, 6)
    rest = counts[1:]
    assert kraft_excess(lengths) <= 0
    assert max(lengths) <= 6
    if not any(counts):
        assert not any(lengths)
        return
    assert lengths[0] == 1 and canonical_codes(lengths)[0] == 0
    if sum(c > 0 for c in rest) > 1:
        assert [n - 1 if n else 0 for n in lengths[1:]] == code_lengths(rest, 5)


def test_flag_edges() -> None:
    assert flag_lengths([9, 0, 0, 0], 6) == [1, 0, 0, 0]
    assert flag_lengths([0, 0, 0, 4], 6) == [1, 0, 0, 1]
    assert flag_lengths([0, 2, 0, 4], 6) == [1, 2, 0, 2]


@given(counts_of)
@untimed
def test_canonical_codes_follow_the_textbook(counts: list[int]) -> None:
    lengths = code_lengths(counts, 8)
    codes = canonical_codes(lengths)
    ours = [f"{c:0{n}b}" if n else "" for c, n in zip(codes, lengths, strict=True)]
    assert ours == textbook_codes(lengths)
    used = [code for code in ours if code]
    assert not any(a != b and b.startswith(a) for a in used for b in used)


def test_canonical_codes_of_an_incomplete_table() -> None:
    assert canonical_codes([0, 3, 1, 0, 3]) == [0, 4, 0, 0, 5]
    assert kraft_excess([0, 3, 1, 0, 3]) < 0 < kraft_excess([1, 1, 2])

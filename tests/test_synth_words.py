# SPDX-License-Identifier: Apache-2.0
"""Streams packed into words: nothing of a stream reaches another one, whatever their number."""

from __future__ import annotations

import numpy as np
import pytest

from synth.yosys import netlist, simulate, words


@pytest.mark.parametrize("streams", [1, 8, 11, 64, 70, 130])
def test_bits_come_back_as_they_were(streams):
    bits = np.random.default_rng(streams).integers(0, 2, (3, 5, streams)).astype(np.uint8)
    packed = words.packed(bits)
    assert packed.shape == (3, 5, -(-streams // 64))
    assert packed.dtype == np.uint64
    np.testing.assert_array_equal(words.unpacked(packed, streams), bits)
    assert int(np.bitwise_count(packed).sum()) == int(bits.sum())


def test_an_address_picks_and_marks_one_word_in_each_stream():
    rng = np.random.default_rng(5)
    choices = rng.integers(0, 2, (8, 2, 70)).astype(np.uint8)
    address = rng.integers(0, 2, (3, 2, 70)).astype(np.uint8)
    place = (address * np.array([1, 2, 4])[:, None, None]).sum(axis=0)
    got = words.chosen(words.packed(choices), words.packed(address))
    want = np.take_along_axis(choices, place[None], axis=0)[0]
    np.testing.assert_array_equal(words.unpacked(got, 70), want)
    marked = words.unpacked(words.one_hot(words.packed(address)), 70)
    np.testing.assert_array_equal(marked, np.arange(8)[:, None, None] == place)


def test_numbers_are_twos_complement():
    bits = np.array([[[1, 0], [0, 0], [0, 1]]], np.uint8)
    np.testing.assert_array_equal(words.signed(bits), [[1, -4]])


def _cells():
    """A LUT6, a LUT2, an enabled register with a set, a shift register and a carry chain."""
    cell = netlist.Cell
    out = frozenset({"O", "Q", "CO"})
    return (
        cell("a", "LUT6", {"INIT": f"{0x9C3A5F0172E4B8D6:064b}"},
             {**{f"I{i}": (2 + i,) for i in range(6)}, "O": (20,)}, out),
        # Inputs of 0 set this register and let it toggle: streams that are not there would count.
        cell("b", "LUT2", {"INIT": "1001"}, {"I0": (22,), "I1": (2,), "O": (21,)}, out),
        cell("n", "LUT1", {"INIT": "01"}, {"I0": (3,), "O": (19,)}, out),
        cell("c", "FDSE", {"INIT": "0"},
             {"D": (21,), "CE": (19,), "S": (4,), "Q": (22,)}, out),
        cell("d", "SRL16E", {"INIT": f"{0xA5C3:016b}"},
             {**{f"A{i}": (2 + i,) for i in range(4)}, "D": (22,), "CE": (6,), "Q": (23,)}, out),
        cell("e", "CARRY4", {}, {"CI": ("0",), "CYINIT": ("0",), "S": (20, 21, 22, 23),
                                 "DI": (2, 3, 4, 5), "O": (24, 25, 26, 27),
                                 "CO": (28, 29, 30, 31)}, out),
    )  # fmt: skip


def _by_hand(a, cycles, streams):
    """The same circuit, one stream and one cycle after the other."""
    table = 0x9C3A5F0172E4B8D6
    seen = np.zeros((cycles, 8, streams), np.uint8)
    for stream in range(streams):
        q, shift = 0, [0xA5C3 >> i & 1 for i in range(16)]
        for cycle in range(cycles):
            i = [int(bit) for bit in a[cycle, :, stream]]
            one = table >> sum(bit << k for k, bit in enumerate(i)) & 1
            two = 1 ^ q ^ i[0]
            s = [one, two, q, shift[sum(i[k] << k for k in range(4))]]
            carry = 0
            for k in range(4):
                seen[cycle, k, stream] = s[k] ^ carry
                carry = carry if s[k] else i[k]
                seen[cycle, 4 + k, stream] = carry
            if i[4]:
                shift = [q, *shift[:-1]]
            q = 1 if i[2] else q if i[1] else two
    return seen


@pytest.mark.parametrize("streams", [5, 64, 67])
def test_any_number_of_streams_gives_what_each_gives_alone(streams):
    ports = {"a": ("input", (2, 3, 4, 5, 6, 7)),
             "o": ("output", (24, 25, 26, 27, 28, 29, 30, 31))}  # fmt: skip
    machine = simulate.Simulator(netlist.Netlist("m", ports, _cells()))
    a = np.random.default_rng(2).integers(0, 2, (40, 6, streams)).astype(np.uint8)
    done = machine.run({"a": a}, count_from=10)
    want = _by_hand(a, 40, streams)
    np.testing.assert_array_equal(done.outputs["o"], want)
    assert done.cycles == 30 * streams
    toggles = (want[10:] != want[9:-1]).sum(axis=(0, 2))
    rows = [row for bit in ports["o"][1] for row, net in machine.bit_of_row.items() if net == bit]
    np.testing.assert_array_equal(done.toggles[rows], toggles)

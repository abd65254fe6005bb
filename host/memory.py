# SPDX-License-Identifier: Apache-2.0
"""Memory on chip of a built accelerator, by purpose, from its parameters (our definition)."""

from __future__ import annotations

from host.target import QUAD, Target

STORE_ROWS = 16  # of shuff_bank_store, each a byte for each bank
PAPER_RATIO = 1.45  # "1.45 times less memory", He et al. 2024; its baseline is not described


def on_chip_bits(target: Target, fifo_depth: int) -> dict[str, int]:
    """Bits of each memory that rtl/ declares; registers of pipelines and control are not counted.

    weights: the tile in use and the next one, decoded. weight stream: what the decoder bank holds
    of it, and its code tables.
    """
    slot, codes = target.pin * target.act_bits, target.weight_bits
    side = (target.kmax + 1) // 2  # of the window of blocks
    tiles = -(-target.cout_max // target.pout)
    stream = 0
    if target.wgt == "pot":
        banks = max(1 << (target.pout - 1).bit_length(), target.w_bits // 8)
        stream = 8 * STORE_ROWS * banks + target.pout * 64 * (target.bits + 2)
    return {
        "weights": 2 * target.lanes * codes,
        "weight stream": stream,
        "lines of pixels": (target.kmax - 1) * target.line_depth * slot,
        "lines of blocks": (side - 1) * ((target.line_depth + 1) // 2) * QUAD * slot,
        "partial sums": target.psum_depth * target.pout * target.acc_bits,
        "channel parameters": tiles * target.pout * (target.bias_bits + 10),
        "FIFOs": fifo_depth * (target.pout * target.acc_bits + 1 + 2 * (8 * target.pout + 1)),
    }

# SPDX-License-Identifier: Apache-2.0
"""The fast S-Huff decoder.

Header, end checks and the last symbols go through the functions of the specification; only symbols
that are proven good come from the lanes. So a bad stream raises what `decode_serial` raises.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from golden import errors
from golden.errors import ShuffError
from golden.shuff.encoder import signed_book
from golden.shuff.header import LIMIT, RAW, header_words, read_header
from golden.shuff.lanes import decode_lanes
from golden.shuff.reference import check_end, read_symbols


def decode(
    data: bytes,
    bits: int | None = None,
    pin: int | None = None,
    pout: int | None = None,
    limit: int = LIMIT,
) -> NDArray[np.uint8]:
    """Codes (count,) uint8 of the stream `data`; None accepts what the header says.

    Raises ShuffError with the class and byte that `decode_serial` gives for the whole words of
    `data`; bytes behind them are TLAST_LATE when the words alone are a good stream.
    """
    stream = np.frombuffer(data, dtype="<u4", count=len(data) // 4).astype(np.uint32)
    words = stream.data  # indexes as Python integers
    said = [*words[1:3], 0, 0]
    if bits is None:
        bits = said[0] >> 8 & 255
        bits = bits if 2 <= bits <= 6 else 4  # no decoder has it: TARGET, in its turn
    pin = said[1] & 255 or 1 if pin is None else pin
    pout = said[1] >> 8 & 255 or 1 if pout is None else pout

    header = read_header(words, bits, pin, pout, limit)
    start = header_words(bits)
    payload = stream[start:][: header.payload_words]
    values, widths = signed_book(header.lengths, header.mode)
    done, position = decode_lanes(payload, values, widths, header.count)
    rest, position = read_symbols(header, words, position, header.count - len(done))
    check_end(header, words, position)
    if len(data) % 4:
        raise ShuffError(errors.TLAST_LATE, 4 * len(words), "part of a word behind the end")
    codes = np.frombuffer(done + rest, dtype=np.uint8)  # (count,)
    if header.mode == RAW:
        codes = np.where(codes == 1 << (bits - 1), np.uint8(0), codes)  # a negative zero is zero
    return codes

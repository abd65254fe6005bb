# SPDX-License-Identifier: Apache-2.0
"""Errors that a user can cause, and the numbers that hardware and software share for them.

The command line prints a `PlutarchError` as one line and exits with 2.
"""

from __future__ import annotations

from typing import Final

OK: Final = 0
MAGIC: Final = 1
VERSION: Final = 2
HEADER: Final = 3
HEADER_CRC: Final = 4
TARGET: Final = 5
TABLE: Final = 6
CODE: Final = 7
SHORT: Final = 8
LONG: Final = 9
TLAST_EARLY: Final = 10
TLAST_LATE: Final = 11
CRC: Final = 12

SHUFF_ERRORS: Final[dict[int, str]] = {
    OK: "OK",
    MAGIC: "MAGIC",
    VERSION: "VERSION",
    HEADER: "HEADER",
    HEADER_CRC: "HEADER_CRC",
    TARGET: "TARGET",
    TABLE: "TABLE",
    CODE: "CODE",
    SHORT: "SHORT",
    LONG: "LONG",
    TLAST_EARLY: "TLAST_EARLY",
    TLAST_LATE: "TLAST_LATE",
    CRC: "CRC",
}
"""`status` of the S-Huff decoder in hardware -> class name; docs/formats.md gives the meanings."""

ENGINE_ERRORS: Final[dict[int, str]] = {
    16: "CFG_SHAPE",
    17: "CFG_KERNEL",
    18: "CFG_PSUM",
    19: "CFG_EMIT",
    20: "W_COUNT",
    21: "A_TLAST",
    22: "R_TLAST",
}
"""The numbers that the engine adds to the decoder's on the same 8-bit `err`."""


class PlutarchError(Exception):
    """A user's mistake or bad input; the message names the file, field or position."""


class ShuffError(PlutarchError):
    """A bad S-Huff stream.

    `code` is the number that hardware shows in `status`, `name` its class (`SHUFF_ERRORS`), `byte`
    the position in the stream where it was noticed (None when no single byte is to blame) and
    `path` the file, when the stream came from one.
    """

    def __init__(
        self, code: int, byte: int | None = None, detail: str = "", path: str | None = None
    ) -> None:
        super().__init__(code, byte, detail, path)
        self.code = code
        self.name = SHUFF_ERRORS[code]
        self.byte = byte
        self.detail = detail
        self.path = path

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        byte = "" if self.byte is None else f" at byte {self.byte}"
        detail = f": {self.detail}" if self.detail else ""
        return f"{where}S-Huff {self.name} ({self.code}){byte}{detail}"

    def in_file(self, path: str) -> ShuffError:
        """The same error, naming the file it came from."""
        return ShuffError(self.code, self.byte, self.detail, path)

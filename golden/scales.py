# SPDX-License-Identifier: Apache-2.0
"""A batch norm scale as one or two signed powers of two (design section 2), on numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.codes import Ints
from golden.errors import PlutarchError

Reals = npt.NDArray[np.float64]
SPAN = 15  # largest shift difference that the 4-bit shift fields can hold


@dataclass(frozen=True, eq=False)
class TwoTerm:
    """sign * (2^power1 + term2 * 2^power2) per channel, all (O,) int64."""

    sign: Ints  # -1, 0 or 1; 0 = the channel's scale is zero
    power1: Ints
    power2: Ints  # equal to power1 where term2 is 0
    term2: Ints

    def values(self) -> Reals:
        """The real scales, (O,), exact in float64."""
        return np.asarray(self.sign * (np.ldexp(1.0, self.power1)
                                       + self.term2 * np.ldexp(1.0, self.power2)))

    def span(self) -> tuple[int, int]:
        """(lowest, highest) power in use."""
        used = self.term2 != 0
        return (int(min(self.power1.min(), self.power2[used].min(initial=self.power1[0]))),
                int(max(self.power1.max(), self.power2[used].max(initial=self.power1[0]))))


def round_scales(scales: npt.ArrayLike, terms: int = 2) -> TwoTerm:
    """Nearest signed sum of one or two powers of two to each scale; (O,) reals -> TwoTerm.

    All powers lie within SPAN of the largest, so that the shifts fit; smaller scales take the
    smallest power there is. Ties take the smaller value. Raises PlutarchError on NaN or infinity.
    """
    reals = np.asarray(scales, dtype=np.float64)
    if reals.ndim != 1 or not reals.size or not np.isfinite(reals).all():
        raise PlutarchError("batch norm scales must be a row of finite numbers")
    if terms not in (1, 2):
        raise PlutarchError(f"terms = {terms}: a scale has 1 or 2 terms")
    size = np.abs(reals)
    top = int(np.frexp(size.max())[1])  # 2^top > every scale
    powers = np.arange(top - SPAN, top + 1)
    choices = sorted(((int(p), int(p), 0) for p in powers), key=lambda c: 2.0 ** c[0])
    if terms == 2:
        choices += [(int(p), int(q), term) for p in powers for q in powers if q < p
                    for term in (1, -1) if (term, q) != (-1, p - 1)]  # 2^p - 2^(p-1) has one term
    worth = np.array([2.0 ** p + term * 2.0 ** q for p, q, term in choices])
    pick = np.abs(size[:, None] - worth[None, :]).argmin(axis=1)  # (O,)
    table = np.array(choices, dtype=np.int64)[pick]  # (O, 3)
    return TwoTerm(np.sign(reals).astype(np.int64), table[:, 0], table[:, 1], table[:, 2])

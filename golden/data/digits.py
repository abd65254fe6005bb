# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's digits: 1797 grey images of 8x8 pixels, part of the library itself."""

from __future__ import annotations

import numpy as np

from golden.data.split import Split
from golden.errors import PlutarchError

DIGITS_EXP = -4  # pixels are 0..16
TEST_IMAGES = 360


def digits() -> tuple[Split, Split]:
    """(training, test): 1437 and 360 images (1, 8, 8), the same split every time.

    Raises PlutarchError if scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise PlutarchError("digits: scikit-learn is not installed (extra `train`)") from error
    found = load_digits()
    images = found.images.astype(np.int8)[:, None]  # (1797, 1, 8, 8), pixels 0..16
    labels = found.target.astype(np.int64)
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(labels))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return (Split(images[train], labels[train], DIGITS_EXP),
            Split(images[test], labels[test], DIGITS_EXP))

# SPDX-License-Identifier: Apache-2.0
"""Pickles as the CIFAR archives hold them, read without running anything that is in them.

Dicts, lists, bytes, text, numbers and arrays of bytes; every other global is refused. Arrays are
taken apart by stand-ins here, so no state from the file reaches numpy (whose own way also warns
about these Python 2 files).
"""

from __future__ import annotations

import io
import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt


class _Closed:
    """Base of the stand-ins: nothing can be set on them."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("state where none is due")


class _Ndarray(_Closed):
    """The name numpy.ndarray; only ever an argument."""

    __slots__ = ()

    def __init__(self) -> None:
        raise pickle.UnpicklingError("numpy.ndarray is called")


class _Dtype(_Closed):
    """numpy.dtype("u1", align, copy): bytes are the one kind there is."""

    __slots__ = ()

    def __init__(self, name: Any, *_: Any) -> None:
        if name not in (b"u1", "u1"):
            raise pickle.UnpicklingError(f"array of {name!r}, want u1")

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like, which single bytes do not have."""


class _Array(_Closed):
    """What _reconstruct makes; its state is (version, shape, dtype, fortran order, bytes)."""

    __slots__ = ("array",)

    def __init__(self, *_: Any) -> None:
        self.array: npt.NDArray[np.uint8] = np.empty(0, dtype=np.uint8)

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        if isinstance(data, str):
            data = data.encode("latin-1")
        if not (isinstance(kind, _Dtype) and isinstance(data, bytes) and isinstance(shape, tuple)
                and math.prod(shape) == len(data)):
            raise pickle.UnpicklingError(f"array of shape {shape} does not fit its bytes")
        flat = np.frombuffer(data, dtype=np.uint8)
        self.array = flat.reshape(shape, order="F" if fortran else "C")


class _Encoded(bytes):
    """_codecs.encode(text, "latin1"): how Python 3 writes bytes in protocol 2."""

    __slots__ = ()

    def __new__(cls, text: Any, name: Any) -> Any:
        if not isinstance(text, str) or name != "latin1":
            raise pickle.UnpicklingError("encode of something else than latin1 text")
        return text.encode("latin-1")


_GLOBALS: dict[tuple[str, str], type] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Ndarray,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _Encoded,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a global; UnpicklingError if it has none."""
        if (module, name) not in _GLOBALS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _GLOBALS[module, name]


def read_dict(data: bytes) -> dict[str, Any]:
    """The dict that a pickle holds, keys as text, arrays as uint8 arrays, Python 2 text as bytes.

    Raises ValueError with one line on anything else, harmful or damaged.
    """
    try:
        found = _Unpickler(io.BytesIO(data), encoding="bytes").load()
    except Exception as error:  # a pickle of unknown origin can make load() raise nearly anything
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(text) from error
    if not isinstance(found, dict):
        raise ValueError(f"a {type(found).__name__}, want a dict")
    return {key.decode("latin-1") if isinstance(key, bytes) else str(key):
            value.array if isinstance(value, _Array) else value for key, value in found.items()}

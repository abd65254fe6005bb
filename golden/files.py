# SPDX-License-Identifier: Apache-2.0
"""Files that are either complete or absent, and .npz archives with the same bytes every time."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.errors import PlutarchError


def write_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Write data under a temporary name beside path, then rename it to path.

    Raises PlutarchError naming the file when the disk or the permissions refuse.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(target)
    except OSError as error:
        raise PlutarchError(f"{target}: cannot write: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):  # gone after the rename, or it never came to be
            partial.unlink()


def sha256(data: bytes) -> str:
    """SHA-256 of data, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def npz_bytes(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """An .npz archive of the arrays, sorted by name, deflated.

    numpy.savez stamps the time of day into the archive; here the time stamp is fixed, so equal
    arrays give equal bytes (with the same zlib). Object arrays are refused: they would be pickled.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # the same on every operating system
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]),
                                      version=(1, 0), allow_pickle=False)
            archive.writestr(entry, member.getvalue())
    return buffer.getvalue()


def read_npz(data: bytes, name: str) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz archive; PlutarchError naming `name` if it is not a sound one."""
    if not data.startswith(b"PK"):  # numpy would take it for a pickle and say so
        raise PlutarchError(f"{name}: not a sound .npz archive: it is no zip file")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise PlutarchError(f"{name}: not a sound .npz archive: {error}") from error

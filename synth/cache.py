# SPDX-License-Identifier: Apache-2.0
"""Folders named by what made them: the same inputs, tools and code, the same folder, no work."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from sim import tidy
from sim.paths import BUILD

HOME: Final = BUILD / "synth"
_KEEP: Final = 2000  # folders; the least recently used go first


def key(words: Iterable[str]) -> str:
    """The name of a cached folder: a hash over words."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:24]


def code_hash(*files: str | Path) -> str:
    """A hash over the contents of program files and tables that decide a result."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def folder(kind: str, name: str, make: Callable[[Path], None], home: Path | None = None) -> Path:
    """The finished folder `kind`/`name`; `make` fills a new one, which is renamed when it is whole.

    Two processes that make the same one at once both succeed; one of the two results stays.
    """
    parent = (HOME if home is None else home) / kind
    done = parent / name
    if tidy.touch(done):
        return done
    half = parent / f".half-{name}-{os.getpid()}-{time.monotonic_ns()}"
    half.mkdir(parents=True)
    try:
        with _no_collector():
            make(half)
        try:
            half.rename(done)
        except OSError:
            if not done.is_dir():
                raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    tidy.keep_latest([path for path in parent.iterdir() if not path.name.startswith(".")], _KEEP)
    return done


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Without Python's collector of cycles: it looks again and again through the millions of
    objects of a netlist, a quarter of the time, and nothing that is made here holds cycles.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()

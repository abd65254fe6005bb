# SPDX-License-Identifier: Apache-2.0
"""Packages on disk: written whole or not at all, every byte covered by a SHA-256 when read back.

A package is a folder with manifest.json and the files it lists (docs/package.md). The manifest
hashes its own text too, so a flipped bit anywhere is noticed.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from golden.errors import PlutarchError
from golden.files import npz_bytes, read_npz, sha256
from golden.manifest import digests, dump, golden_arrays, load
from golden.network import Network

FORMAT, VERSION, MANIFEST = "plutarch-package", 1, "manifest.json"
ROOT = Path(__file__).resolve().parent.parent
SHIPPED = Path("golden") / "packages"
BUILT = Path("build") / "packages"
# Networks that a verb can make, and the verb.
KNOWN = {"digits": "train", "resnet20": "quantize", "resnet56": "quantize", "resnet18": "package"}


def _text(manifest: dict[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode("ascii")


def save_package(net: Network, path: str | os.PathLike[str]) -> Path:
    """Write net as a package folder at path, replacing a package that is there; returns path.

    Deterministic: equal networks give equal bytes. The folder is written under a temporary name
    and renamed. Raises PlutarchError naming the path if it is in the way or cannot be written.
    """
    target = Path(path)
    if target.exists() and not (target / MANIFEST).is_file() and any_content(target):
        raise PlutarchError(f"{target}: exists and is no package; not overwritten")
    manifest, files = dump(net)
    manifest |= {"format": FORMAT, "version": VERSION, "files": {
        name: {"sha256": sha256(data), "bytes": len(data)} for name, data in files.items()}}
    manifest["manifest_sha256"] = sha256(_text(manifest))
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        for name, data in {**files, MANIFEST: _text(manifest)}.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(data)
        if target.exists():
            target.rename(old)
        partial.rename(target)
    except OSError as error:
        raise PlutarchError(f"{target}: cannot write: {error.strerror or error}") from error
    finally:
        if old.exists() and not target.exists():  # the second rename failed: put it back
            old.rename(target)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return target


def any_content(path: Path) -> bool:
    """True if path is a file or a folder with something in it."""
    return not path.is_dir() or any(path.iterdir())


def read_manifest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """manifest.json of a package, format, version and its own hash checked; errors name it."""
    file = Path(path) / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise PlutarchError(f"{file}: missing; {path} is no package") from error
    except OSError as error:
        raise PlutarchError(f"{file}: cannot read: {error.strerror or error}") from error
    except ValueError as error:
        raise PlutarchError(f"{file}: not JSON (damaged or truncated): {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise PlutarchError(f"{file}: not the manifest of a {FORMAT}")
    if manifest.get("version") != VERSION:
        raise PlutarchError(f"{file}: format version {manifest.get('version')!r}, this program "
                            f"reads {VERSION}")
    stated = manifest.pop("manifest_sha256", None)
    if stated != sha256(_text(manifest)):
        raise PlutarchError(f"{file}: its SHA-256 is not the one it states (damaged or edited)")
    return manifest


def load_package(path: str | os.PathLike[str]) -> Network:
    """The network of a package folder, after checking every file against its SHA-256.

    Raises PlutarchError naming the file that is missing, truncated, damaged or of another version.
    """
    manifest = read_manifest(path)
    files: dict[str, bytes] = {}
    try:
        listed = [(str(name), str(entry["sha256"]), int(entry["bytes"]))
                  for name, entry in manifest["files"].items()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlutarchError(f"{Path(path) / MANIFEST}: malformed file list: {error}") from error
    for name, digest, size in listed:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise PlutarchError(f"{Path(path) / MANIFEST}: {name!r} leads out of the package")
        file = Path(path) / name
        try:
            data = file.read_bytes()
        except FileNotFoundError as error:
            raise PlutarchError(f"{file}: missing") from error
        except OSError as error:
            raise PlutarchError(f"{file}: cannot read: {error.strerror or error}") from error
        if len(data) != size:
            raise PlutarchError(f"{file}: {len(data)} bytes, the manifest says {size}")
        if sha256(data) != digest:
            raise PlutarchError(f"{file}: damaged, SHA-256 is not the one in the manifest")
        files[name] = data
    return load(manifest, files, str(path))


def verify_package(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Load a package, run it again and compare everything it states; returns a report.

    Checks the stored intermediates, the digests of all intermediates and the number of correct
    answers on the samples. Raises PlutarchError naming what differs.
    """
    net, manifest = load_package(path), read_manifest(path)
    golden = manifest["golden"]
    stored = (Path(path) / golden["file"]).read_bytes()
    arrays, fresh = read_npz(stored, str(golden["file"])), golden_arrays(net, golden["images"])
    for name in sorted({*arrays, *fresh}):
        if name not in arrays or name not in fresh or npz_bytes({name: arrays[name]}) != npz_bytes(
                {name: fresh[name]}):
            raise PlutarchError(f"{path}: {golden['file']}: {name} is not what the network gives")
    for layer, parts in digests(net).items():
        for part, digest in parts.items():
            if golden["digests"].get(layer, {}).get(part) != digest:
                raise PlutarchError(f"{path}: layer {layer}: {part} differs from its digest")
    correct = net.correct(net.images, net.labels)
    stated = net.about.get("accuracy", {}).get("samples_correct")
    if stated != correct:
        raise PlutarchError(f"{path}: states {stated} of {len(net.labels)} samples correct, the "
                            f"network gets {correct}")
    return {"net": net.name, "bits": net.bits, "samples": len(net.labels), "correct": correct,
            "layers": len(net.nodes), "intermediates_checked": sum(
                len(parts) for parts in golden["digests"].values())}


def find(net: str, bits: int, root: Path = ROOT) -> Path:
    """Folder of package <net>-b<bits>: what was built here first, then what is shipped.

    Raises PlutarchError naming the nearest known network, the bit widths there are, or the verb
    that makes the package.
    """
    folders = [root / BUILT, root / SHIPPED]
    for folder in folders:
        if (folder / f"{net}-b{bits}" / MANIFEST).is_file():
            return folder / f"{net}-b{bits}"
    found = sorted({entry.name for folder in folders if folder.is_dir()
                    for entry in folder.iterdir() if (entry / MANIFEST).is_file()})
    names = {name.rpartition("-b")[0] for name in found} | set(KNOWN)
    if net not in names:
        raise PlutarchError(f"unknown NET {net!r}, did you mean {_nearest(net, names)!r}? "
                            f"(known: {', '.join(sorted(names))})")
    widths = [name.rpartition("-b")[2] for name in found if name.rpartition("-b")[0] == net]
    have = f"there is b = {', '.join(widths)}" if widths else "none is built yet"
    made = "" if net not in KNOWN else (f"; `make {KNOWN[net]} NET={net} B={bits}` makes one for "
                                        "B = 3, 4 or 5")
    raise PlutarchError(f"no package of {net} for B={bits} ({have}){made}")


def _nearest(name: str, names: Iterable[str]) -> str:
    ranked = sorted(names, key=lambda x: (-difflib.SequenceMatcher(None, name, x).ratio(), x))
    return ranked[0]

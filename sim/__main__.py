# SPDX-License-Identifier: Apache-2.0
"""`python3 -m sim VERB NAME=value ...`: set up what the verb needs, then run it in `.venv`.

Everything here runs on a bare python3, so it uses the standard library only.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the reader of this line may be older
    sys.exit("error: plutarch needs Python 3.11 or newer, this is " + sys.version.split()[0])

from sim import bootstrap, bytecode, systools, verbs
from sim.errors import HarnessError
from sim.paths import VENV


def _say(line: str) -> None:
    print(line, flush=True)


def _in_venv() -> bool:
    return os.path.realpath(sys.prefix) == os.path.realpath(VENV)


def main(words: list[str]) -> int:
    """Return the exit status; 2 for a user's mistake."""
    try:
        verb, choices = verbs.parse(words)
        if verb.name == "help":
            verbs.print_help()
            return 0
        if verb.needs_compiler:
            systools.require_compiler()
        changed = bootstrap.ensure(verb.groups, _say)
        if changed and verb.wants_icarus:
            systools.ensure_icarus(_say)
        bytecode.keep(os.environ)  # for all that this verb starts; pip above is not ours to steer
        if not _in_venv():
            # The choices go along in words: those that came through make's MAKEFLAGS are read once.
            python = str(bootstrap.python_in(VENV))
            given = [f"{name}={value}" for name, value in choices.items()]
            os.execv(python, [python, "-m", "sim", verb.name, *given])
        from sim import cli  # needs what the set-up installed

        return cli.run(verb.name, choices)
    except HarnessError as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `make help | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

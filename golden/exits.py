# SPDX-License-Identifier: Apache-2.0
"""What a command's end means to the shell: one line and a status, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from golden.errors import PlutarchError


def exit_status(command: Callable[[], int]) -> int:
    """The command's own status; 2 and one line on stderr for a user's mistake or a full disk.

    130 after Ctrl-C, 141 when nobody reads the output any more. Other errors are bugs and pass.
    """
    try:
        return command()
    except PlutarchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `python -m golden ... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print("error: no space left on the disk", file=sys.stderr)
        return 2

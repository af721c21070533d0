"""The entry point: `smssboot` and `python -m smssboot`."""

from __future__ import annotations

import gc
import os
import sys
from typing import Final, NoReturn

GC_THRESHOLD: Final = 50_000
"""Objects between two looks for garbage. Nearly everything that a run makes stays until its end, so that
looking as often as Python does by default costs a run more than it frees."""


def _unwritable(error: OSError) -> int:
    """Say that standard output takes nothing, for example because its disk is full."""
    os.write(2, f"smssboot: cannot write to standard output: {error.strerror}\n".encode())
    return 2


def _leave(status: int) -> NoReturn:
    """End the process as it stands: taking all modules apart first takes as long as judging a boot."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # the reader has gone, and whatever we still had to say with it
        status = 141
    except OSError as error:
        status = _unwritable(error)
    os._exit(status)


def main() -> int:
    """Run the command line; `version` alone does not even load the parser."""
    from smssboot import __version__

    if sys.argv[1:] in (["version"], ["--version"]):
        try:
            print(f"smssboot {__version__}", flush=True)
        except OSError as error:
            return _unwritable(error)
        return 0
    gc.set_threshold(GC_THRESHOLD)
    from smssboot.cli import main as run

    _leave(run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())

"""The entry point: `smssboot` and `python -m smssboot`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; `version` alone does not even load the parser."""
    from smssboot import __version__

    if sys.argv[1:] in (["version"], ["--version"]):
        print(f"smssboot {__version__}")
        return 0
    from smssboot.cli import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

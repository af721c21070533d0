"""`smssboot version`.  The entry point answers the bare command itself, without loading a parser."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """There is nothing to choose."""


def main(options: Namespace) -> int:
    """Print the version."""
    from smssboot import __version__

    print(f"smssboot {__version__}")
    return 0

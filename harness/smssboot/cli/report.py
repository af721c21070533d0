"""`smssboot report`: recorded runs in any format, without booting."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from smssboot.cli import outputs


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="+",
        help="a JSON report, the folder of a kept run, a timeline or serial log",
    )
    outputs.add_arguments(parser)


def main(options: Namespace) -> int:
    """Read all files, put their runs together, report."""
    outputs.check(options)
    from smssboot.report.view import StudyView
    from smssboot.study.recorded import load_runs

    studies = [load_runs(Path(name)) for name in options.file]
    runs = [run for study in studies for run in study.runs]
    statements = {key: known for study in studies for key, known in study.statements.items()}
    return outputs.report(StudyView(runs, statements), options)

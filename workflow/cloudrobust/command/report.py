"""`cloudrobust report`: where the report is; open it."""

from __future__ import annotations

import argparse

from ..errors import InputError
from .project import configuration_argument, read_study

NAME = "report"
HELP = "say where the report is, and open it in the browser"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    configuration_argument(parser)
    parser.add_argument("--open", action="store_true", help="open the page in the browser")


def run(given: argparse.Namespace) -> int:
    """Print the summary and the place of the page."""
    import webbrowser

    study = read_study(given.config)
    page, summary = (study.results / "report" / name for name in ("index.html", "summary.txt"))
    if not page.is_file():
        raise InputError(f"{page}: there is no report yet; run the study first: cloudrobust run {given.config[0]}")
    if summary.is_file():
        print(summary.read_text())
    print(f"Page: {page.absolute()}")
    if given.open and not webbrowser.open(page.absolute().as_uri()):
        print("No browser could be opened here; copy the file to where there is one.")
    return 0

"""What subcommands share: the configuration files they are given, and the study."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..config import Study, load
from ..errors import InputError

ROOT = Path(__file__).resolve().parents[3]
"""The project, where the library is installed as its own `pip install --editable`."""


def configuration_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the configuration files."""
    parser.add_argument(
        "config", nargs="*", type=Path, default=[Path("config.yaml")], metavar="CONFIG",
        help="configuration, by default config.yaml; of several, later ones override earlier ones",
    )  # fmt: skip


def read_study(files: Sequence[Path]) -> Study:
    """The checked configuration, as the workflow reads it.

    Raises
    ------
    InputError
        One sentence that names the file, the key and the mend.
    """
    return load(files)


def snakefile() -> Path:
    """The workflow: of the current folder, else of the project that this library belongs to.

    Raises
    ------
    InputError
        If there is none.
    """
    for folder in (Path.cwd(), ROOT):
        if (folder / "Snakefile").is_file() and (folder / "rules" / "common.smk").is_file():
            return folder / "Snakefile"
    raise InputError("run: there is no Snakefile here; call the command in the folder of the project")

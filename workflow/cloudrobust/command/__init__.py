"""The command `cloudrobust`: one module a subcommand, each with NAME, HELP, `arguments` and `run`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import InputError
from . import check, doctor, init, pool, report, run

COMMANDS = (init, check, run, report, doctor, pool)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="cloudrobust", description="Do deep models need preprocessed satellite time series? For your own fields."
    )
    kinds = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        one = kinds.add_parser(module.NAME, help=module.HELP, description=f"{module.HELP[0].upper()}{module.HELP[1:]}.")
        module.arguments(one)
        one.set_defaults(run=module.run)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; what is wrong with the input is one sentence and status 1."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130

"""What every script shares: its log, and errors that a user can read."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# In an environment of its own (--sdm conda) the library is not installed; it lies beside the scripts.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from cloudrobust.energy import metered
from cloudrobust.errors import InputError
from cloudrobust.log import logger


@contextmanager
def job(snakemake) -> Iterator[None]:
    """Send progress to the terminal and to the rule's log; turn an InputError into its one sentence; meter energy."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(logging.Formatter(f"[{snakemake.rule}] %(message)s"))
    if snakemake.log:
        Path(snakemake.log[0]).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(snakemake.log[0], mode="w"))
        handlers[1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.setLevel(logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        with metered(snakemake.log[0] if snakemake.log else None):
            yield
    except InputError as error:
        if snakemake.log:
            logger.handlers[-1].handle(logger.makeRecord(logger.name, logging.ERROR, "", 0, str(error), (), None))
        print(f"error: {snakemake.rule}: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    except Exception:
        logger.exception("%s failed", snakemake.rule)
        raise

"""What every script shares: its log, whole inputs, recorded outputs, and errors that a user can read."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# In an environment of its own (--sdm conda) the library is not installed; it lies beside the scripts.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from cloudrobust import checksums
from cloudrobust.atomic import remove_orphans
from cloudrobust.energy import metered
from cloudrobust.errors import InputError
from cloudrobust.log import logger
from cloudrobust.machine_faults import sentence_about

# xarray and odc-geo load dask wherever it is installed, which takes longer than many a job's own work. A script that
# works with dask imports it before this module; for all others there is none. Once xarray is imported it has looked
# whether dask is there, and remembers.
if "xarray" not in sys.modules:
    sys.modules.setdefault("dask", None)  # type: ignore[arg-type]


@contextmanager
def job(snakemake) -> Iterator[None]:
    """One job of the workflow around a script's work.

    Progress goes to the terminal and to the rule's log. Inputs must be as the jobs before left them; outputs are
    recorded. An InputError becomes its one sentence, and so do faults of the machine: a full disk, a folder that may
    not be written, too little memory. Energy is metered.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(logging.Formatter(f"[{snakemake.rule}] %(message)s"))
    if snakemake.log:
        Path(snakemake.log[0]).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(snakemake.log[0], mode="w"))
        handlers[1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.setLevel(logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    results = results_of(snakemake)
    try:
        for folder in {Path(file).parent for file in snakemake.output}:
            remove_orphans(folder)
        if results is not None:
            checksums.check(snakemake.input, results)
        with metered(snakemake.log[0] if snakemake.log else None):
            yield
        if results is not None:
            checksums.record(snakemake.output, results)
    except InputError as error:
        stop(snakemake, str(error))
    except Exception as error:
        if (sentence := sentence_about(error, [str(file) for file in snakemake.output])) is not None:
            stop(snakemake, sentence)
        logger.exception("%s failed", snakemake.rule)
        raise
    except SystemExit as error:
        # A user's own step may call sys.exit: without this the job would count as done, or fail without a word.
        stop(
            snakemake, f"the job was ended by sys.exit({error.code!r}); a step of your own must return a cube, not exit"
        )


def stop(snakemake, sentence: str) -> None:
    """End the job with one sentence, on the terminal and in its log."""
    if snakemake.log:
        logger.handlers[-1].handle(logger.makeRecord(logger.name, logging.ERROR, "", 0, sentence, (), None))
    print(f"error: {snakemake.rule}: {sentence}", file=sys.stderr, flush=True)
    sys.exit(1)


def results_of(snakemake) -> Path | None:
    """The folder of results, from where the log lies: `<results>/logs/<rule>/...`."""
    if not snakemake.log:
        return None
    path = Path(snakemake.log[0])
    return next((parent.parent for parent in path.parents if parent.name == "logs"), None)

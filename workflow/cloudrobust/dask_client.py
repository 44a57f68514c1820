"""A Dask client for computations whose blocks exceed one process: local, by address, or on a batch system.

    with connected(LocalDask(workers=4)) as client:
        future = client.get_executor().submit(function, block)

Blocks of a worker that is lost are computed again by the others (distributed keeps how each was made), so a
killed worker costs time, not the result.
"""

from __future__ import annotations

import pkgutil
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config.dask import AddressDask, AnyDask, JobqueueDask, LocalDask
from .errors import InputError
from .log import logger

if TYPE_CHECKING:
    from distributed import Client

JOBQUEUE = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "htcondor": "HTCondorCluster"}
"""Batch systems and their classes in dask-jobqueue (jobqueue.dask.org)."""
LIBRARY = Path(__file__).resolve().parents[1]
"""Folder that Python finds this library in."""


@contextmanager
def connected(settings: AnyDask, logs: str | Path | None = None) -> Iterator[Client]:
    """A client with at least one worker; what was started for it ends with the block.

    A scheduler that was found by its address is left running.

    Parameters
    ----------
    settings
        Where the workers run.
    logs
        Folder for what a batch system writes of each worker; by default the batch system's own place.

    Raises
    ------
    InputError
        If no scheduler answers at the address, no worker came in time, the workers cannot import this library or
        have another version of it, dask-jobqueue is not installed, or within the block one computation has
        brought down several workers.
    """
    from distributed import Client, KilledWorker

    owned = _start(settings, logs)
    try:
        try:
            where = owned.scheduler_address if owned is not None else _address(settings)
            client = Client(where, timeout=min(_wait(settings), 30.0))
        except OSError as error:
            raise InputError(
                f"dask.address: no scheduler answers at {_address(settings)}; start one there, or mend the address"
            ) from error
        with client:
            _await_worker(client, settings)
            _check_library(client)
            logger.info("dask: %s, %d workers so far", settings.kind, len(client.scheduler_info()["workers"]))
            try:
                yield client
            except KilledWorker as error:
                raise InputError(
                    f"dask: {error.allowed_failures + 1} workers died of the same piece of work, the last at "
                    f"{error.last_worker.address}; give them more memory (dask.memory)"
                ) from error
    finally:
        if owned is not None:
            owned.close()


def _address(settings: AnyDask) -> str:
    return settings.address if isinstance(settings, AddressDask) else ""


def _wait(settings: AnyDask) -> float:
    return 300.0 if isinstance(settings, LocalDask) else settings.wait


def _start(settings: AnyDask, logs: str | Path | None) -> Any:
    """A cluster of our own; None where one runs already."""
    if isinstance(settings, AddressDask):
        return None
    if isinstance(settings, LocalDask):
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=settings.workers,
            threads_per_worker=settings.threads,
            memory_limit=settings.memory,
            processes=True,
            dashboard_address=None,
        )
    try:
        jobqueue = import_module("dask_jobqueue")
    except ImportError as error:
        raise InputError("dask.kind: jobqueue needs the package dask-jobqueue; install it") from error
    kind = getattr(jobqueue, JOBQUEUE[settings.system])
    given: dict[str, Any] = {
        "cores": settings.threads,
        "processes": 1,
        "memory": settings.memory,
        # Also where the library is not installed but lies beside the workflow.
        "job_script_prologue": [f"export PYTHONPATH={shlex.quote(str(LIBRARY))}${{PYTHONPATH:+:$PYTHONPATH}}"],
        "scheduler_options": {"dashboard_address": None},
    }
    if logs is not None:
        Path(logs).mkdir(parents=True, exist_ok=True)
        given["log_directory"] = str(logs)
    options = dict(settings.options)
    prologue = [*given["job_script_prologue"], *options.pop("job_script_prologue", [])]
    try:
        started = kind(**{**given, **options, "job_script_prologue": prologue})
    except (TypeError, ValueError) as error:
        raise InputError(f"dask.options: dask-jobqueue does not take them ({error}); mend them") from error
    # Between the same bounds: a job that is lost is replaced, which scale() would not do.
    started.adapt(minimum_jobs=settings.workers, maximum_jobs=settings.workers)
    return started


def _await_worker(client: Client, settings: AnyDask) -> None:
    """Wait for the first worker: with one the work can start, and others may join at any time."""
    seconds = _wait(settings)
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        where = settings.system if isinstance(settings, JobqueueDask) else _address(settings) or "this machine"
        raise InputError(
            f"dask.wait: no worker came within {seconds:g} s from {where}; look at the queue, or wait longer"
        ) from error


def _check_library(client: Client) -> None:
    """The workers run their own copy of the library: it must be there, and be this one."""
    name = __package__ or "cloudrobust"
    own = pkgutil.get_data(name, "__init__.py")
    for worker, found in client.run(pkgutil.get_data, name, "__init__.py", on_error="return").items():
        if found is None or isinstance(found, BaseException):
            raise InputError(
                f"dask: the worker at {worker} cannot import {name}; install it there, or put it into the worker's "
                "PYTHONPATH"
            )
        if found != own:
            raise InputError(f"dask: the worker at {worker} has another version of {name}; install this one there")


def slots(client: Client) -> int:
    """Computations that the workers there now can do at the same time; at least one."""
    return max(1, sum(client.ncores().values()))

"""A Dask client for computations whose blocks exceed one process: local, by address, or on a batch system.

    with connected(Cluster(kind="local", workers=4)) as client:
        result = array.compute(scheduler=client)

Blocks of a worker that is lost are computed again by the others (distributed keeps how each was made), so a
killed worker costs time, not the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .errors import InputError
from .log import logger

if TYPE_CHECKING:
    from distributed import Client

JOBQUEUE = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "htcondor": "HTCondorCluster"}
"""Batch systems and their classes in dask-jobqueue (jobqueue.dask.org)."""


class Cluster(BaseModel):
    """Where Dask's workers run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["local", "address", "slurm", "pbs", "lsf", "htcondor"] = Field(
        "local", description="local processes, the scheduler at an address, or jobs of a batch system."
    )
    workers: int = Field(1, ge=1, description="Worker processes; for a batch system, jobs with one worker each.")
    threads: int = Field(1, ge=1, description="Threads of a worker.")
    memory: str = Field("2GB", description="Memory of a worker, for example 4GB; beyond it blocks go to disk.")
    address: str | None = Field(None, description="Address of a running scheduler, for example tcp://host:8786.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Further arguments of dask-jobqueue's cluster: queue, account, walltime, job_extra_directives.",
    )
    wait: float = Field(300.0, gt=0, description="Seconds to wait for the first worker.")

    @model_validator(mode="after")
    def _fits(self) -> Cluster:
        if (self.address is None) == (self.kind == "address"):
            raise ValueError("address: give it with kind: address, and only there")
        if self.options and self.kind not in JOBQUEUE:
            raise ValueError(f"options: only a batch system takes them ({', '.join(JOBQUEUE)})")
        return self


@contextmanager
def connected(cluster: Cluster) -> Iterator[Client]:
    """A client with at least one worker; what was started for it ends with the block.

    A scheduler that was found by its address is left running.

    Raises
    ------
    InputError
        If no scheduler answers at the address, no worker came in time, or dask-jobqueue is not installed.
    """
    from distributed import Client

    owned = _start(cluster)
    try:
        try:
            client = Client(owned if owned is not None else cluster.address, timeout=min(cluster.wait, 30.0))
        except OSError as error:
            raise InputError(f"dask.address: no scheduler answers at {cluster.address}; start one there") from error
        with client:
            _await_worker(client, cluster)
            logger.info("dask: %s, dashboard %s", cluster.kind, client.dashboard_link)
            yield client
    finally:
        if owned is not None:
            owned.close()


def _start(cluster: Cluster) -> Any:
    """A cluster of our own; None where one runs already."""
    if cluster.kind == "address":
        return None
    if cluster.kind == "local":
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=cluster.workers,
            threads_per_worker=cluster.threads,
            memory_limit=cluster.memory,
            processes=True,
            dashboard_address=None,
        )
    try:
        jobqueue = import_module("dask_jobqueue")
    except ImportError as error:
        raise InputError(f"dask.kind: {cluster.kind} needs the package dask-jobqueue; install it") from error
    kind = getattr(jobqueue, JOBQUEUE[cluster.kind])
    started = kind(
        cores=cluster.threads, processes=1, memory=cluster.memory, **{"dashboard_address": None, **cluster.options}
    )
    started.scale(jobs=cluster.workers)
    return started


def _await_worker(client: Client, cluster: Cluster) -> None:
    """Wait for the first worker: with one the work can start, and others may join at any time."""
    from dask.utils import parse_timedelta

    try:
        client.wait_for_workers(1, timeout=parse_timedelta(cluster.wait))
    except TimeoutError as error:
        raise InputError(
            f"dask.wait: no worker came within {cluster.wait:g} s from {cluster.address or cluster.kind}; "
            "look at the queue, or wait longer"
        ) from error

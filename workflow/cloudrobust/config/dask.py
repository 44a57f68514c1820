"""Where the blocks of a job that works on pixels are computed. It changes where and how fast, never what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .base import Part

MEMORY = r"^\d+(\.\d+)? ?[MG]B$"


class _Workers(Part):
    workers: int = Field(2, ge=1, description="Worker processes.")
    threads: int = Field(1, ge=1, description="Threads of each worker: blocks that it computes at the same time.")
    memory: str = Field(
        "2GB",
        pattern=MEMORY,
        description="Memory of each worker; a thread needs about 1.5 GB, and a worker that takes more is restarted.",
    )


class LocalDask(_Workers):
    """Processes on the machine that the job runs on."""

    kind: Literal["local"] = "local"


class AddressDask(Part):
    """A scheduler that runs already; its workers see the same files and have this version of cloudrobust."""

    kind: Literal["address"] = "address"
    address: str = Field(description="Address of the scheduler, for example tcp://host:8786.")
    wait: float = Field(300.0, gt=0, description="Seconds to wait for the first worker.")


class JobqueueDask(_Workers):
    """Jobs of a batch system, submitted through dask-jobqueue; one that is lost is submitted again."""

    kind: Literal["jobqueue"] = "jobqueue"
    system: Literal["slurm", "pbs", "lsf", "htcondor"] = Field("slurm", description="The batch system.")
    workers: int = Field(2, ge=1, description="Jobs, with one worker each.")
    wait: float = Field(3600.0, gt=0, description="Seconds to wait for the first worker.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Further arguments of dask-jobqueue's cluster: queue, account, walltime, interface, "
        "job_extra_directives.",
    )


AnyDask = LocalDask | AddressDask | JobqueueDask
Dask = Annotated[AnyDask, Field(discriminator="kind")]
KINDS: tuple[type[Part], ...] = (LocalDask, AddressDask, JobqueueDask)


def local_share(settings: AnyDask | None) -> tuple[int, int]:
    """Threads and megabytes that workers take of the machine on which the job itself runs; zeros if none are there."""
    if not isinstance(settings, LocalDask):
        return 0, 0
    number, unit = settings.memory[:-2], settings.memory[-2:]
    megabytes = float(number) * {"MB": 1, "GB": 1000}[unit]
    return settings.workers * settings.threads, round(settings.workers * megabytes)

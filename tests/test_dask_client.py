"""Dask with real worker processes: one of them killed, a scheduler by its address, plain sentences."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from cloudrobust.config.dask import AddressDask, LocalDask
from cloudrobust.dask_client import JOBQUEUE, connected
from cloudrobust.errors import InputError

BLOCKS = 24


def slow_block(number: int) -> tuple[int, float]:
    """Process that computed a block, and its value."""
    time.sleep(0.1)
    return os.getpid(), float(np.arange(1000.0).sum() * number)


def test_a_worker_killed_in_mid_computation_costs_no_block() -> None:
    from distributed import as_completed

    with connected(LocalDask(workers=2, memory="500MB")) as client:
        futures = client.map(slow_block, range(BLOCKS), pure=False)
        victim = next(iter(as_completed(futures))).result()[0]
        os.kill(victim, signal.SIGKILL)
        results = client.gather(futures)
        processes = {process for process, _ in results}
    assert [value for _, value in results] == [499500.0 * number for number in range(BLOCKS)]
    assert processes - {victim}, "another process did the rest"
    assert sum(process == victim for process, _ in results) < BLOCKS / 2


def test_a_scheduler_by_its_address_is_used_and_left_running() -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as running:
        for _ in range(2):
            with connected(AddressDask(address=running.scheduler_address)) as client:
                assert client.submit(slow_block, 2).result()[1] == 999000.0


def test_no_scheduler_at_the_address_is_one_sentence() -> None:
    cluster = AddressDask(address="tcp://127.0.0.1:9", wait=1)
    with pytest.raises(InputError, match=r"no scheduler answers at tcp://127.0.0.1:9"), connected(cluster):
        pass


def die(number: int) -> int:
    """End the process that computes this, as running out of memory would."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_work_that_brings_down_every_worker_is_one_sentence() -> None:
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(InputError, match=r"1 workers died of the same piece of work.*give them more memory"),
        connected(LocalDask(workers=1, memory="500MB")) as client,
    ):
        client.get_executor(pure=False).submit(die, 1).result()


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ("sys.path.insert(0, folder)", "has another version of cloudrobust"),
        ("sys.modules['cloudrobust'] = None", "cannot import"),
    ],
)
def test_workers_without_this_very_library_are_refused_in_one_sentence(
    tmp_path: Path, found: str, sentence: str
) -> None:
    from distributed import Client, LocalCluster

    (tmp_path / "cloudrobust").mkdir()
    (tmp_path / "cloudrobust" / "__init__.py").write_text('__version__ = "another"\n')
    forget = "[sys.modules.pop(name) for name in list(sys.modules) if name.startswith('cloudrobust')]"
    code = f"import sys; folder = {str(tmp_path)!r}; {forget}; {found}"
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as running:
        with Client(running.scheduler_address) as client:
            client.run(exec, code)
        with (
            pytest.raises(InputError, match=sentence),
            connected(AddressDask(address=running.scheduler_address)),
        ):
            pass


@pytest.mark.parametrize("kind", list(JOBQUEUE))
def test_the_batch_systems_are_classes_of_dask_jobqueue(kind: str) -> None:
    jobqueue = pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    assert issubclass(getattr(jobqueue, JOBQUEUE[kind]), jobqueue.core.JobQueueCluster)

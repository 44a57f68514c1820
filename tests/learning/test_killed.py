"""A training job that is killed by the system ends with the same numbers when it is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

JOB = """
import sys, time
from pathlib import Path
import cloudrobust.learning.run as run
from cloudrobust.config.models import Lstm
from cloudrobust.config.training import Training

folder, inner = Path(sys.argv[1]), run.train

def slow(*arguments, **named):
    # A state after every epoch, and epochs slow enough to be killed in.
    return inner(*arguments, every=0, on_epoch=lambda row: time.sleep(float(sys.argv[3])), **named)
run.train = slow
settings = Training(seeds=(1, 2), epochs=8, batch=16, dates=8, device="cpu")
run.train_and_predict(folder / "series.nc", folder / "split.parquet", "b", "m", Lstm(hidden=4, layers=2), settings,
                      folder / sys.argv[2], folder / sys.argv[2] / "kept", 1, "v1", folder / sys.argv[2] / "events")
"""


def start(folder, out: str, pause: float = 0.0) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", JOB, str(folder), out, str(pause)], env=os.environ)


def curves(folder) -> dict[str, list[tuple[int, float]]]:
    read = EventAccumulator(str(folder)).Reload()
    return {tag: [(e.step, round(e.value, 5)) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def test_a_killed_job_ends_with_the_same_numbers_and_curves(files):
    folder = files(gaps=0.3).series.parent
    whole = start(folder, "whole")
    for least in (2, 5):
        job = start(folder, "killed", pause=0.15)
        deadline = time.monotonic() + 240
        while True:  # until TensorBoard would show so many epochs
            assert time.monotonic() < deadline
            assert job.poll() is None, "the job ended before it could be killed"
            written = list((folder / "killed" / "events" / "seed-2").glob("events*"))
            seen = curves(written[0].parent).get("loss/training", []) if written else []
            if seen and seen[-1][0] >= least:
                break
            time.sleep(0.05)
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        assert not (folder / "killed" / "predictions.parquet").exists()
    assert start(folder, "killed").wait() == 0
    assert whole.wait() == 0

    expected, found = (pd.read_parquet(folder / out / "predictions.parquet") for out in ("whole", "killed"))
    pd.testing.assert_frame_equal(expected, found, rtol=1e-4, atol=1e-5)
    history, again = (pd.read_csv(folder / out / "history.csv").drop(columns="seconds") for out in ("whole", "killed"))
    pd.testing.assert_frame_equal(history, again, rtol=1e-4, atol=1e-5)
    for seed in (1, 2):
        rows = history[history["seed"] == seed]
        read = curves(folder / "killed" / "events" / f"seed-{seed}")
        assert set(read) == {"loss/training", "loss/validation", "kappa/validation"}
        for tag, column in (("loss/training", "loss"), ("kappa/validation", "validation_kappa")):
            assert [step for step, _ in read[tag]] == list(range(1, 9)) == rows["epoch"].tolist()
            assert [value for _, value in read[tag]] == pytest.approx(rows[column].tolist(), abs=1e-4)

"""Training speed, network by network, beside the `breizhcrops` package.

    python benchmarks/training.py                      # ten seeds on two cores; some minutes
    python benchmarks/training.py --quick              # smaller, for a first look
    python benchmarks/training.py --profile lstm       # where the time of our step goes

Both train on the same random series with the same batch size, in one process and in turns, so that
a busy machine slows both. The peer runs as in its examples: networks of the package, a
`DataLoader` that shuffles and stacks single series, plain Adam, torch's own threads on all given cores. It
trains one network; ten of them one after the other have the same speed. Ours trains ten seeds on the same cores,
as `learning.train` does, draws of dates included; both leave validation out. Of the Transformer the package has
another network, of nearly the same size (601,250 parameters against 598,408).

Beside the time of the clock stands that of the cores (what both cores worked), which a busy machine
falsifies less; with `--cores 1` both sides have one core.

Freed memory is kept for the next step (`learning.machine`) only while ours runs.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from breizhcrops import models as peers
from torch.utils.data import DataLoader, TensorDataset

from cloudrobust.config.models import Lstm, MsResnet, TempCnn, Transformer
from cloudrobust.config.training import Training
from cloudrobust.learning.batches import Series
from cloudrobust.learning.dataset import Dataset
from cloudrobust.learning.lockstep import together
from cloudrobust.learning.machine import side_by_side
from cloudrobust.learning.training import Common, OneSeed, Team

CONFIGS = {"lstm": Lstm(), "transformer": Transformer(), "msresnet": MsResnet(), "tempcnn": TempCnn()}


def peer(name: str, bands: int, classes: int, dates: int) -> torch.nn.Module:
    """The package's network with the study's hyperparameters."""
    if name == "lstm":
        return peers.LSTM(bands, classes, hidden_dims=32, num_layers=4, dropout=0.71)
    if name == "transformer":
        return peers.TransformerModel(bands, classes, d_model=128, n_head=4, n_layers=3, d_inner=512, dropout=0.26)
    if name == "msresnet":
        return peers.MSResNet(bands, num_classes=classes, hidden_dims=64)
    return peers.TempCNN(bands, classes, sequencelength=dates, kernel_size=5, hidden_dims=64, dropout=0.5)


def their_epoch(network: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, batch: int) -> Callable[[], None]:
    """One epoch as the package's example trains."""
    loader = DataLoader(TensorDataset(x, y), batch_size=batch, shuffle=True, num_workers=0)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-6)
    criterion = torch.nn.CrossEntropyLoss(reduction="mean")

    def run() -> None:
        network.train()
        losses = []
        for some, label in loader:
            optimiser.zero_grad()
            loss = criterion(network.forward(some), label)
            loss.backward()
            optimiser.step()
            losses.append(loss)
        torch.stack(losses)

    return run


def our_epoch(name: str, dataset: Dataset, batch: int, seeds: int, cores: int) -> Callable[[], None]:
    """One epoch of our training of all seeds, its draws of dates included."""
    training = Training(batch=batch, device="cpu", dates=dataset.x.shape[1] - 10)
    series = Series.of(dataset, torch.device("cpu"))
    common = Common(dataset, series, CONFIGS[name], training)
    size = together(name, seeds, batch, common.device, min(cores, seeds))
    ones = [OneSeed(seed, common) for seed in range(seeds)]
    teams = [Team(ones[start : start + size]) for start in range(0, seeds, size)]

    def run() -> None:
        side_by_side(Team.train, teams, cores)

    return run


def main() -> None:
    """Print one line for each network: samples per second of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=CONFIGS, default=list(CONFIGS))
    parser.add_argument("--dates", type=int, default=70)
    parser.add_argument("--bands", type=int, default=13)
    parser.add_argument("--classes", type=int, default=34)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--samples", type=int, default=512, help="series in an epoch")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each, in turns; the median counts")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--quick", action="store_true", help="two batches, two seeds, two rounds")
    parser.add_argument("--profile", choices=CONFIGS, help="print the operations of our step of one network instead")
    given = parser.parse_args()
    if given.quick:
        given.samples, given.rounds, given.seeds = 2 * given.batch, 2, 2

    random = np.random.default_rng(0)
    x = random.normal(size=(given.samples, given.dates + 10, given.bands)).astype(np.float32)
    dataset = Dataset(
        x=x,
        # Uneven, so that `dates` of them are drawn for each series, as of raw scenes.
        time=np.datetime64("2018-01-01", "ns") + np.cumsum(2 + np.arange(given.dates + 10) % 2 * 3).astype("m8[D]"),
        bands=tuple(map(str, range(given.bands))),
        label=random.integers(0, given.classes, given.samples),
        classes=tuple(map(str, range(given.classes))),
        part=np.full(given.samples, "train"),
        parcel=np.arange(given.samples).astype(str),
        ineligible=pd.DataFrame(),
    )
    if given.profile:
        profile(our_epoch(given.profile, dataset, given.batch, given.seeds, 1))
        return
    inputs, labels = torch.from_numpy(x[:, : given.dates].copy()), torch.from_numpy(dataset.label)
    print(
        f"{given.cores} cores, {given.seeds} seeds, {given.dates} dates, {given.bands} bands, batch {given.batch}; "
        "series per second, and series per second of a core's work"
    )
    print(f"{'network':<12}" + f" {'breizhcrops':>12} {'cloudrobust':>12} {'ratio':>6} " * 2)
    for name in given.networks:
        theirs = their_epoch(peer(name, given.bands, given.classes, given.dates), inputs, labels, given.batch)
        ours = our_epoch(name, dataset, given.batch, given.seeds, given.cores)
        seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
        busy: dict[str, list[float]] = {"theirs": [], "ours": []}
        for turn in range(given.rounds + 1):
            _default_memory()
            torch.set_num_threads(given.cores)
            start, used = time.perf_counter(), time.process_time()
            theirs()
            middle, used_by_them = time.perf_counter(), time.process_time()
            ours()
            end, used_by_us = time.perf_counter(), time.process_time()
            if turn:  # the first one warms up
                seconds["theirs"].append(middle - start)
                seconds["ours"].append((end - middle) / given.seeds)
                busy["theirs"].append(used_by_them - used)
                busy["ours"].append((used_by_us - used_by_them) / given.seeds)
        cells = []
        for taken in (seconds, busy):
            speed = {who: given.samples / statistics.median(times) for who, times in taken.items()}
            cells.append(f"{speed['theirs']:>12.0f} {speed['ours']:>12.0f} {speed['ours'] / speed['theirs']:>6.2f}")
        print(f"{name:<12} {'  '.join(cells)}", flush=True)


def profile(epoch: Callable[[], None]) -> None:
    """The operations of one epoch on one core, by the time that they take themselves."""
    epoch()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        epoch()
    print(found.key_averages().table(sort_by="self_cpu_time_total", row_limit=15, max_name_column_width=40))


def _default_memory() -> None:
    """glibc's own thresholds, which `machine` changes for the whole process."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(-3, 128 * 1024)
    mallopt(-1, 128 * 1024)


if __name__ == "__main__":
    main()

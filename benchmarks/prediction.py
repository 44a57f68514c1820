"""Prediction speed and memory: parcels per second of each network, for more and more parcels.

    python benchmarks/prediction.py                                         # 100,000 and 1,000,000 parcels, TempCNN
    python benchmarks/prediction.py --models lstm transformer msresnet forest --parcels 20000 100000

A small study is trained (a few seconds), a series file with so many parcels is written, and
`learning.new_parcels.predict_in_pieces` predicts all of them, each run in a process of its own, whose greatest memory
(resident set) is read at its end. Memory that does not grow from one number of parcels to the next is the point.
The series are random: speed and memory do not depend on the values.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd

from cloudrobust.config.models import Forest, Lstm, MsResnet, TempCnn, Transformer
from cloudrobust.config.training import Training
from cloudrobust.learning import train_and_predict
from cloudrobust.learning.new_parcels import predict_in_pieces

MODELS = {
    "tempcnn": TempCnn(),
    "lstm": Lstm(),
    "transformer": Transformer(),
    "msresnet": MsResnet(),
    "forest": Forest(trees=100),
}
BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
PIECE = 4096


def write(path: Path, parcels: int, dates: int) -> None:
    """A series file of random reflectance, written piece by piece and chunked as the project's own are."""
    random = np.random.default_rng(0)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("parcel", parcels), ("time", dates), ("band", len(BANDS))):
            file.createDimension(name, size)
        file.createVariable("time", "i8", ("time",))[:] = np.arange(dates) * 10
        file["time"].units = "days since 2022-01-01"
        file.createVariable("band", str, ("band",))[:] = np.array(BANDS, dtype=object)
        ids = file.createVariable("parcel", str, ("parcel",))
        cube = file.createVariable(
            "reflectance", "f4", ("parcel", "time", "band"), chunksizes=(min(256, parcels), dates, len(BANDS))
        )
        piece = random.random((PIECE, dates, len(BANDS)), dtype=np.float32)
        for start in range(0, parcels, PIECE):
            count = min(PIECE, parcels - start)
            cube[start : start + count] = piece[:count]
            ids[start : start + count] = np.array([f"p{n}" for n in range(start, start + count)], dtype=object)


def measure(run: Path, series: Path, trained_on: tuple[Path, Path], cores: int) -> dict[str, float]:
    """Predict all parcels of a file; what a process that does nothing else took."""
    before = time.perf_counter()
    rows = sum(len(p) for p in predict_in_pieces(run, series, trained_on=trained_on, threads=cores, device="cpu"))
    seconds = time.perf_counter() - before
    return {"rows": rows, "seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Print one line for each model and number of parcels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["tempcnn"])
    parser.add_argument("--parcels", nargs="+", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--dates", type=int, default=23)
    parser.add_argument("--classes", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        run, series, trained, split = map(Path, given.one)
        print(json.dumps(measure(run, series, (trained, split), given.cores)))
        return
    print(f"{given.dates} dates, {len(BANDS)} bands, {given.seeds} seeds, {given.cores} cores")
    print(f"{'model':<12} {'parcels':>9} {'parcels/s':>10} {'greatest memory':>16}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "small.nc", 200, given.dates)
        label = np.arange(200) % given.classes
        part = np.where(np.arange(200) % 4 == 3, "validation", "train")
        split = pd.DataFrame({"parcel": [f"p{n}" for n in range(200)], "class": label.astype(str), "part": part})
        split.to_parquet(folder / "split.parquet")
        trained_on = folder / "small.nc", folder / "split.parquet"
        for model in given.models:
            training = Training(seeds=tuple(range(given.seeds)), epochs=1, device="cpu")
            train_and_predict(*trained_on, "b", model, MODELS[model], training, folder / model)
        for parcels in given.parcels:
            write(folder / "large.nc", parcels, given.dates)
            for model in given.models:
                files = (folder / model, folder / "large.nc", *trained_on)
                command = [sys.executable, __file__, "--cores", str(given.cores), "--one", *map(str, files)]
                found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                assert found["rows"] == parcels * given.seeds
                speed = parcels / found["seconds"]
                print(f"{model:<12} {parcels:>9} {speed:>10.0f} {found['megabytes']:>13.0f} MB", flush=True)


if __name__ == "__main__":
    main()

"""Cloud probabilities: the package s2cloudless beside this project's evaluation of the same model.

    python benchmarks/cloudless.py                      # made-up pixels
    python benchmarks/cloudless.py scene.tif …          # 13 bands of L1C, digital numbers, 10000 = reflectance 1

Both get the same pixels in the same process, in turns, with the same number of threads; the best of the turns
counts. Reading the model, and compiling, happen before. Printed: million pixels a second, their ratio, and the
largest difference of the probabilities.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from s2cloudless import S2PixelCloudDetector

from cloudrobust.scenes.bands import BANDS as ALL_BANDS
from cloudrobust.steps.cloudless import BANDS, probability


def made_up(count: int) -> np.ndarray:
    """(band, pixel) float32: vegetation, soil, water and cloud of all densities between them, with noise."""
    rng = np.random.default_rng(0)
    spectra = np.array(
        [  # B01, B02, B04, B05, B08, B8A, B09, B10, B11, B12
            [0.12, 0.09, 0.05, 0.10, 0.36, 0.40, 0.12, 0.002, 0.19, 0.09],
            [0.14, 0.12, 0.16, 0.19, 0.25, 0.28, 0.10, 0.002, 0.33, 0.27],
            [0.11, 0.08, 0.03, 0.03, 0.02, 0.02, 0.01, 0.001, 0.01, 0.01],
            [0.42, 0.43, 0.44, 0.47, 0.53, 0.56, 0.30, 0.010, 0.42, 0.31],
        ]
    )
    ground, density = spectra[rng.integers(0, 3, count)], rng.beta(0.4, 0.6, (count, 1))
    pixels = ground * (1 - density) + spectra[3] * density
    return (pixels * rng.lognormal(0, 0.08, pixels.shape)).T.astype(np.float32)


def read(files: list[Path]) -> np.ndarray:
    """(band, pixel) float32 of all files."""
    found = []
    for file in files:
        with rasterio.open(file) as source:
            found.append(source.read([ALL_BANDS.index(band) + 1 for band in BANDS]).reshape(len(BANDS), -1))
    return np.concatenate(found, axis=1).astype(np.float32) / np.float32(10000)


def timed(function: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds and result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description="s2cloudless: the package beside cloudrobust")
    parser.add_argument("files", nargs="*", type=Path, help="GeoTIFFs of 13 bands; by default made-up pixels")
    parser.add_argument("--pixels", type=int, default=100_000, help="number of made-up pixels")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    pixels = read(options.files) if options.files else made_up(options.pixels)
    image = np.ascontiguousarray(pixels.T)[None, None]
    detector = S2PixelCloudDetector()
    detector.get_cloud_probability_maps(image[:, :, :100], num_threads=options.threads)
    probability(pixels[:, :100], options.threads)

    theirs, ours = [], []
    for _ in range(options.turns):
        theirs.append(timed(lambda: detector.get_cloud_probability_maps(image, num_threads=options.threads)[0, 0]))
        ours.append(timed(lambda: probability(pixels, options.threads)))
    package, here = min(seconds for seconds, _ in theirs), min(seconds for seconds, _ in ours)
    difference = np.abs(theirs[0][1] - ours[0][1]).max()
    flipped = np.count_nonzero((theirs[0][1] > 0.4) != (ours[0][1] > 0.4))
    count = pixels.shape[1]
    print(f"{count} pixels, {options.threads} threads, best of {options.turns}")
    print(f"s2cloudless  {count / package / 1e6:8.3f} Mpx/s")
    print(f"cloudrobust  {count / here / 1e6:8.3f} Mpx/s")
    print(f"ratio        {package / here:8.1f}")
    print(f"largest difference of the probabilities {difference:.1e}, masks at 0.4 differ in {flipped} pixels")


if __name__ == "__main__":
    main()

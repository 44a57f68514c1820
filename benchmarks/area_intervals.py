"""How often intervals of an adjusted area hold the true one, on simulated maps; the figures in docs/predictions.md.

`python benchmarks/area_intervals.py` prints for each number of references a stratum, over maps of 2 to 8 classes that
are right in 70 to 100 of a hundred parcels: the mean coverage, that of the worst class of any map, and the mean width
as a share of the whole area.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cloudrobust.evaluation.area import Z, olofsson

Floats = npt.NDArray[np.float64]
MAPS, DRAWS = 150, 600


def chosen(counts: Floats, areas: Floats, _: np.random.Generator) -> tuple[Floats, Floats]:
    """Wilson's intervals put together (the project's)."""
    found = olofsson(counts, areas)
    return found.low, found.high


def normal(counts: Floats, areas: Floats, _: np.random.Generator) -> tuple[Floats, Floats]:
    """Estimate and 1.96 standard errors."""
    found = olofsson(counts, areas)
    return found.area - Z * found.error, found.area + Z * found.error


def jeffreys(counts: Floats, areas: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Beta posteriors of every cell with Jeffreys' prior, summed."""
    n = counts.sum(axis=1, keepdims=True)
    drawn = (random.beta(counts + 0.5, n - counts + 0.5, (DRAWS, *counts.shape)) * areas[:, None]).sum(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return low, high


def dirichlet(counts: Floats, areas: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Dirichlet posterior of every stratum with the prior 1 / classes (Perks)."""
    drawn = random.standard_gamma(counts + 1 / len(counts), (DRAWS, *counts.shape))
    drawn /= drawn.sum(axis=2, keepdims=True)
    low, high = np.quantile((drawn * areas[:, None]).sum(axis=1), [0.025, 0.975], axis=0)
    return low, high


METHODS: dict[str, Callable[[Floats, Floats, np.random.Generator], tuple[Floats, Floats]]] = {
    "Wilson, put together": chosen,
    "1.96 standard errors": normal,
    "Jeffreys by cell": jeffreys,
    "Dirichlet 1/classes": dirichlet,
}


def main() -> None:
    random = np.random.default_rng(0)
    print(f"{'references':>10}  {'interval':22} {'coverage':>8} {'worst class':>11} {'width':>6}")
    for references in (5, 10, 20, 50):
        held: dict[str, list[Floats]] = {name: [] for name in METHODS}
        wide: dict[str, list[float]] = {name: [] for name in METHODS}
        for classes in (2, 3, 5, 8):
            for right in (0.7, 0.9, 0.97, 1.0):
                truth = np.full((classes, classes), (1 - right) / (classes - 1))
                np.fill_diagonal(truth, right)
                areas = random.dirichlet(np.full(classes, 5.0))
                counts = [
                    np.stack([random.multinomial(references, p) for p in truth]).astype(float) for _ in range(MAPS)
                ]
                for name, interval in METHODS.items():
                    ends = [interval(one, areas, random) for one in counts]
                    low, high = (np.stack([end[n] for end in ends]) for n in (0, 1))
                    share = areas @ truth
                    held[name].append(((low <= share + 1e-9) & (share <= high + 1e-9)).mean(axis=0))
                    wide[name].append(float((high - low).mean()))
        for name in METHODS:
            every = np.mean([one.mean() for one in held[name]])
            worst = min(one.min() for one in held[name])
            print(f"{references:>10}  {name:22} {every:8.3f} {worst:11.2f} {np.mean(wide[name]):6.3f}")


if __name__ == "__main__":
    main()

"""Where every result lies: the path is the formula."""

from __future__ import annotations

from pathlib import Path

from .study import Study

FOLDERS = (
    "ablation", "archive", "benchmarks", "checkpoints", "clouds", "coverage", "difference", "evaluation",
    "explanations", "in-season", "landscape", "learning-curve", "logs", "observations", "others", "parcels",
    "predictions", "rasters", "report", "robustness", "runs", "scenes", "series", "splits", "store",
    "tuning", "unpacked",
)  # fmt: skip
"""What lies directly below a study's folder, or by default beside it."""


class Paths:
    """Paths of a study's files, as strings for the workflow's rules.

    Placeholders like `{chain}` stay in the result where the argument is the placeholder itself.
    """

    def __init__(self, study: Study) -> None:
        self.root = str(study.results)

    def _at(self, *parts: str) -> str:
        return str(Path(self.root, *parts))

    @property
    def landscape(self) -> str:
        """The simulator's landscape: parcels with their true crops, and what grows on every pixel."""
        return self._at("landscape")

    @property
    def simulated_parcels(self) -> str:
        return self._at("landscape", "parcels.gpkg")

    def grid(self, tile: str = "{tile}") -> str:
        """The pixel grids of a tile, one per band."""
        return self._at("scenes", "grids", f"{tile}.json")

    def scenes(self, chain: str = "{chain}", tile: str = "{tile}", month: str = "{month}") -> str:
        """Index of the scenes of one month that a chain keeps, with their masks if it has any."""
        return self._at("scenes", chain, tile, f"{month}.parquet")

    def scene_table(self, name: str) -> str:
        """A table about the scenes of the whole study."""
        return self._at("scenes", name)

    def masks(self, chain: str = "{chain}", tile: str = "{tile}", month: str = "{month}") -> str:
        """Folder of the mask rasters that belong to `scenes`."""
        return self._at("scenes", chain, tile, f"{month}-masks")

    def coverage(self, tile: str = "{tile}") -> str:
        """The sparse matrices parcels x pixels of a tile."""
        return self._at("coverage", f"{tile}.npz")

    def observations(self, chain: str = "{chain}", tile: str = "{tile}", month: str = "{month}") -> str:
        """Statistics of every parcel in every scene of a month."""
        return self._at("observations", chain, tile, f"{month}.nc")

    def series(self, chain: str = "{chain}") -> str:
        """The cube parcel x time x band of a chain."""
        return self._at("series", chain, "series.nc")

    @property
    def clouds(self) -> str:
        """What is known of clouds over every parcel, on every date of every branch."""
        return self._at("clouds", "clouds.nc")

    @property
    def dataset(self) -> str:
        """What was fetched of a published data set, and what was there."""
        return self._at("dataset.json")

    @property
    def parcels(self) -> str:
        return self._at("parcels", "parcels.parquet")

    @property
    def split(self) -> str:
        return self._at("parcels", "split.parquet")

    @property
    def set_aside(self) -> str:
        """Parcels that the split keeps out of every part, with the reason."""
        return self._at("parcels", "set_aside.csv")

    def parts(self, file: str) -> str:
        """Tables about the split: classes.csv (parcels by class and part), distances.csv (between the parts)."""
        return self._at("parcels", file)

    def run(self, branch: str = "{branch}", model: str = "{model}", file: str = "") -> str:
        """Files of a branch x model: predictions.parquet, model.pt, card.json, history.csv."""
        return self._at("runs", branch, model, *([file] if file else []))

    def checkpoints(self, branch: str = "{branch}", model: str = "{model}") -> str:
        """Folder with finished seeds, which outlives a killed job."""
        return self._at("checkpoints", branch, model)

    def tuning(self, *parts: str) -> str:
        """What was tried for each branch x model, and the best of it; the trials outlive a killed job."""
        return self._at("tuning", *parts)

    def ablation_run(self, branch: str = "{branch}", model: str = "{model}", file: str = "") -> str:
        """The same files of a branch of the ablation."""
        return self._at("ablation", "runs", branch, model, *([file] if file else []))

    def ablation(self, file: str) -> str:
        """Scores and effects of the ablation."""
        return self._at("ablation", file)

    def difference_run(self, branch: str = "{branch}", model: str = "{model}", file: str = "") -> str:
        """The same files of a branch that explains the difference."""
        return self._at("difference", "runs", branch, model, *([file] if file else []))

    def difference(self, file: str) -> str:
        """What explains the difference: scores, bars, curves, rates of masks."""
        return self._at("difference", file)

    def learning_curve(self, *parts: str) -> str:
        """Splits with fewer training parcels, the runs on them, and their scores."""
        return self._at("learning-curve", *parts)

    def resplit(self, split: str = "{split}", *parts: str) -> str:
        """Files of another split of the same parcels: `fold-0` and so on, or `random`."""
        return self._at("splits", split, *parts)

    def robustness(self, *parts: str) -> str:
        """Scores of the trained models on degraded series."""
        return self._at("robustness", *parts)

    def in_season(self, *parts: str) -> str:
        """Models that were trained for answers before the season ends, and how early these are right."""
        return self._at("in-season", *parts)

    def evaluation(self, file: str) -> str:
        return self._at("evaluation", file)

    def explanation(self, branch: str = "{branch}", model: str = "{model}", file: str = "") -> str:
        """Explanations of a branch x model."""
        return self._at("explanations", branch, model, *([file] if file else []))

    def explanations(self, file: str) -> str:
        """Files about all explanations together."""
        return self._at("explanations", file)

    def prediction(self, branch: str = "{branch}", model: str = "{model}", file: str = "") -> str:
        """What people take away of a branch x model: an answer for every parcel."""
        return self._at("predictions", branch, model, *([file] if file else []))

    @property
    def folds(self) -> str:
        """The fold in which each labelled parcel is answered, and its part in every fold."""
        return self._at("predictions", "folds.parquet")

    @property
    def others(self) -> str:
        """Folder of the other parcels that `predict` classifies: their series, and their predictions."""
        return self._at("others")

    def report(self, *parts: str) -> str:
        return self._at("report", *parts)

    def log(self, *parts: str) -> str:
        return self._at("logs", *parts)

    def benchmark(self, *parts: str) -> str:
        return self._at("benchmarks", *parts)

"""Published data sets of finished series: which there are, how their files lie, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .finished import FinishedSource, Level

THIRTEEN = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
TEN = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")

GUIDE = "docs/published-studies.md"
"""Where the layouts are described for people."""


class DatasetSource(FinishedSource):
    """What published data sets have in common: a folder, which is filled from the network where that is allowed."""

    folder: Path = Field(description="Folder that holds the data set, or that it is fetched into.")
    download: bool = Field(
        True,
        description="Fetch what the folder lacks, with a checksum where the publisher states one. With false the "
        "folder must be complete.",
    )
    attempts: int = Field(6, ge=1, description="Tries of one transfer; each goes on at the byte where it broke off.")
    first_wait: float = Field(1.0, gt=0, description="Seconds before the second try; they double from try to try.")
    timeout: float = Field(60.0, gt=0, description="Seconds without a byte after which a transfer counts as stalled.")

    def missing(self) -> list[Path]:
        """Files and folders that are not there."""
        return [path for path in self.files() if not path.exists()]

    def provide(self) -> str:
        """How a person provides the files where there is no network, as a clause."""
        raise NotImplementedError


BavarianRegion = Literal["holl", "krum", "nowa"]


class BavarianCropsSource(DatasetSource):
    """BavarianCrops: L1C of 2018, one CSV a parcel (Rußwurm and Körner 2020, doi 10.1016/j.isprsjprs.2020.06.006)."""

    kind: Literal["bavariancrops"] = "bavariancrops"
    folder: Path = Field(Path("data/BavarianCrops"), description="Folder with csv, ids and the class mappings.")
    record: str = Field(
        "https://zenodo.org/api/records/5707142",
        description="Address of the record that names the archive, its size and its checksum.",
    )
    archive: str = Field("BavarianCrops.zip", description="Name of the archive in the record.")
    regions: tuple[BavarianRegion, ...] = Field(
        ("holl", "krum", "nowa"), min_length=1, description="Regions, by the short names of the data set."
    )
    scheme: Literal["blocks", "random"] = Field(
        "blocks",
        description="Which lists of ids: spatial blocks (train, valid, test) or random (train, test; a share of the "
        "training part is then drawn for validation).",
    )
    validation: float = Field(0.1, gt=0, lt=1, description="Share of the training ids drawn for validation (random).")
    seed: int = Field(0, ge=0, description="Seed of that draw.")
    classes: str | None = Field(
        "classmapping23.csv",
        description="Class mapping in the folder (columns id, nutzcode, classname); null makes each code a class.",
    )
    preprocessed: Path | None = Field(
        None,
        description="Folder with the commercially preprocessed series of the same parcels, test_train_<region>.h5; "
        "they become level L2A. They are not published: who has them gives them here.",
    )

    def brings(self) -> dict[Level, tuple[str, ...]]:
        bands: dict[Level, tuple[str, ...]] = {"L1C": THIRTEEN}
        return bands if self.preprocessed is None else {**bands, "L2A": TEN}

    @property
    def parts(self) -> dict[str, str]:
        """Ending of each list of ids, and the part of the split that it names."""
        if self.scheme == "random":
            return {"train": "train", "test": "test"}
        return {"train": "train", "valid": "validation", "test": "test"}

    def ids(self, region: str, ending: str) -> Path:
        """The list of ids of a region, one a line."""
        return self.folder / "ids" / self.scheme / f"{region}_{ending}.txt"

    def parcels(self, region: str) -> Path:
        """The folder with a region's parcels, one CSV each."""
        return self.folder / "csv" / region

    def engine(self, region: str) -> Path:
        """The HDF5 file with a region's preprocessed series."""
        assert self.preprocessed is not None
        return self.preprocessed / f"test_train_{region}.h5"

    @property
    def mapping(self) -> Path | None:
        """The class mapping."""
        return self.folder / self.classes if self.classes is not None else None

    def files(self) -> list[Path]:
        found = [self.ids(region, ending) for region in self.regions for ending in self.parts]
        found += [self.parcels(region) for region in self.regions]
        return found + ([self.mapping] if self.mapping is not None else [])

    def given(self) -> list[Path]:
        """Files that no archive holds, so that they must be there from the start."""
        return [self.engine(region) for region in self.regions] if self.preprocessed is not None else []

    def provide(self) -> str:
        region = self.regions[0]
        return (
            f"unpack {self.archive} of zenodo.org/records/5707142 so that {self.parcels(region)}/<id>.csv, "
            f"{self.ids(region, 'train')}" + (f" and {self.mapping}" if self.mapping is not None else "") + " are there"
        )


SEASON = "2017"
"""The one season of BreizhCrops that is published as HDF5."""

BreizhRegion = Literal["frh01", "frh02", "frh03", "frh04", "belle-ile", "kermaux"]
Regions = Annotated[tuple[BreizhRegion, ...], Field(min_length=1)]


class BreizhCropsSource(DatasetSource):
    """BreizhCrops: L1C and L2A of the same parcels (Rußwurm et al. 2020, arXiv 1905.11893), HDF5 a region."""

    kind: Literal["breizhcrops"] = "breizhcrops"
    folder: Path = Field(Path("data/breizhcrops"), description="Folder laid out as the package breizhcrops does.")
    url: str = Field("https://breizhcrops.s3.eu-central-1.amazonaws.com", description="Where the files are fetched.")
    levels: tuple[Level, ...] = Field(("L1C", "L2A"), min_length=1, description="Levels to read.")
    train: Regions = Field(("frh01", "frh02"), description="Regions of the training part.")
    validation: Regions = Field(("frh03",), description="Regions of the validation part.")
    test: Regions = Field(("frh04",), description="Regions of the test part.")
    classes: str = Field("classmapping.csv", description="Class mapping in the folder (columns id, code, classname).")

    @model_validator(mode="after")
    def _regions_fit(self) -> BreizhCropsSource:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        regions = self.regions
        twice = sorted({region for region in regions if list(regions).count(region) > 1})
        if twice:
            yield f"region {twice[0]} stands in two parts, or twice in one; keep it in one"
        if "belle-ile" in regions and "frh04" in regions:
            yield "belle-ile is a piece of frh04; keep one of the two"
        if "kermaux" in regions and "L2A" in self.levels:
            yield "kermaux has no L2A; write levels: [L1C], or take belle-ile"

    def brings(self) -> dict[Level, tuple[str, ...]]:
        bands: dict[Level, tuple[str, ...]] = {"L1C": THIRTEEN, "L2A": TEN}
        return {level: bands[level] for level in self.levels}

    @property
    def regions(self) -> tuple[BreizhRegion, ...]:
        """All regions, in the order of the parts."""
        return (*self.train, *self.validation, *self.test)

    def part_of(self, region: str) -> str:
        """The part of the split that a region belongs to."""
        return "train" if region in self.train else "validation" if region in self.validation else "test"

    def index(self, level: str, region: str) -> Path:
        """The list of a region's parcels."""
        return self.folder / SEASON / level / f"{region}.csv"

    def series(self, level: str, region: str) -> Path:
        """The HDF5 file with a region's series."""
        return self.folder / SEASON / level / f"{region}.h5"

    @property
    def mapping(self) -> Path:
        """The class mapping."""
        return self.folder / self.classes

    def files(self) -> list[Path]:
        pairs = [(level, region) for level in self.levels for region in self.regions]
        return [self.mapping, *(path for pair in pairs for path in (self.index(*pair), self.series(*pair)))]

    def provide(self) -> str:
        level, region = self.levels[0], self.regions[0]
        return (
            f"put {self.index(level, region).name} and {self.series(level, region).name} of each region (from "
            f"{self.url}/{SEASON}/{level}/) into {self.index(level, region).parent}, and {self.classes} into "
            f"{self.folder}"
        )


Dataset = BavarianCropsSource | BreizhCropsSource

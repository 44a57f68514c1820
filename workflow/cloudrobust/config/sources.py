"""Where scenes, or finished series, come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from .base import Part, canonical
from .datasets import BavarianCropsSource, BreizhCropsSource
from .file_names import Template, fields
from .finished import FinishedSource, Level

PartName = Literal["train", "validation", "test"]


class SimulatorSource(Part):
    """A simulated archive of a made-up farm landscape: real `.SAFE` products, no account, no network."""

    kind: Literal["simulator"] = "simulator"
    store: Path = Field(Path("results/archive"), description="Folder that the products are written to.")
    seed: int = Field(1, ge=0, description="Seed of the landscape, the weather and the noise.")
    size: int = Field(6000, ge=1200, multiple_of=60, description="Side of the square landscape in metres.")
    parcels: int = Field(700, ge=20, description="Number of parcels to aim at.")
    satellite: Literal["S2A", "S2B"] = Field("S2A", description="One satellite: one pass per orbit every ten days.")
    orbits: tuple[int, ...] = Field((22, 65), min_length=1, description="Relative orbits that see the tile.")
    cloudiness: float = Field(0.5, ge=0, le=0.95, description="Mean share of the sky that is cloudy over the year.")


Missing = Literal["fail", "gap"]
MISSING = (
    "What to do when a scene can't be had although the others can: fail, or go on and record the gap in the month's "
    "index."
)


class SafeSource(Part):
    """A folder tree of `.SAFE` products, zipped or not: ESA's own, a mirror, or the simulator's."""

    kind: Literal["safe"] = "safe"
    store: Path = Field(description="Folder that holds the products, at any depth.")
    layout: Literal["any", "eodata"] = Field(
        "any",
        description="any: the whole tree is looked through. eodata: folders by day as in the Copernicus Data Space's "
        "/eodata (Sentinel-2/MSI/L2A/2022/05/05); only the days of the study are looked into.",
    )
    unpacked: Path = Field(Path("results/unpacked"), description="Folder that zipped products are unpacked into.")
    offset: int | None = Field(
        None,
        ge=-10000,
        le=0,
        description="Offset of products of baseline 04.00 or later that do not list their offsets: -1000, or 0 if it "
        "was subtracted already. Products that list theirs are read by their own.",
    )
    offset_check: Literal["trust", "warn", "reject"] = Field(
        "warn",
        description="When the numbers of a product contradict the offset in its metadata: trust the metadata, trust it "
        "and warn, or reject the scene.",
    )
    missing: Missing = Field("fail", description=MISSING)


SKIPPED = "-"
"""Stands in `bands` for a band of the file that is not read."""
BandName = Literal[
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12", "SCL", "-"
]  # fmt: skip


class RastersSource(Part):
    """A folder of GeoTIFFs from elsewhere, one a scene or one a band; grid and coordinate system are the files' own."""

    kind: Literal["rasters"] = "rasters"
    store: Path = Field(description="Folder that holds the files.")
    pattern: Template = Field(
        description="Template of the file names. {time:%Y%m%d} is where the time stands and how it is written, {level} "
        "L1C or L2A, {band} a band (B02, B2), {tile} the name of a grid, and * anything. With / it looks into folders."
    )
    level: Level | None = Field(None, description="Level of all files; left out where their names tell it.")
    bands: tuple[BandName, ...] | None = Field(
        None,
        min_length=1,
        description="Bands of a file in their order, SCL among them if it is there, and - for one that is not read; "
        "where names tell the band, the bands to read. By default what the files' own descriptions, or names, say.",
    )
    scale: float = Field(1e-4, gt=0, description="Reflectance of one unit: 0.0001 for integers, mostly, 1 for floats.")
    offset: float = Field(
        0.0,
        ge=-1,
        le=1,
        description="Added after scaling, in reflectance: -0.1 for raw numbers from baseline 04.00 on.",
    )
    nodata: float | None = Field(
        None, description="Value that means no data, besides what the files themselves mark as such."
    )
    tile: str = Field(
        "grid", pattern=r"^[A-Za-z0-9]+$", description="Name of the files' grid, where their names do not tell it."
    )
    records: Path = Field(
        Path("results/rasters"), description="Folder for what is known of each scene; the files stay as they are."
    )
    missing: Missing = Field("fail", description=MISSING)

    @model_validator(mode="after")
    def _one_answer_to_each_question(self) -> RastersSource:
        told = fields(self.pattern)
        if "level" in told and self.level is not None:
            raise ValueError("level: the pattern tells it; remove the key, or {level} from the pattern")
        if "level" not in told and self.level is None:
            raise ValueError("level: name the level of the files, L1C or L2A, or write {level} into the pattern")
        if "tile" in told and "tile" in self.model_fields_set:
            raise ValueError("tile: the pattern tells it; remove the key, or {tile} from the pattern")
        named = [band for band in self.bands or () if band != SKIPPED]
        twice = next((band for band in named if named.count(band) > 1), None)
        if twice is not None:
            raise ValueError(f"bands: {twice} is named twice; a band is in one place")
        if self.bands is not None and not any(band != "SCL" for band in named):
            raise ValueError("bands: name at least one spectral band, B01 to B12")
        if "band" in told and SKIPPED in (self.bands or ()):
            raise ValueError("bands: names tell the band of each file; write only the bands to read, without -")
        return self


class RemoteSource(Part):
    """What services have in common: the window over the parcels of each scene is fetched into a store."""

    store: Path = Field(Path("results/store"), description="Folder of the scenes; several studies may share it.")
    margin: float | None = Field(
        None,
        ge=0,
        description="Metres around the parcels to fetch as well; by default what the study's masks and pictures look "
        "at, at least 300.",
    )
    max_cloud_cover: float = Field(
        100.0, ge=0, le=100, description="Scenes with more percent of clouds, by the catalogue's word, are left out."
    )
    offset_check: Literal["trust", "correct", "reject"] = Field(
        "correct",
        description="When the numbers of a scene contradict the offset that its catalogue states: trust the catalogue, "
        "correct the offset, or reject the scene. Each case is logged and recorded.",
    )
    missing: Missing = Field("fail", description=MISSING)
    connections: int = Field(8, ge=1, le=64, description="Requests at the same time.")
    attempts: int = Field(6, ge=1, description="Tries of one request before its scene counts as missing.")
    first_wait: float = Field(1.0, gt=0, description="Seconds before the second try; they double from try to try.")
    timeout: float = Field(60.0, gt=0, description="Seconds without a byte after which a transfer counts as stalled.")


class StacSource(RemoteSource):
    """Any STAC API; of tiled GeoTIFFs only the window over the parcels is fetched."""

    kind: Literal["stac"] = "stac"
    preset: Literal["earth-search", "earth-search-c1", "planetary-computer", "cdse", "plain"] = Field(
        description="Which catalogue's names and habits: Earth Search v1 (its first or its Collection 1), Planetary "
        "Computer, Copernicus Data Space, or plain: assets named B02 ... SCL and offsets in the raster extension.",
    )
    url: str | None = Field(None, description="Address of the API; by default the preset's.")
    collections: dict[Level, str] = Field(
        default_factory=dict, description="Level to collection, where they differ from the preset's."
    )
    assets: dict[str, str] = Field(
        default_factory=dict, description="Band, or SCL, to asset name, where they differ from the preset's."
    )
    token_url: str | None = Field(None, description="Address that grants access to files; by default the preset's.")


class SentinelHubSource(RemoteSource):
    """Sentinel Hub or the Copernicus Data Space's deployment of it; credentials in a sentinelhub-py profile."""

    kind: Literal["sentinelhub"] = "sentinelhub"
    deployment: Literal["sentinelhub", "cdse"] = Field(
        "sentinelhub", description="The commercial service, or that of the Copernicus Data Space."
    )
    profile: str | None = Field(
        None,
        description="Profile of sentinelhub-py that holds the credentials; by default SH_CLIENT_ID and "
        "SH_CLIENT_SECRET of the environment, or the default profile.",
    )
    url: str | None = Field(None, description="Address of the service; by default the deployment's.")
    token_url: str | None = Field(None, description="Address that grants tokens; by default the deployment's.")
    harmonize: bool = Field(
        False,
        description="Let the service subtract the offset. It then cuts negative values off to 0, so by default the "
        "numbers are taken as they are and the offset is subtracted here.",
    )
    cloud_probability: bool = Field(True, description="Fetch Sen2Cor's cloud probability (L2A) too.")


class TableSource(FinishedSource):
    """Finished series in long form (one row a parcel and date), Parquet or CSV; they enter where series begin."""

    kind: Literal["table"] = "table"
    file: Path = Field(description="Parquet or CSV file in long form.")
    level: Level = Field("L2A", description="Level that the values have.")
    parcel: str = Field("parcel", description="Column with the parcel id.")
    time: str = Field("time", description="Column with the date.")
    label: str = Field("label", description="Column with the crop code, constant within a parcel.")
    bands: dict[str, str] = Field(min_length=1, description="Band name (B02 ...) to column.")
    scale: float = Field(1e-4, gt=0, description="Reflectance of one unit.")
    offset: float = Field(0.0, description="Added after scaling, in reflectance.")
    nodata: float | None = Field(None, description="Value that means missing; empty cells always do.")
    longitude: str | None = Field(
        None, description="Column with the parcel's longitude (WGS 84); spatial splits need it."
    )
    latitude: str | None = Field(None, description="Column with the parcel's latitude (WGS 84).")

    def brings(self) -> dict[Level, tuple[str, ...]]:
        return {self.level: tuple(self.bands)}

    def given(self) -> list[Path]:
        return [self.file]


Source = Annotated[
    SimulatorSource
    | SafeSource
    | RastersSource
    | StacSource
    | SentinelHubSource
    | TableSource
    | BavarianCropsSource
    | BreizhCropsSource,
    Field(discriminator="kind"),
]


class Parcels(Part):
    """The fields: their file, ids, labels and what makes one usable."""

    file: Path | None = Field(None, description="Any vector file; by default the simulator's own parcels.")
    layer: str | None = Field(None, description="Layer of the file, where it has several.")
    id: str = Field("parcel", description="Column with a unique id.")
    label: str | None = Field("crop", description="Column with the crop code; null for parcels without labels.")
    classes: Path | None = Field(None, description="CSV with columns code,class; by default each code is a class.")
    minimum_class_size: int = Field(10, ge=3, description="Classes with fewer parcels are left out, and reported.")
    buffer: float = Field(-10.0, le=0, description="Metres to shrink each parcel by, away from mixed border pixels.")
    minimum_pixels: float = Field(4.0, gt=0, description="Smallest area after the buffer, in pixels of 10 m.")
    minimum_inside: float = Field(
        1.0, ge=0, le=1, description="Smallest share of a parcel that must lie inside its tile."
    )


class Split(Part):
    """How labelled parcels are divided into train, validation and test."""

    method: Literal["blocks", "random", "column"] = Field(
        "blocks", description="Spatial blocks, parcels at random within each class, or a column of the parcel file."
    )
    block: float = Field(500.0, gt=0, description="Side of a block in metres (method blocks).")
    buffer: float = Field(
        0.0,
        ge=0,
        description="Least distance in metres between parcels of different parts; training and validation parcels "
        "that are nearer are set aside, with the reason (methods blocks and column).",
    )
    column: str | None = Field(
        None, description="Column with the part of each parcel, or with a region or year (method column)."
    )
    parts: dict[PartName, tuple[str, ...]] | None = Field(
        None,
        description="Values of the column for each part, such as {train: [north, west], validation: [south], test: "
        "[east]}; parcels of other values are set aside. By default the values are train, validation and test.",
    )
    validation: float = Field(0.17, gt=0, lt=1, description="Share of the validation part.")
    test: float = Field(0.25, gt=0, lt=1, description="Share of the test part.")
    folds: int = Field(5, ge=2, description="Parts that blocks are dealt into for `snakemake cross_validation`.")
    fold: int | None = Field(
        None,
        ge=0,
        description="Number of the fold, from 0, that is the test part, which then has the share 1 / folds (method "
        "blocks); by default the blocks are dealt by the shares.",
    )
    seed: int = Field(0, description="Seed of the draw.")

    @field_validator("parts", mode="before")
    @classmethod
    def _years_are_text(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {part: [str(v) for v in values] if isinstance(values, (list, tuple)) else values
                for part, values in value.items()}  # fmt: skip

    @model_validator(mode="after")
    def _parts_leave_room(self) -> Split:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on; make their sum less than 1")
        if self.method == "column" and self.column is None:
            raise ValueError("method column needs the key column; name the parcel file's column with the parts")
        if self.method == "random" and self.buffer:
            raise ValueError(
                "buffer: parcels drawn singly lie next to each other; use method blocks, or remove the key"
            )
        if self.parts is not None:
            self._check_parts()
        if self.fold is not None:
            if self.method != "blocks":
                raise ValueError("fold: only blocks are dealt into folds; use method blocks, or remove the key")
            if self.fold >= self.folds:
                raise ValueError(f"fold: is counted from 0, so of {self.folds} folds the last is {self.folds - 1}")
            if self.validation + 1 / self.folds >= 1:
                raise ValueError(f"validation: beside a test part of 1/{self.folds} it leaves nothing to train on")
        return self

    def _check_parts(self) -> None:
        if self.method != "column":
            raise ValueError("parts: belongs to method column; remove the key, or set method: column")
        named = self.parts or {}
        for part in get_args(PartName):
            if not named.get(part):
                raise ValueError(f"parts: name at least one value of {self.column!r} for {part}")
        values = [value for part in named.values() for value in part]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"parts: {twice[0]!r} is named twice; a parcel belongs to one part")

    def random_like(self) -> Split:
        """The random split that this one is held against: the same seed and shares."""
        test = self.test if self.fold is None else 1 / self.folds
        return Split(method="random", validation=self.validation, test=test, seed=self.seed)

    def with_fold(self, fold: int) -> Split:
        """This split with that fold as its test part."""
        return Split.model_validate(self.model_dump() | {"fold": fold})

    def drawn(self) -> str:
        """Canonical form of what decides this draw; keys of other methods are left out, so they rerun nothing."""
        keys: tuple[str, ...] = {"column": ("column", "parts", "buffer"), "random": ("validation", "test", "seed")}.get(
            self.method, ("block", "buffer", "validation", "test", "seed")
        )
        if self.fold is not None:
            keys = (*(key for key in keys if key != "test"), "folds", "fold")
        content = self.model_dump(mode="json", include={"method", *keys})
        return canonical(content)

    def dealt(self) -> str:
        """Canonical form of what decides the folds of cross-prediction, whose number is not the split's own."""
        unused = {"fold", "folds", "test"} | ({"block", "buffer"} if self.method == "random" else set())
        return canonical(self.model_dump(mode="json", exclude=unused))

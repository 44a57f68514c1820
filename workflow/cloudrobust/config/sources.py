"""Where scenes, or finished series, come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Part

Level = Literal["L1C", "L2A"]


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


class SafeSource(Part):
    """A folder tree of `.SAFE` products: ESA's own, a mirror, or the simulator's."""

    kind: Literal["safe"] = "safe"
    store: Path = Field(description="Folder that holds the `.SAFE` folders, at any depth.")


class TableSource(Part):
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


Source = Annotated[SimulatorSource | SafeSource | TableSource, Field(discriminator="kind")]


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
    column: str | None = Field(None, description="Column whose values are train, validation, test (method column).")
    validation: float = Field(0.17, gt=0, lt=1, description="Share of the validation part.")
    test: float = Field(0.25, gt=0, lt=1, description="Share of the test part.")
    seed: int = Field(0, description="Seed of the draw.")

    @model_validator(mode="after")
    def _parts_leave_room(self) -> Split:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on; make their sum less than 1")
        if self.method == "column" and self.column is None:
            raise ValueError("method column needs the key column; name the parcel file's column with the parts")
        return self

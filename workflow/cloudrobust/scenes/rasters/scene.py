"""One scene in GeoTIFFs from elsewhere, by a small record of where its bands lie and what their numbers mean."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ...atomic import atomic
from ...errors import InputError
from ..bands import BANDS, bands_of
from ..radiometry import SCALE
from ..safe.manifest import file_checksum
from . import images

SUFFIX = ".raster.json"
"""End of a record's name."""
UNKNOWN = "unknown"
"""Platform of a scene whose files do not tell it."""


@dataclass(frozen=True)
class Record:
    """What is known of a scene.

    Attributes
    ----------
    id, tile, level: names.
    time: naive UTC, ISO 8601.
    layers: file and number of the band in it, from 1, by band or "SCL".
    scale, offset: reflectance = number x scale + offset.
    nodata: number that means no data, besides what the files mark.
    """

    id: str
    tile: str
    level: str
    time: str
    layers: dict[str, tuple[str, int]]
    scale: float
    offset: float
    nodata: float | None

    def write(self, folder: Path) -> Path:
        """Write the record into a folder; returns the file."""
        file = folder / f"{self.id}{SUFFIX}"
        folder.mkdir(parents=True, exist_ok=True)
        with atomic(file) as part:
            part.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return file

    @classmethod
    def read(cls, file: Path) -> Record:
        """Read what `write` wrote.

        Raises
        ------
        InputError
            If the file is missing or is no such record.
        """
        try:
            content = json.loads(file.read_text())
            layers = {name: (str(path), int(number)) for name, (path, number) in content.pop("layers").items()}
            return cls(layers=layers, **content)
        except FileNotFoundError:
            raise InputError(f"{file}: there is no such record of a scene; run fetch_scenes again") from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file}: is no record of a scene ({error}); delete it and run again") from error


class RasterScene:
    """A scene that lies in GeoTIFFs; see `cloudrobust.scenes.scene.Scene`.

    Parameters
    ----------
    path: its record.

    Attributes
    ----------
    record: what the record says.
    platform, orbit, baseline: "unknown", 0 and "00.00": files from elsewhere do not tell them.
    """

    platform, orbit, baseline = UNKNOWN, 0, "00.00"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.record = Record.read(self.path)
        self.id, self.level, self.tile = self.record.id, self.record.level, self.record.tile
        self.time = dt.datetime.fromisoformat(self.record.time)
        self.bands = tuple(band for band in bands_of(self.level) if band in self.record.layers)

    def __repr__(self) -> str:
        return f"RasterScene({str(self.path)!r})"

    @property
    def files(self) -> list[Path]:
        """The files that hold the scene, each once."""
        return [Path(name) for name in dict.fromkeys(name for name, _ in self.record.layers.values())]

    @cached_property
    def geoboxes(self) -> dict[str, GeoBox]:
        """The whole grid of each band, and of "SCL" where there is one: that of its file."""
        grids = {}
        for file in self.files:
            with images.opened(file) as image:
                grids[str(file)] = images.geobox_of(image, file)
        layers = self.record.layers
        return {name: grids[layers[name][0]] for name in (*BANDS, "SCL") if name in layers}

    def window(self, layer: str) -> Window:
        """All of a layer."""
        height, width = self.geoboxes[layer].shape
        return Window(0, 0, width, height)

    def sun(self) -> tuple[float, float]:
        """Never told by such files.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"scene {self.id}: its files do not tell the sun's angles, which shadow by projection needs; "
            "use another mask"
        )

    def read(self, band: str, window: Window | None = None) -> np.ma.MaskedArray:
        """Harmonised digital numbers, int32 (y, x), 10000 = reflectance 1, masked where no data or saturated.

        Raises
        ------
        InputError
            If the file is missing or damaged, or the scene lacks the band.
        """
        record = self.record
        return images.harmonised(self._numbers(band, window, record.nodata), record.scale, record.offset)

    def shift(self, band: str) -> int | None:  # noqa: ARG002
        """None: the files' numbers may be of any kind."""
        return None

    def read_raw(self, band: str, window: Window | None = None) -> NDArray[np.uint16]:  # noqa: ARG002
        """Not of such files: no band has a `shift`."""
        raise ValueError(f"{self.id}: read harmonised numbers")

    def read_classification(self, window: Window | None = None) -> NDArray[np.uint8]:
        """The scene classification, uint8 (y, x), 0 where there is no data.

        Raises
        ------
        InputError
            If the scene has none.
        """
        if "SCL" not in self.record.layers:
            raise InputError(
                f"scene {self.id}: its files hold no scene classification; name SCL in source.bands if they do, or use "
                "a mask that needs none, such as method raster"
            )
        return self._numbers("SCL", window, None).filled(0).astype(np.uint8)

    def read_cloud_probability(self, window: Window | None = None) -> NDArray[np.uint8]:  # noqa: ARG002
        """Never in such files.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"scene {self.id}: its files hold no cloud probability; use the mask method raster with above: "
            "for a raster of probabilities"
        )

    def row(self) -> dict[str, Any]:
        """The row of a month index for the scene, but for the column `file`; nobody tells its cloud cover."""
        files = self.files
        first = self.geoboxes[self.bands[0]]
        return {
            "id": self.id,
            "tile": self.tile,
            "level": self.level,
            "time": self.time,
            "platform": self.platform,
            "orbit": self.orbit,
            "baseline": self.baseline,
            "quantification": SCALE,
            "offset": 0,
            "cloud_cover": float("nan"),
            "bytes": sum(file.stat().st_size for file in files),
            "checksum": hashlib.md5("".join(file_checksum(file) for file in files).encode()).hexdigest(),
            "geometry": first.extent.to_crs("EPSG:4326").geom,
        }

    def _numbers(self, layer: str, window: Window | None, nodata: float | None) -> np.ma.MaskedArray:
        if layer not in self.record.layers:
            raise InputError(f"scene {self.id}: holds no {layer}; it holds {', '.join(self.record.layers)}")
        file, number = self.record.layers[layer]
        return images.read_numbers(Path(file), number, window, nodata)


def is_raster(path: Path) -> bool:
    """Whether a path is that of a scene's record."""
    return path.name.endswith(SUFFIX)

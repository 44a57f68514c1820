"""What the store knows of a scene that it keeps as GeoTIFFs: one small JSON file beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from ...errors import InputError

SCENE_FILE = "scene.json"
"""Its name; a folder with it is a scene of this kind."""
FORMAT = 1


@dataclass(frozen=True)
class Layer:
    """One image of a scene.

    Attributes
    ----------
    file: name in the scene's folder.
    geobox: the grid of the whole tile.
    window: the part of it that the file holds.
    bytes, checksum: size and SHA-256 of the file.
    origin: where the image came from.
    """

    file: str
    geobox: GeoBox
    window: Window
    bytes: int
    checksum: str
    origin: str = ""

    @property
    def ground(self) -> GeoBox:
        """The grid of the file itself."""
        w = self.window
        return self.geobox[w.row_off : w.row_off + w.height, w.col_off : w.col_off + w.width]

    def to_json(self) -> dict[str, Any]:
        """As in the scene's file; floats keep every bit."""
        return {
            "file": self.file,
            "crs": str(self.geobox.crs),
            "affine": list(self.geobox.affine)[:6],
            "shape": [int(n) for n in self.geobox.shape],
            "window": [self.window.row_off, self.window.col_off, self.window.height, self.window.width],
            "bytes": self.bytes,
            "sha256": self.checksum,
            "origin": self.origin,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Layer:
        """What `to_json` wrote; KeyError, TypeError or ValueError if it is something else."""
        row, column, height, width = (int(n) for n in content["window"])
        geobox = GeoBox(tuple(content["shape"]), Affine(*content["affine"]), content["crs"])
        window = Window(column, row, width, height)
        return cls(
            str(content["file"]), geobox, window, int(content["bytes"]), str(content["sha256"]),
            str(content["origin"]),
        )  # fmt: skip


@dataclass(frozen=True)
class SceneRecord:
    """A scene in the store.

    Attributes
    ----------
    id, level, tile, time, platform, orbit, baseline, quantification, cloud_cover: as in the month's index.
    offsets: band to the offset that turns its stored numbers into harmonised ones, 0 or negative.
    footprint: what was sensed, longitude and latitude.
    layers: bands, "SCL" and others by name.
    source: where it came from and what was decided about its numbers; any JSON.
    """

    id: str
    level: str
    tile: str
    time: datetime
    platform: str
    orbit: int
    baseline: str
    quantification: int
    cloud_cover: float
    offsets: dict[str, int]
    footprint: BaseGeometry
    layers: dict[str, Layer]
    source: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the scene's file into its folder."""
        content = {
            "format": FORMAT,
            **{name: getattr(self, name) for name in _PLAIN},
            "time": self.time.isoformat(),
            "offsets": self.offsets,
            "footprint": mapping(self.footprint),
            "layers": {name: layer.to_json() for name, layer in self.layers.items()},
            "source": self.source,
        }
        (folder / SCENE_FILE).write_text(json.dumps(content, indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> SceneRecord:
        """Read the scene's file.

        Raises
        ------
        InputError
            If it is missing or is no such file.
        """
        path = folder / SCENE_FILE
        try:
            content = json.loads(path.read_text())
            if content["format"] != FORMAT:
                raise ValueError(f"its format is {content['format']}, not {FORMAT}")
            return cls(
                **{name: content[name] for name in _PLAIN},
                time=datetime.fromisoformat(content["time"]),
                offsets={name: int(offset) for name, offset in content["offsets"].items()},
                footprint=shape(content["footprint"]),
                layers={name: Layer.from_json(layer) for name, layer in content["layers"].items()},
                source=content["source"],
            )
        except FileNotFoundError:
            raise InputError(f"{path}: there is no such scene; fetch it again") from None
        except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
            raise InputError(f"{path}: is no scene of the store ({error}); delete its folder and run again") from error


_PLAIN = ("id", "level", "tile", "platform", "orbit", "baseline", "quantification", "cloud_cover")

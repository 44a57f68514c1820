"""What is really above each pixel: the truth that masks are measured against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ...atomic import atomic
from ...errors import InputError
from ..safe.names import STAMP
from ..scene import Scene

CLEAR, THIN, THICK, SHADOW, SNOW = range(5)
CLASSES = ("clear", "thin cloud", "thick cloud", "shadow", "snow")
"""Names of the classes 0 to 4."""

THINNEST, THICK_FROM = 0.1, 3.6
"""Optical thickness from which a pixel counts as cloudy, and from which as thick (the limit of thin clouds, cirrus and
cirrostratus apart, in ISCCP: Rossow & Schiffer 1999, Bull. Am. Meteorol. Soc. 80:2261-2287)."""
SHADED = 0.7
"""Direct light at the ground below which a pixel without cloud counts as shadow."""

# optical thickness as one byte: finer where it is thin; 0.1 is 6 and 60 is 247
_CODES_PER_E_FOLD = 60.0


@dataclass(frozen=True)
class Truth:
    """The sky above each pixel of 10 m.

    Attributes
    ----------
    classes: uint8 (rows, columns), 0 to 4 as in `CLASSES`.
    thickness: float32 (rows, columns), optical thickness of all clouds together.
    """

    classes: NDArray[np.uint8]
    thickness: NDArray[np.float32]


def classify(
    thickness: NDArray[np.float32], sunlit: NDArray[np.float32], snow: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The true class from optical thickness, direct light at the ground and snow cover, all (rows, columns)."""
    classes = np.where(snow > 0.5, SNOW, CLEAR).astype(np.uint8)
    classes[sunlit < SHADED] = SHADOW
    classes[thickness >= THINNEST] = THIN
    classes[thickness >= THICK_FROM] = THICK
    return classes


def write_truth(path: Path, truth: Truth, geobox: GeoBox) -> None:
    """Write a GeoTIFF with two bands of uint8 at 10 m.

    Band 1 holds the class, band 2 round(60 ln(1 + optical thickness)), at most 255; `read_truth` undoes it.
    """
    coded = np.rint(_CODES_PER_E_FOLD * np.log1p(truth.thickness)).clip(0, 255).astype(np.uint8)
    rows, columns = geobox.shape
    with atomic(path) as part, rasterio.open(
        part, "w", driver="GTiff", width=columns, height=rows, count=2, dtype="uint8", crs=str(geobox.crs),
        transform=geobox.affine, tiled=True, blockxsize=256, blockysize=256, compress="deflate", interleave="band",
    ) as file:  # fmt: skip
        file.write(truth.classes, 1)
        file.write(coded, 2)
        file.set_band_description(1, "class: " + ", ".join(f"{i} {name}" for i, name in enumerate(CLASSES)))
        file.set_band_description(2, "round(60 ln(1 + cloud optical thickness))")


def read_truth(path: str | Path) -> Truth:
    """Read what `write_truth` wrote; the optical thickness is good to 1 %."""
    with rasterio.open(path) as file:
        classes, coded = file.read()
    return Truth(classes, np.expm1(coded.astype(np.float32) / np.float32(_CODES_PER_E_FOLD)))


def classes_within(scene: Scene, ground: GeoBox) -> NDArray[np.uint8]:
    """True classes over the grid `ground` of a simulated scene.

    Returns
    -------
    uint8 (y, x, n): the classes of the n pixels of 10 m that lie in each pixel of `ground`.

    Raises
    ------
    InputError
        If the scene has no truth beside it, as one of a real archive, or `ground` doesn't nest in its grid.
    """
    path = scene.path.parent / "truth" / f"{scene.tile}_{scene.time:{STAMP}}.tif"
    if not path.is_file():
        raise InputError(
            f"mask truth: scene {scene.id} has no true sky ({path}), which only the simulator writes; use another mask "
            "method, or delete the simulated product so that it is made again"
        )
    with rasterio.open(path) as file:
        side = abs(ground.affine.a) / abs(file.transform.a)
        column, row = ~file.transform * (ground.affine.c, ground.affine.f)
        places = np.array([side, column, row])
        if side < 1 or np.abs(places - np.rint(places)).max() > 1e-3:
            raise InputError(
                f"mask truth: the grid of {path} does not nest in that of scene {scene.id}; make both anew"
            )
        fine, left, top = (round(place) for place in places)
        window = Window(left, top, ground.shape.x * fine, ground.shape.y * fine)
        classes = file.read(1, window=window)
    cells = classes.reshape(ground.shape.y, fine, ground.shape.x, fine).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(cells.reshape(ground.shape.y, ground.shape.x, fine * fine))

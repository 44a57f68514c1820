"""A band of a scene on another grid of the same tile: finer pixels averaged, coarser ones repeated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ..errors import InputError
from ..scenes.radiometry import to_reflectance
from ..scenes.scene import Scene

TOLERANCE = 1e-3
"""Share of a pixel by which grids may miss each other and still count as nested."""


def band_on(scene: Scene, band: str, target: GeoBox) -> NDArray[np.float32]:
    """Reflectance (y, x) of a band on a grid within its scene; NaN where no pixel of the band is valid.

    Finer pixels are averaged, coarser ones repeated.

    Raises
    ------
    InputError
        If finer pixels do not fill those of the target exactly.
    """
    source = scene.geoboxes[band]
    edges = [
        (np.arange(count + 1) * step + start - origin) / pixel
        for count, step, start, origin, pixel in (
            (target.shape.y, target.affine.e, target.affine.f, source.affine.f, source.affine.e),
            (target.shape.x, target.affine.a, target.affine.c, source.affine.c, source.affine.a),
        )
    ]
    ratios = [float(edge[1] - edge[0]) for edge in edges]
    if max(ratios) < 1 - TOLERANCE:
        rows, columns = (np.floor((edge[:-1] + edge[1:]) / 2).astype(int) for edge in edges)
        rows, columns = np.clip(rows, 0, source.shape.y - 1), np.clip(columns, 0, source.shape.x - 1)
        window = Window(columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
        read = to_reflectance(scene.read(band, window))
        return read[np.ix_(rows - rows[0], columns - columns[0])]
    whole = [np.rint(edge).astype(int) for edge in edges]
    factors = [round(ratio) for ratio in ratios]
    nested = all(np.abs(edge - near).max() < TOLERANCE * 10 for edge, near in zip(edges, whole, strict=True))
    if not nested or min(factors) < 1:
        raise InputError(f"scene {scene.id}: the pixels of band {band} do not nest in those of the mask; use another")
    window = Window(whole[1][0], whole[0][0], whole[1][-1] - whole[1][0], whole[0][-1] - whole[0][0])
    read = to_reflectance(scene.read(band, window))
    if factors == [1, 1]:
        return read
    blocks = read.reshape(target.shape.y, factors[0], target.shape.x, factors[1])
    valid = np.isfinite(blocks)
    count = valid.sum(axis=(1, 3))
    total = np.where(valid, blocks, np.float32(0)).sum(axis=(1, 3), dtype=np.float64)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0).astype(np.float32)

"""The made-up landscape: which parcel or other land cover lies on each pixel, and how it varies inside.

A square of land in Upper Bavaria (UTM zone 32N, inside MGRS tile 32UPU): forests where a random field is high,
villages, roads through them, a stream, a lake, and farmland between, cut into blocks by farm tracks and into
parcels inside the blocks. Everything that covers ground is an *entity*: first the parcels, then the covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import rasterize, shapes
from scipy.sparse import coo_array, csr_array
from shapely import LineString, MultiPolygon, Polygon, box
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from ...atomic import atomic
from ...config.sources import SimulatorSource
from ...errors import InputError
from ..bands import BAND
from . import parcelling
from .crops import CROPS, RARE, RARE_COUNT
from .fractal import fractal
from .randomness import generator

TILE = "32UPU"
"""The MGRS tile in which the landscape lies."""
CRS = "EPSG:32632"
ORIGIN = (648000.0, 5364000.0)
"""Easting and northing of the upper left corner, multiples of 60 m as every grid of the tile (48.4° N, 11.0° E)."""
LONGITUDE, LATITUDE = 11.03, 48.38
"""Degrees, of the landscape's middle."""

COVERS = ("margin", "conifer", "broadleaf", "water", "built", "road", "track")
"""Land cover that is no parcel: grass verges, two kinds of forest, lakes and streams, villages, roads, farm tracks."""

FINE = 4  # sub-pixels along the side of a 10 m pixel that decide about mixed pixels


@dataclass(frozen=True)
class Landscape:
    """What lies where.

    Attributes
    ----------
    size: side in metres.
    parcels: `parcel` (id), `crop` (true label; None where nobody declared it), geometry; EPSG:32632.
    crop: true crop of every parcel, also of those without a label; names in `crops.ALL`.
    cover: kind (one of `COVERS`) of each further entity, in order.
    pixel, entity, share: one row for each entity in a pixel: index of the 10 m pixel (row-major), index of the
        entity (parcels first, then covers), share of the pixel's area (float32; sums to 1 in each pixel).
    vigour: float32 (rows, columns) in -1..1 at 10 m: how much better or worse than its entity's mean a pixel grows.
    """

    size: int
    parcels: gpd.GeoDataFrame
    crop: tuple[str, ...]
    cover: tuple[str, ...]
    pixel: NDArray[np.int32]
    entity: NDArray[np.int32]
    share: NDArray[np.float32]
    vigour: NDArray[np.float32]

    @cached_property
    def dominant(self) -> NDArray[np.int32]:
        """Entity with the largest share in each 10 m pixel, (rows, columns)."""
        order = np.lexsort((self.share, self.pixel))
        last = np.flatnonzero(np.append(np.diff(self.pixel[order]), 1))
        return self.entity[order][last].reshape(self.vigour.shape)

    @cached_property
    def _operators(self) -> dict[int, csr_array]:
        side = self.size // 10
        count = len(self.crop) + len(self.cover)
        vigour = self.vigour.reshape(-1)[self.pixel]
        values = np.concatenate(
            [self.share * np.clip(-vigour, 0, 1), self.share * (1 - np.abs(vigour)), self.share * np.clip(vigour, 0, 1)]
        )
        columns = np.concatenate([self.entity, self.entity + count, self.entity + 2 * count])
        row, column = np.divmod(self.pixel, side)
        operators = {}
        for resolution in (10, 20, 60):
            factor = resolution // 10
            rows = np.tile((row // factor) * (side // factor) + column // factor, 3)
            shape = ((side // factor) ** 2, 3 * count)
            operators[resolution] = csr_array(coo_array((values / np.float32(factor**2), (rows, columns)), shape=shape))
        return operators

    def paint(self, values: NDArray[np.float32], resolution: int) -> NDArray[np.float32]:
        """An image of what the entities reflect.

        Parameters
        ----------
        values: float32 (3, entity, band): of pixels with vigour -1, 0 and 1; between, it is interpolated linearly.
        resolution: 10, 20 or 60 m; coarse pixels are the means of fine ones.

        Returns
        -------
        float32 (band, rows, columns).
        """
        side = self.size // resolution
        image = self._operators[resolution] @ values.reshape(-1, values.shape[-1])
        return np.ascontiguousarray(image.T).reshape(-1, side, side)

    def save(self, folder: str | Path) -> None:
        """Write `parcels.gpkg` (columns parcel, crop, geometry) and `landscape.npz` (all the rest)."""
        folder = Path(folder)
        with atomic(folder / "parcels.gpkg") as part:
            self.parcels.to_file(part, layer="parcels", driver="GPKG")
        with atomic(folder / "landscape.npz") as part:
            np.savez(
                part, size=self.size, crop=np.array(self.crop), cover=np.array(self.cover), pixel=self.pixel,
                entity=self.entity, share=self.share, vigour=self.vigour,
            )  # fmt: skip

    @classmethod
    def load(cls, folder: str | Path) -> Landscape:
        """Read what `save` wrote."""
        folder = Path(folder)
        with np.load(folder / "landscape.npz") as file:
            arrays = {name: file[name] for name in ("pixel", "entity", "share", "vigour")}
            size, crop, cover = int(file["size"]), tuple(file["crop"].tolist()), tuple(file["cover"].tolist())
        return cls(size=size, parcels=gpd.read_file(folder / "parcels.gpkg"), crop=crop, cover=cover, **arrays)


def geoboxes(size: int) -> dict[str, GeoBox]:
    """The grid of each band, and of the scene classification "SCL" (20 m), of a landscape of `size` metres."""
    boxes = {}
    for resolution in (10, 20, 60):
        affine = Affine(resolution, 0, ORIGIN[0], 0, -resolution, ORIGIN[1])
        boxes[resolution] = GeoBox((size // resolution, size // resolution), affine, CRS)
    return {name: boxes[band.resolution] for name, band in BAND.items()} | {"SCL": boxes[20]}


def make_landscape(config: SimulatorSource) -> Landscape:
    """The landscape of a configuration: the same for the same `seed`, `size` and `parcels`.

    Raises
    ------
    InputError
        If the landscape is too small for that many parcels.
    """
    rng = generator(config.seed, "landscape")
    size = float(config.size)
    land = _Land(size, rng)
    fields = _fields(land, config.parcels, rng)
    if len(fields) < 0.8 * config.parcels:
        raise InputError(
            f"source.parcels: a landscape of {config.size} m has room for {len(fields)} parcels only, not for "
            f"{config.parcels}; lower source.parcels or raise source.size"
        )
    crop = _crops(fields, land, rng)
    geometries: list[BaseGeometry] = [*fields, *(g for _, g in land.covers)]
    cover = tuple(kind for kind, _ in land.covers)
    pixel, entity, share, vigour = _rasters(geometries, len(fields), cover, config.size, rng)
    labels: list[str | None] = list(crop)
    missing = rng.random(len(fields)) < 0.015
    rare = np.array([name == RARE.name for name in crop])
    for i in np.flatnonzero(missing & ~rare):
        labels[i] = None
    table = gpd.GeoDataFrame(
        {"parcel": [f"P{i + 1:05d}" for i in range(len(fields))], "crop": labels},
        geometry=[_placed(field, size) for field in fields],
        crs=CRS,
    )
    return Landscape(config.size, table, tuple(crop), cover, pixel, entity, share, vigour)


def _placed(field: Polygon | MultiPolygon, size: float) -> Polygon | MultiPolygon:
    """A parcel at its place in the world; mended where rounding to larger coordinates makes its ring touch itself."""
    moved = translate(field, ORIGIN[0], ORIGIN[1] - size)
    if moved.is_valid:
        return moved
    parts = [part for part in shapely.get_parts(shapely.make_valid(moved)) if part.area > 1.0]
    return MultiPolygon(parts) if len(parts) > 1 else parts[0]


class _Land:
    """Everything but the parcels, in local metres from the lower left corner.

    `covers` holds (kind, geometry), later ones above earlier ones; `farmland` what is left for parcels.
    """

    def __init__(self, size: float, rng: np.random.Generator) -> None:
        self.size = size
        square = box(0, 0, size, size)
        villages = [
            self._blob(rng, rng.uniform(0.12, 0.88, 2) * size, (0.035 + 0.02 * rng.random()) * size) for _ in range(3)
        ]
        self.lake = self._blob(rng, rng.uniform(0.15, 0.85, 2) * size, 0.032 * size)
        self.stream = self._winding(rng, rng.uniform(0.2, 0.8, 2) * size, 0.09)
        roads = [self._road(village, rng) for village in villages[:2]]
        village = shapely.union_all(villages).intersection(square)
        water = shapely.union_all([self.lake, self.stream.buffer(5.0)]).intersection(square)
        road = shapely.union_all([r.buffer(5.0) for r in roads]).intersection(square).difference(water)
        taken = shapely.union_all([village, water.buffer(8.0), road.buffer(2.0)])
        forest = self._forest(rng).difference(taken)
        stands = [s for p in parcelling.polygons(forest) for s in parcelling.blocks([p], 9e4, 0.0, rng)]
        open_land = parcelling.polygons(square.difference(shapely.union_all([taken, forest.buffer(3.0)])))
        self.farmland = parcelling.blocks(open_land, 3.2e5 * min(1.0, size / 4000), 4.5, rng)
        margin = square
        tracks = shapely.union_all(open_land).difference(shapely.union_all(self.farmland))
        self.covers: list[tuple[str, BaseGeometry]] = [("margin", margin), ("track", tracks)]
        self.covers += [("conifer" if rng.random() < 0.6 else "broadleaf", stand) for stand in stands]
        self.covers += [("built", part) for part in parcelling.polygons(village)]
        self.covers += [("road", road), ("water", water)]

    def _blob(self, rng: np.random.Generator, middle: NDArray[np.float64], radius: float) -> Polygon:
        angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        waves = sum(rng.normal(0, 0.22 / n) * np.cos(n * angle + rng.uniform(0, 6.3)) for n in range(2, 7))
        r = radius * np.maximum(1 + waves, 0.4)
        stretch = rng.uniform(0.7, 1.4)
        return Polygon(np.c_[middle[0] + r * np.cos(angle) * stretch, middle[1] + r * np.sin(angle) / stretch])

    def _winding(self, rng: np.random.Generator, ends: NDArray[np.float64], roughness: float) -> LineString:
        """A line from the left to the right border by midpoint displacement."""
        y = np.array(ends)
        step = roughness * self.size
        for _ in range(6):
            middle = (y[1:] + y[:-1]) / 2 + rng.normal(0, step, len(y) - 1)
            y = _weave(y, middle)
            step *= 0.55
        return LineString(np.c_[np.linspace(-10, self.size + 10, len(y)), np.clip(y, 30, self.size - 30)])

    def _road(self, village: Polygon, rng: np.random.Generator) -> LineString:
        """A gently curved road from border to border through the middle of a village."""
        middle = np.array(village.centroid.coords[0])
        angle = rng.uniform(0, np.pi)
        t = np.linspace(-1.5, 1.5, 40) * self.size
        bend = rng.normal(0, 0.03) * self.size * np.sin(t / self.size * 2.0) * np.sign(t)
        direction = np.array([np.cos(angle), np.sin(angle)])
        return LineString(middle + t[:, None] * direction + bend[:, None] * np.array([-direction[1], direction[0]]))

    def _forest(self, rng: np.random.Generator) -> BaseGeometry:
        """A sixth of the land, where a smooth random field is high."""
        cell = 30.0
        side = int(np.ceil(self.size / cell))
        field = fractal(rng, (side, side), cell, 0.2 * self.size, 4.5)
        high = (field > np.quantile(field, 0.83)).astype(np.uint8)
        outlines = shapes(high, mask=high > 0, transform=Affine(cell, 0, 0, 0, cell, 0))
        patches = [shapely.geometry.shape(g).buffer(12).simplify(18).buffer(-12) for g, _ in outlines]
        return shapely.union_all([p for p in patches if p.area > 4000]).intersection(box(0, 0, self.size, self.size))


def _weave(points: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """points[0], middle[0], points[1], middle[1], …, points[-1]."""
    woven = np.empty(len(points) + len(middle))
    woven[::2], woven[1::2] = points, middle
    return woven


def _fields(land: _Land, count: int, rng: np.random.Generator) -> list[Polygon | MultiPolygon]:
    """`count` parcels: cut from the farmland, some of them L-shaped, with holes, in two parts, or tiny.

    Holes become covers of the land. The order is from north-west to south-east.
    """
    special = max(count // 60, 1)
    tiny = max(count // 80, 2)
    pieces = parcelling.parcels(land.farmland, count - tiny - special, rng)
    order = rng.permutation(len(pieces))
    by_area = sorted(order, key=lambda i: pieces[i].area)

    cut_up = by_area[len(by_area) // 10]
    fields: list[Polygon | MultiPolygon] = [*parcelling.allotments(pieces[cut_up], tiny, 900.0, rng)]
    used = {cut_up}
    holes = ells = 0
    for i in reversed(by_area):  # large ones have room for holes and corners
        if i in used:
            continue
        if holes < special and (holed := parcelling.holed(pieces[i], rng)):
            fields.append(holed[0])
            land.covers.append((("broadleaf", "water", "built")[holes % 3], holed[1]))
            used.add(i)
            holes += 1
        elif ells < special and rng.random() < 0.3 and (cut := parcelling.corner_cut(pieces[i], rng)):
            fields += cut
            used.add(i)
            ells += 1
    rest = [pieces[i] for i in range(len(pieces)) if i not in used]
    fields += _in_two_parts(rest, max(special // 2, 1), rng)
    return sorted(fields, key=lambda f: (-round(f.centroid.y / 200), f.centroid.x))


def _in_two_parts(pieces: list[Polygon], count: int, rng: np.random.Generator) -> list[Polygon | MultiPolygon]:
    """Unite `count` pairs of near pieces that do not touch: one parcel, two polygons."""
    rest: list[Polygon | MultiPolygon] = list(pieces)
    for _ in range(count):
        first = rest.pop(int(rng.integers(len(rest))))
        distance = np.array([first.distance(r) if isinstance(r, Polygon) else np.inf for r in rest])
        apart = np.where(distance > 5.0, distance, np.inf)
        if isinstance(first, MultiPolygon) or not np.isfinite(apart.min()):
            rest.append(first)
            continue
        rest.append(MultiPolygon([first, rest.pop(int(np.argmin(apart)))]))
    return rest


def _crops(fields: list[Polygon | MultiPolygon], land: _Land, rng: np.random.Generator) -> list[str]:
    """A crop for each parcel, with the shares of `CROPS` and somewhat clustered.

    Each parcel belongs to one of the three nearest farms; a farm prefers some crops (dairy or arable farming),
    and grass grows near water. The most attractive of the crops (log share + preferences + Gumbel noise) is
    chosen; the log shares are adjusted until the counts fit.
    """
    xy = np.array([f.centroid.coords[0] for f in fields])
    farms = rng.uniform(0, land.size, (max(len(fields) // 10, 4), 2))
    distance = np.hypot(*(xy[:, None, :] - farms[None, :, :]).transpose(2, 0, 1))
    nearest = np.argsort(distance, axis=1)[:, :3]
    farm = nearest[np.arange(len(fields)), rng.choice(3, len(fields), p=[0.6, 0.25, 0.15])]
    shares = np.array([c.share for c in CROPS])
    taste = rng.normal(0, 0.8, (len(farms), len(CROPS)))[farm]
    wet = np.exp(-np.array([min(f.distance(land.stream), f.distance(land.lake)) for f in fields]) / 250.0)
    permanent = np.array([1.8 if c.name == "grassland" else 0.0 for c in CROPS])
    appeal = taste + wet[:, None] * permanent + rng.gumbel(0, 1, taste.shape)
    bias = np.log(shares)
    for _ in range(60):
        counts = np.bincount(np.argmax(appeal + bias, axis=1), minlength=len(CROPS))
        bias += 0.5 * np.log((shares * len(fields) + 0.5) / (counts + 0.5))
    chosen = np.argmax(appeal + bias, axis=1)
    names = [CROPS[i].name for i in chosen]
    # middle-sized arable parcels, so that it is their number alone which makes the class unusable
    middling = [i for i in np.argsort([f.area for f in fields])[len(fields) // 2 :] if names[i] != "grassland"]
    for i in rng.choice(middling, min(RARE_COUNT, len(middling)), replace=False):
        names[i] = RARE.name
    return names


def _rasters(
    geometries: list[BaseGeometry], parcels: int, cover: tuple[str, ...], size: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    """`pixel`, `entity`, `share` and `vigour` of the landscape."""
    side = size // 10
    fine = side * FINE
    step = 10.0 / FINE
    order = [*range(parcels, len(geometries)), *range(parcels)]  # parcels lie on top
    codes = rasterize(
        ((geometries[i], i) for i in order if not geometries[i].is_empty),
        out_shape=(fine, fine), transform=Affine(step, 0, 0, 0, -step, size), dtype="int16", fill=parcels,
    )  # fmt: skip
    cells = codes.reshape(side, FINE, side, FINE).transpose(0, 2, 1, 3).reshape(side * side, FINE * FINE)
    mixed = np.flatnonzero((cells != cells[:, :1]).any(axis=1))
    pure = np.setdiff1d(np.arange(side * side), mixed, assume_unique=True)
    keys = (mixed[:, None].astype(np.int64) * len(geometries) + cells[mixed]).ravel()
    keys, counts = np.unique(keys, return_counts=True)
    pixel = np.concatenate([pure, keys // len(geometries)]).astype(np.int32)
    entity = np.concatenate([cells[pure, 0], keys % len(geometries)]).astype(np.int32)
    share = np.concatenate([np.ones(len(pure)), counts / FINE**2]).astype(np.float32)

    kinds = np.array(["parcel"] * parcels + list(cover))
    kind = kinds[cells[:, FINE * FINE // 2]].reshape(side, side)
    return pixel, entity, share, _vigour(kind, rng)


def _vigour(kind: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.float32]:
    """How a pixel differs from the mean of its entity: soil in the fields, crowns in forests, roofs in villages."""
    shape = kind.shape
    soil = 0.75 * fractal(rng, shape, 10.0, 500.0) + 0.65 * fractal(rng, shape, 10.0, 70.0, 3.0)
    crowns = fractal(rng, shape, 10.0, 40.0, 2.5)
    houses = np.repeat(np.repeat(rng.standard_normal((-(-shape[0] // 2), -(-shape[1] // 2))), 2, 0), 2, 1)
    roofs = 0.7 * houses[: shape[0], : shape[1]] + 0.9 * rng.standard_normal(shape)
    forest = (kind == "conifer") | (kind == "broadleaf")
    vigour = np.where(forest, crowns, np.where(kind == "built", roofs, soil)) * 0.45
    return np.clip(vigour, -1, 1).astype(np.float32)

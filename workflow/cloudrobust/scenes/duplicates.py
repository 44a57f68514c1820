"""Several products of one acquisition: which are kept, and as what.

The rule, for all products of one tile, level and datatake:

1. The newest processing baseline goes first; among its products the one that covers more of the parcels, then the
   newest (the last time stamp of the name).
2. Any other is kept beside it, as a further part of the same scene, if it saw ground that those before it did not:
   a tile on the cut between two datastrips is in two products. Where parts overlap, the order above decides.
3. All others are left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from ..log import logger
from .source import Found, Source

NEWER = "a newer processing of the acquisition is there"
LARGER = "another product of the acquisition covers more of the parcels"
ADDS = 0.25
"""Share of some parcel that a further part must add: footprints of the same ground differ by some pixels."""
ADDS_GROUND = 0.01
"""The same, as a share of all that was seen, where parcels are not known."""
FULL = 0.99
"""Shares above this count as covered fully."""

F = TypeVar("F", bound=Found)
FootprintOf = Callable[[F], BaseGeometry | None]


@dataclass(frozen=True)
class Acquisition(Generic[F]):
    """What is kept of one acquisition.

    Attributes
    ----------
    parts: products that make up the scene; nearly always one.
    left_out: the others, each with the reason.
    """

    parts: tuple[F, ...]
    left_out: tuple[tuple[F, str], ...] = ()

    @property
    def first(self) -> F:
        """The part whose numbers count where several have some."""
        return self.parts[0]


class _Ground(Protocol):
    """What has been seen, part by part."""

    def covered(self, footprint: BaseGeometry) -> float: ...
    def adds(self, footprint: BaseGeometry, seen: BaseGeometry) -> bool: ...


def resolve(
    found: Iterable[F], footprint_of: FootprintOf[F] | None = None, parcels: gpd.GeoSeries | None = None
) -> list[Acquisition[F]]:
    """Put products together to acquisitions; what is left out is logged by name.

    Parameters
    ----------
    found: products of a search; the same one twice counts once.
    footprint_of: what a product saw, longitude and latitude; asked only where there are several, and None if it is not
        known: then only the first one is kept.
    parcels: where parcels lie, in any coordinate system; by default all ground counts.

    Returns
    -------
    Acquisitions, sorted by time, then id.
    """
    groups: dict[tuple[str, str, object], dict[str, F]] = {}
    for product in found:
        groups.setdefault((product.tile, product.level, product.time), {}).setdefault(product.id, product)
    resolved = []
    for group in groups.values():
        products = sorted(group.values(), key=_age, reverse=True)
        acquisition = Acquisition((products[0],)) if len(products) == 1 else _one(products, footprint_of, parcels)
        for product, reason in acquisition.left_out:
            logger.info("%s is left out: %s (%s)", product.id, reason, acquisition.first.id)
        if len(acquisition.parts) > 1:
            logger.info("%s are parts of one scene", " and ".join(part.id for part in acquisition.parts))
        resolved.append(acquisition)
    return sorted(resolved, key=lambda acquisition: (acquisition.first.time, acquisition.first.id))


def settled(source: Source, found: Iterable[Found]) -> list[Acquisition[Found]]:
    """`resolve` with what a source knows of footprints and parcels."""
    area = getattr(source, "area", None)
    return resolve(found, getattr(source, "footprint", None), area.shapes if area is not None else None)


def _one(products: Sequence[F], footprint_of: FootprintOf[F] | None, parcels: gpd.GeoSeries | None) -> Acquisition[F]:
    """`products` newest first."""
    newest = products[0]
    footprints = {p.id: footprint_of(p) if footprint_of is not None else None for p in products}
    known = {name: shape for name, shape in footprints.items() if shape is not None and not shape.is_empty}
    if len(known) < len(products):
        return Acquisition((newest,), tuple((product, NEWER) for product in products[1:]))
    ground = _parcels(parcels) if parcels is not None and not parcels.is_empty.all() else _All(list(known.values()))
    first_baseline = [p for p in products if p.baseline == newest.baseline]
    others = [p for p in products if p.baseline != newest.baseline]
    first_baseline.sort(key=lambda p: -min(round(ground.covered(known[p.id]), 2), FULL))  # stable: newest
    parts, left_out = [first_baseline[0]], []
    seen = known[parts[0].id]
    for product in (*first_baseline[1:], *others):
        if ground.adds(known[product.id], seen):
            parts.append(product)
            seen = shapely.union(seen, known[product.id])
        else:
            older = _age(product) < _age(parts[0])
            left_out.append((product, NEWER if older else LARGER))
    return Acquisition(tuple(parts), tuple(left_out))


def _parcels(parcels: gpd.GeoSeries) -> _Parcels:
    shapes = np.asarray(parcels.to_crs("EPSG:4326").array, dtype=object)
    return _Parcels(shapely.make_valid(shapes[~shapely.is_empty(shapes)]))


@dataclass(frozen=True)
class _Parcels:
    shapes: NDArray[np.object_]

    def covered(self, footprint: BaseGeometry) -> float:
        shapely.prepare(footprint)
        inside = shapely.covers(footprint, self.shapes)
        areas = shapely.area(self.shapes)
        cut = shapely.area(shapely.intersection(self.shapes[~inside], footprint)).sum()
        return float((areas[inside].sum() + cut) / areas.sum())

    def adds(self, footprint: BaseGeometry, seen: BaseGeometry) -> bool:
        shapely.prepare(seen)
        left = shapely.difference(self.shapes[~shapely.covers(seen, self.shapes)], seen)
        if not len(left):
            return False
        whole = shapely.area(self.shapes[~shapely.covers(seen, self.shapes)])
        gained = shapely.area(shapely.intersection(left, footprint))
        return bool((gained > ADDS * whole).any())


@dataclass(frozen=True)
class _All:
    footprints: list[BaseGeometry]

    @property
    def whole(self) -> float:
        return float(shapely.union_all(self.footprints).area)

    def covered(self, footprint: BaseGeometry) -> float:
        return float(footprint.area / self.whole)

    def adds(self, footprint: BaseGeometry, seen: BaseGeometry) -> bool:
        return bool(shapely.difference(footprint, seen).area > ADDS_GROUND * self.whole)


def _age(product: Found) -> tuple[tuple[int, ...], str, str]:
    baseline = tuple(int(part) for part in product.baseline.split("."))
    return baseline, product.id.removesuffix(".SAFE").rsplit("_", 1)[-1], product.id

"""Of several products of one acquisition the right ones are kept, as what they are."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import MultiPolygon, Polygon, box

from cloudrobust.scenes.duplicates import LARGER, NEWER, Acquisition, resolve
from cloudrobust.scenes.safe.names import ProductName
from cloudrobust.scenes.source import Found

WHOLE, WEST, EAST = box(10, 48, 11, 49), box(10, 48, 10.6, 49), box(10.6, 48, 11, 49)
# three parcels: west of the cut, on it, east of it
PARCELS = gpd.GeoSeries([box(x, 48.5, x + 0.01, 48.51) for x in (10.2, 10.593, 10.8)], crs="EPSG:4326")


@dataclass(frozen=True)
class Seen(Found):
    footprint: Polygon | MultiPolygon | None = None


def found(baseline: str, discriminator: str, footprint: Any = WHOLE, **more: Any) -> Seen:
    name = ProductName(
        "S2A", "L1C", datetime(2022, 5, 5, 10, 24, 11), baseline, 65, "32UPU", datetime.fromisoformat(discriminator)
    )
    return replace(Seen(str(name), name.tile, name.level, name.time, baseline, footprint=footprint), **more)


def one(*products: Seen, parcels: gpd.GeoSeries | None = PARCELS) -> Acquisition[Seen]:
    """The acquisition that the products make up, in whichever order they are found."""
    (first,) = resolve(products, lambda product: product.footprint, parcels)
    (second,) = resolve(reversed(products), lambda product: product.footprint, parcels)
    assert (first.parts, set(first.left_out)) == (second.parts, set(second.left_out))
    return first


def test_newest_baseline_then_newest_discriminator_stays(caplog: pytest.LogCaptureFixture) -> None:
    oldest = found("03.01", "2024-01-01")
    early, late = found("05.00", "2023-01-01"), found("05.00", "2023-01-02")
    with caplog.at_level(logging.INFO, "cloudrobust"):
        acquisition = one(oldest, early, late)
    assert acquisition.parts == (late,)
    assert acquisition.left_out == ((early, NEWER), (oldest, NEWER))
    for loser in (oldest, early):
        assert f"{loser.id} is left out: {NEWER}" in caplog.text


def test_of_one_baseline_the_product_that_covers_the_parcels_fully_stays() -> None:
    full, newer = found("05.00", "2023-01-01"), found("05.00", "2023-01-02", WEST)
    acquisition = one(full, newer)
    assert acquisition.parts == (full,)
    assert acquisition.left_out == ((newer, LARGER),)


@pytest.mark.parametrize("parcels", [PARCELS, PARCELS.to_crs(32632), None], ids=["degrees", "metres", "unknown"])
def test_parts_that_complement_each_other_are_both_kept(parcels: gpd.GeoSeries | None) -> None:
    west, east = found("04.00", "2022-05-05", WEST), found("04.00", "2022-05-06", EAST)
    again_west, again_east = found("05.00", "2023-01-01", WEST), found("05.00", "2023-01-02", EAST)
    assert one(west, east, parcels=parcels).parts == (west, east)  # the larger first
    acquisition = one(west, again_east, east, again_west, parcels=parcels)
    assert acquisition.parts == (again_west, again_east)
    assert {product.id for product, _ in acquisition.left_out} == {west.id, east.id}


def test_a_part_reprocessed_alone_does_not_lose_the_other() -> None:
    west, east, again = (
        found("04.00", "2022-05-05", WEST),
        found("04.00", "2022-05-06", EAST),
        found("05.00", "2023-01-01", EAST),
    )
    acquisition = one(west, east, again)
    assert acquisition.parts == (again, west)
    assert acquisition.left_out == ((east, NEWER),)


def test_a_part_that_sees_no_parcel_more_is_not_fetched() -> None:
    west, east = found("04.00", "2022-05-05", WEST), found("04.00", "2022-05-06", EAST)
    acquisition = one(west, east, parcels=PARCELS.iloc[:1])
    assert acquisition.parts == (west,)
    assert acquisition.left_out == ((east, LARGER),)
    # footprints of one ground differ by a few pixels from processing to processing
    shifted = found("05.00", "2023-01-01", box(10.0001, 48, 11, 49))
    assert one(found("04.00", "2022-05-05"), shifted, parcels=None).parts == (shifted,)


def test_without_footprints_only_the_newest_stays() -> None:
    old, new = found("04.00", "2022-05-05", None), found("04.00", "2022-05-06", WEST)
    assert one(old, new).parts == (new,)
    assert [a.parts for a in resolve([old, new])] == [(new,)]


def test_other_times_tiles_and_levels_are_no_duplicates() -> None:
    first = found("05.00", "2023-01-01")
    others = [
        replace(first, time=datetime(2022, 5, 5, 10, 24, 12)),
        replace(first, tile="32UQU"),
        replace(first, level="L2A"),
    ]
    assert len(resolve([first, *others, first])) == 4

"""Distances between the parts of a split, against shapely's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from cloudrobust.errors import InputError
from cloudrobust.parcels.distances import distances, in_metres, nearest


@pytest.fixture
def parcels(make_parcels, star_fields):
    return make_parcels(list(star_fields(60, 2000, seed=3)))


@pytest.fixture
def split(parcels):
    return pd.DataFrame({"parcel": parcels["parcel"], "part": (["train"] * 3 + ["validation"] + ["test"] * 2) * 10})


def test_the_distances_are_those_of_every_pair(parcels, split):
    found = distances(parcels, split)
    shapes = parcels.geometry.to_numpy()
    part = split["part"].to_numpy()
    for one, other in (("test", "train"), ("test", "validation"), ("validation", "train")):
        rows = found[(found["part"] == one) & (found["to"] == other)]
        pairs = shapely.distance(shapes[part == one][:, None], shapes[part == other][None, :])
        assert rows["parcel"].tolist() == split.loc[part == one, "parcel"].tolist()
        np.testing.assert_allclose(rows["distance"], pairs.min(axis=1))


def test_geographic_outlines_are_measured_in_metres(parcels, split):
    metric, geographic = distances(parcels, split), distances(parcels.to_crs("EPSG:4326"), split)
    # The scale of UTM is off by 4 in 10,000 at most, and the zone may differ.
    np.testing.assert_allclose(geographic["distance"], metric["distance"], rtol=2e-3, atol=0.5)


def test_without_positions_there_are_no_distances(parcels, split):
    parcels["geometry"] = None
    assert distances(parcels, split).empty
    with pytest.raises(InputError, match=r"split\.buffer: parcel 'p000' has no position"):
        in_metres(parcels, "split.buffer")


def test_nothing_is_infinitely_far(parcels):
    assert np.isinf(nearest(parcels.geometry, parcels.geometry.iloc[:0])).all()
    assert (nearest(parcels.geometry, parcels.geometry) == 0).all()

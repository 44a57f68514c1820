"""A placebo for a mask, and masks with errors of a known rate: dates of parcels that are drawn."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pydantic import ValidationError

from cloudrobust.config.steps import Mask
from cloudrobust.errors import InputError
from cloudrobust.steps.mask import apply

from .made import series

TIMES = pd.date_range("2022-03-01T10:20", periods=30, freq="4D")


def before(parcels: int = 12) -> xr.Dataset:
    """Series before any mask, some dates not seen by the satellite."""
    rng = np.random.default_rng(5)
    values = rng.normal(0.4, 0.1, (parcels, TIMES.size, 3))
    values[rng.random((parcels, TIMES.size)) < 0.1] = np.nan
    return series(TIMES, values)


def after(cube: xr.Dataset) -> xr.Dataset:
    """The same after a mask: half of its dates are gone, and the others' means are of clear pixels only."""
    gone = np.random.default_rng(6).random((cube.sizes["parcel"], TIMES.size)) < 0.5
    values = np.where(gone[..., None], np.nan, cube["reflectance"].values - 0.1)
    return series(TIMES, values)


def random(**more: object) -> Mask:
    return Mask.model_validate({"methods": [{"do": "random", "like": "clear"} | more]})


def degraded(**more: object) -> Mask:
    return Mask.model_validate({"methods": [{"do": "degraded", "of": ["clear"]} | more]})


def own_draws(parcel: str, count: int, seed: int) -> np.ndarray:
    key = int.from_bytes(hashlib.sha256(parcel.encode()).digest()[:8], "big")
    return np.random.default_rng([seed, key]).random(count)


def test_a_placebo_removes_as_many_dates_of_each_parcel_but_others() -> None:
    cube = before()
    reference = after(cube)
    result = apply(cube, random(), reference)
    seen, kept = cube["observed"].values == 1, result["observed"].values == 1
    np.testing.assert_array_equal(kept.sum(axis=1), reference["observed"].values.sum(axis=1))
    assert not (kept & ~seen).any()
    assert 0.3 < (kept & (reference["observed"].values == 0)).sum() / kept.sum() < 0.7
    np.testing.assert_array_equal(result["reflectance"].values[kept], cube["reflectance"].values[kept])
    assert np.isnan(result["reflectance"].values[~kept]).all()
    assert (result["clear_fraction"].values[~kept] == 0).all()
    # By hand: of the dates that were seen those with the smallest draws stay.
    for number, parcel in enumerate(cube["parcel"].values):
        draws = own_draws(str(parcel), TIMES.size, 0)
        order = sorted(np.flatnonzero(seen[number]), key=lambda n: draws[n])
        assert set(np.flatnonzero(kept[number])) == set(order[: int(reference["observed"].values[number].sum())])


def test_a_placebo_by_month_keeps_the_months_full() -> None:
    cube = before()
    reference = after(cube)
    result = apply(cube, random(within="month"), reference)
    for month in np.unique(TIMES.month):
        own = TIMES.month == month
        np.testing.assert_array_equal(
            result["observed"].values[:, own].sum(axis=1), reference["observed"].values[:, own].sum(axis=1)
        )
    assert not np.array_equal(result["observed"], apply(cube, random(), reference)["observed"])


@pytest.mark.parametrize("step", [random(), degraded(omission=0.3, commission=0.2)])
def test_draws_are_a_parcels_own(step: Mask) -> None:
    cube = before()
    reference = after(cube)
    whole = apply(cube, step, reference)
    turned = apply(cube.isel(parcel=slice(None, None, -1)), step, reference)
    xr.testing.assert_identical(turned.isel(parcel=slice(None, None, -1)), whole)
    few = apply(cube.isel(parcel=[7, 2]), step, reference.isel(parcel=[2, 7]))
    np.testing.assert_array_equal(few["observed"], whole["observed"].isel(parcel=[7, 2]))
    other = step.model_copy(update={"methods": (step.resolved[0].model_copy(update={"seed": 1}),)})
    assert not np.array_equal(apply(cube, other, reference)["observed"], whole["observed"])


def test_errors_leave_draws_of_earlier_dates_alone() -> None:
    cube = before()
    reference, step = after(cube), degraded(omission=0.3, commission=0.2)
    early = apply(cube.isel(time=slice(0, 20)), step, reference.isel(time=slice(0, 20)))
    np.testing.assert_array_equal(early["observed"], apply(cube, step, reference)["observed"].isel(time=slice(0, 20)))


def test_errors_are_of_the_asked_rates_and_nested() -> None:
    cube = before(400)
    reference = after(cube)
    seen, clear = cube["observed"].values == 1, reference["observed"].values == 1
    former = clear
    for rate in (0.1, 0.25, 0.5):
        result = apply(cube, degraded(omission=rate, commission=rate / 2), reference)
        kept = result["observed"].values == 1
        missed, lost = kept & ~clear, clear & ~kept
        assert missed.sum() / (seen & ~clear).sum() == pytest.approx(rate, abs=0.02)
        assert lost.sum() / clear.sum() == pytest.approx(rate / 2, abs=0.02)
        # What a smaller rate changed is still changed.
        assert not ((former != clear) & (kept == clear)).any()
        former = kept
        # What is missed shows its clouds, what is kept the clear pixels' mean.
        np.testing.assert_array_equal(result["reflectance"].values[missed], cube["reflectance"].values[missed])
        np.testing.assert_array_equal(
            result["reflectance"].values[kept & clear], reference["reflectance"].values[kept & clear]
        )
        assert np.isnan(result["reflectance"].values[~kept]).all()


def test_without_errors_a_mask_is_itself_and_with_all_missed_it_is_none() -> None:
    cube = before()
    reference = after(cube)
    same = apply(cube, degraded(), reference)
    np.testing.assert_array_equal(same["reflectance"], reference["reflectance"])
    np.testing.assert_array_equal(same["observed"], reference["observed"])
    none = apply(cube, degraded(omission=1.0), reference)
    np.testing.assert_array_equal(none["observed"], cube["observed"])


def test_what_is_missing_is_said() -> None:
    cube = before()
    with pytest.raises(InputError, match="mask random: compares with other masks"):
        apply(cube, random())
    with pytest.raises(InputError, match="mask degraded: the reference has other times"):
        apply(cube, degraded(), after(cube).isel(time=slice(3)))
    with pytest.raises(ValidationError, match="like"):
        Mask.model_validate({"methods": [{"do": "random"}]})
    with pytest.raises(ValidationError, match="method random works on the parcels' series; give it a mask step"):
        Mask.model_validate({"methods": [{"do": "random", "like": "clear"}, "scl"]})

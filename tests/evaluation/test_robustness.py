"""Robustness: the branch's own steps work on what is left, and the undegraded start is the run itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from cloudrobust.config.evaluation import Robustness
from cloudrobust.config.models import Forest
from cloudrobust.config.steps import Interpolate
from cloudrobust.config.training import Training
from cloudrobust.evaluation import robustness as module
from cloudrobust.evaluation.robustness import Inputs, chosen, robustness
from cloudrobust.learning import train_and_predict
from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.steps import apply

CLASSES, BANDS = ("barley", "maize", "wheat"), ("B02", "B04", "B08")
STEP = Interpolate(every="10d")
CONFIG = Robustness(shares=(0.5, 0.9), draws=2, every=40, bins=3)


def cube(values: np.ndarray, chain: str) -> xr.Dataset:
    observed = np.isfinite(values).any(axis=2).astype(np.int8)
    time = np.datetime64("2022-03-01T10:20", "ns") + np.arange(values.shape[1]) * np.timedelta64(5, "D")
    return xr.Dataset(
        {"reflectance": (("parcel", "time", "band"), values), "observed": (("parcel", "time"), observed)},
        {"parcel": [f"p{n:03d}" for n in range(len(values))], "time": time, "band": list(BANDS)},
        {"level": "L1C", "chain": chain, "time_coverage_start": "2022-03-01", "time_coverage_end": "2022-09-15"},
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> dict[str, Inputs]:
    """Three crops that green up at different times, under clouds that a mask knows; forests on both branches."""
    folder = Path(tmp_path_factory.mktemp("robustness"))
    random = np.random.default_rng(0)
    label = np.arange(240) % 3
    day = np.arange(40) * 5.0
    peak = np.array([60.0, 130.0, 95.0])[label] + random.normal(0, 8, 240)
    green = np.exp(-(((day - peak[:, None]) / 30) ** 2))[:, :, None]
    values = 0.15 + green * np.array([-0.05, -0.08, 0.35]) + random.normal(0, 0.02, (240, 40, 3))
    cloudy = random.random((240, 40)) < random.uniform(0.2, 0.7, (240, 1))
    values[cloudy] = random.uniform(0.4, 0.9, cloudy.sum())[:, None] + random.normal(0, 0.02, (cloudy.sum(), 3))
    raw = cube(values.astype(np.float32), "L1C")
    masked = cube(np.where(cloudy[:, :, None], np.nan, values).astype(np.float32), "L1C/clear")
    part = np.array(["train", "train", "test", "validation"])[np.arange(240) // 3 % 4]
    split = pd.DataFrame({"parcel": raw["parcel"].values, "class": np.array(CLASSES)[label], "part": part})
    split["block"] = [f"{n // 12}_0" for n in range(240)]
    split.to_parquet(folder / "split.parquet")
    tested = tuple(split.loc[split["part"] == "test", "parcel"])
    found = {}
    for branch, base, rest in (("raw", raw, ()), ("preprocessed", masked, (STEP,))):
        series = apply(base, STEP) if rest else base
        write_dataset(series, folder / f"{branch}.nc")
        run = folder / branch
        train_and_predict(
            folder / f"{branch}.nc", folder / "split.parquet", branch, "forest", Forest(trees=30),
            Training(seeds=(0, 1), device="cpu"), run, threads=1,
        )  # fmt: skip
        found[branch] = Inputs(run, folder / f"{branch}.nc", folder / "split.parquet", base, rest, raw, masked, tested)
    return found


@pytest.fixture(scope="module")
def tables(study) -> dict[str, pd.DataFrame]:
    return {branch: robustness(inputs, CONFIG, resamples=200, threads=1) for branch, inputs in study.items()}


@pytest.mark.parametrize("branch", ["raw", "preprocessed"])
def test_with_nothing_lost_the_score_is_that_of_the_run(study, tables, branch) -> None:
    known = pd.read_parquet(study[branch].run / "predictions.parquet")
    known = known[known["parcel"].isin(study[branch].tested)]
    accuracy = (known["class"] == known["predicted"]).mean()
    start = tables[branch].query("x == 0")
    assert start["kind"].tolist() == ["lost", "clouded"]
    assert start["accuracy"].tolist() == pytest.approx([accuracy] * 2)
    whole = tables[branch].query("kind == 'end'").iloc[-1]
    assert whole["accuracy"] == pytest.approx(accuracy)  # the last end comes after the last date


@pytest.mark.parametrize("branch", ["raw", "preprocessed"])
def test_losing_nearly_all_clear_dates_costs_accuracy(tables, branch) -> None:
    table = tables[branch]
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["accuracy"] <= table["high"]).all()
    for kind in ("lost", "clouded"):
        curve = table[table["kind"] == kind].set_index("x")
        assert curve["accuracy"][0.9] < curve["accuracy"][0.0] - 0.05
        assert curve["dates"][0.5] == pytest.approx(0.5 * curve["dates"][0.0], rel=0.05)
        assert curve["draws"][0.5] == 2
    ends = table[table["kind"] == "end"].set_index("x")
    assert ends.index.is_monotonic_increasing
    assert ends["accuracy"].iloc[0] < ends["accuracy"].iloc[-1] - 0.2
    assert ends["dates"].is_monotonic_increasing


def test_parcels_are_binned_by_their_clear_dates(study, tables) -> None:
    for kind in ("clear dates", "cloud share"):
        bins = tables["raw"][tables["raw"]["kind"] == kind]
        assert bins["parcels"].sum() == len(study["raw"].tested)
        assert len(bins) == 3
    whole = tables["raw"].query("kind == 'lost' and x == 0")
    bins = tables["raw"].query("kind == 'clear dates'")
    assert np.average(bins["accuracy"], weights=bins["parcels"]) == pytest.approx(whole["accuracy"].item())


def test_bins_count_all_dates_whose_clouds_are_known(study) -> None:
    inputs = study["raw"]
    parcels = inputs.base["parcel"].values
    clear = np.full((len(parcels), 50), np.nan, np.float32)  # the whole year, more than any mask's season
    clear[:, :45] = 0.2
    count = 10 + np.arange(len(parcels)) % 31
    clear[np.arange(50) < count[:, None]] = 0.9
    clouds = xr.Dataset({"clear_fraction": (("parcel", "time"), clear)}, {"parcel": parcels})
    table = robustness(replace(inputs, clouds=clouds), Robustness(shares=(0.5,), draws=1, every=200), resamples=100)
    wanted = count[np.isin(parcels, inputs.tested)]
    for kind, values in (("clear dates", wanted), ("cloud share", 1 - wanted / 45)):
        bins = table[table["kind"] == kind]
        assert np.average(bins["x"], weights=bins["parcels"]) == pytest.approx(values.mean())
        assert bins["x"].min() == pytest.approx(values[values <= np.quantile(values, 0.25)].mean())


@pytest.fixture
def shown(study, monkeypatch) -> dict[str, xr.Dataset]:
    """What the models of either branch are shown, without asking them."""
    cubes: dict[str, xr.Dataset] = {}

    def ask(run: Path, series: Path, **_: object) -> pd.DataFrame:
        cubes[run.name] = read_series(series)
        parcels = cubes[run.name]["parcel"].values
        return pd.DataFrame({"parcel": parcels, "seed": 0, "predicted": "maize"})

    monkeypatch.setattr(module, "predict_others", ask)
    for inputs in study.values():
        robustness(inputs, CONFIG, resamples=100)
    return cubes


def test_what_is_lost_is_lost_before_the_interpolation(study, shown) -> None:
    raw, equal = (shown[branch]["reflectance"] for branch in ("raw", "preprocessed"))
    parcel = study["raw"].tested[4]
    ids = raw["parcel"].values
    names = [name for name in ids if name.endswith(f"|{parcel}")]
    base = study["preprocessed"].base.sel(parcel=[parcel])
    lost_somewhere = 0
    for name in names:
        left = np.isfinite(raw.sel(parcel=name).values).all(axis=1)
        kept = base.where(xr.DataArray(left, dims="time", coords={"time": base["time"]}))
        clouded = not np.array_equal(
            raw.sel(parcel=name).values[left], study["raw"].base["reflectance"].sel(parcel=parcel).values[left]
        )
        if clouded or left.all():
            continue
        expected = apply(base.assign(reflectance=kept["reflectance"].transpose("parcel", "time", "band")), STEP)
        got = equal.sel(parcel=name).values
        late = np.isnan(got).all(axis=1)
        np.testing.assert_allclose(got[~late], expected["reflectance"].values[0][~late], rtol=1e-5)
        if late.any():  # cut short: nothing that was filled in after the end is shown
            end = base["time"].values[left].max()
            assert (equal["time"].values[late].astype("datetime64[D]") > end.astype("datetime64[D]")).all()
        lost_somewhere += 1
    assert lost_somewhere >= 2 * 2 + 3


def test_both_branches_lose_the_same_dates(study, shown) -> None:
    raw = shown["raw"]["reflectance"]
    clear = np.isfinite(study["raw"].reference.sel(parcel=list(study["raw"].tested))["reflectance"].values).any(axis=2)
    first = raw.sel(parcel=[f"1|{parcel}" for parcel in study["raw"].tested])
    gone = np.isnan(first.values).all(axis=2)
    # Only clear dates are lost; cloudy ones stay for the raw branch to see.
    assert not (gone & ~clear).any()
    np.testing.assert_allclose(gone.sum(axis=1), 0.5 * clear.sum(axis=1), atol=0.5)


def test_clouds_come_from_training_parcels_and_from_cloudy_dates(study, shown) -> None:
    split = pd.read_parquet(study["raw"].split).set_index("parcel")
    reference, raw = study["raw"].reference, study["raw"].unmasked
    train = split.index[split["part"] == "train"]
    cloudy = np.isnan(reference.sel(parcel=train)["reflectance"].values).all(axis=2)
    pool = {tuple(value) for value in raw.sel(parcel=train)["reflectance"].values[cloudy]}
    base = raw["reflectance"].sel(parcel=list(study["raw"].tested)).values
    after = shown["raw"]["reflectance"].sel(parcel=[f"2|{parcel}" for parcel in study["raw"].tested]).values
    changed = (after != base).any(axis=2)
    assert changed.mean() > 0.1
    assert all(tuple(value) in pool for value in after[changed])


def test_without_a_mask_no_cloud_is_known(study, caplog) -> None:
    bare = study["raw"].base
    inputs = Inputs(
        *[getattr(study["raw"], n) for n in ("run", "series", "split")], bare, (), bare, bare, study["raw"].tested
    )
    table = robustness(inputs, Robustness(shares=(0.5,), draws=1, every=100), resamples=100, threads=1)
    # Nor do parcels differ in their number of clear dates.
    assert set(table["kind"]) == {"lost", "end"}
    assert "no cloudy observation is known" in caplog.text


def test_many_parcels_are_thinned_class_by_class() -> None:
    classes = pd.Series(["a"] * 80 + ["b"] * 20, index=[f"p{n:02d}" for n in range(100)])
    some = chosen(list(classes.index), classes, 25)
    assert len(set(some)) == 25
    assert classes[some].value_counts().to_dict() == {"a": 20, "b": 5}
    assert len(chosen(list(classes.index), classes, 500)) == 100

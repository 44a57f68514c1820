"""Made-up cubes: series of parcels with clouds, and what tests say about them in common."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

BANDS = ("B02", "B04", "B08")


def series(times: pd.DatetimeIndex, values: np.ndarray, bands: tuple[str, ...] = BANDS, **attrs: str) -> xr.Dataset:
    """Series of shape (parcel, time, band) with everything that `observe` gives; observed where any band is."""
    observed = np.isfinite(values).any(axis=2)
    return xr.Dataset(
        {
            "reflectance": (
                ("parcel", "time", "band"),
                values.astype(np.float32),
                {"units": "1", "standard_name": "surface_bidirectional_reflectance"},
            ),
            "reflectance_std": (("parcel", "time", "band"), np.where(np.isfinite(values), 0.01, np.nan).astype("f4")),
            "observed": (("parcel", "time"), observed.astype(np.int8), {"flag_meanings": "missing measured"}),
            "pixel_count": (("parcel", "time"), np.where(observed, 40.0, 0.0).astype(np.float32)),
            "clear_fraction": (("parcel", "time"), np.where(observed, 0.9, 0.0).astype(np.float32), {"units": "1"}),
        },
        coords={
            "parcel": [f"P{number:03d}" for number in range(values.shape[0])],
            "time": times,
            "band": list(bands[: values.shape[2]]),
            "wavelength": ("band", np.linspace(490, 840, values.shape[2]), {"units": "nm"}),
            "scene": ("time", [f"S{number}" for number in range(times.size)]),
        },
        attrs={"level": "L2A", "chain": "L2A"} | attrs,
    )


def cloudy(seed: int, parcels: int = 7, dates: int = 40, bands: int = 3) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Dates of 2022 and values (parcel, time, band) of which 60 % of the dates are missing."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(360, dates, replace=False))
    times = pd.Timestamp("2022-01-01T10:21") + pd.to_timedelta(days, unit="D")
    values = rng.normal(0.2, 0.1, (parcels, dates, bands))
    values[rng.random((parcels, dates)) < 0.6] = np.nan
    values[0, :, 1:2] = np.nan
    return pd.DatetimeIndex(times), values


def cloudy_series(seed: int, parcels: int = 7, dates: int = 40, **attrs: str) -> xr.Dataset:
    """A series of `cloudy` that covers all of 2022."""
    window = {"time_coverage_start": "2022-01-01", "time_coverage_end": "2022-12-31"}
    return series(*cloudy(seed, parcels, dates), **(window | attrs))


def numbers(times: pd.DatetimeIndex) -> np.ndarray:
    """Day numbers since 1970-01-01."""
    return times.values.astype("datetime64[D]").astype(int)


def as_pixels(cube: xr.Dataset, rows: int, columns: int) -> xr.Dataset:
    """The parcels of a series laid out as pixels: reflectance (time, band, y, x) and observed (time, y, x)."""
    values = cube["reflectance"].transpose("time", "band", "parcel").values
    flags = cube["observed"].transpose("time", "parcel").values
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), values.reshape(*values.shape[:2], rows, columns)),
            "observed": (("time", "y", "x"), flags.reshape(-1, rows, columns)),
        },
        coords={"time": cube["time"], "band": cube["band"].values},
        attrs=cube.attrs,
    )


def as_series(values: xr.DataArray) -> np.ndarray:
    """(parcel, time, band) of the reflectance of such pixels."""
    dims = ("y", "x", "time", *(dim for dim in values.dims if dim == "band"))
    ordered = values.transpose(*dims).values
    return ordered.reshape(-1, *ordered.shape[2:])

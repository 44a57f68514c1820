"""What the scripts of pictures share: the parcel that they show."""

import pandas as pd
import xarray as xr

from cloudrobust.config.study import Pictures
from cloudrobust.parcels.read import load_parcels
from cloudrobust.report.example_parcel import typical_parcel


def chosen_parcel(snakemake, raw: xr.Dataset, measured: xr.Dataset) -> pd.Series:
    """The row of the configured parcel, or of a typical one that both series hold."""
    cfg = Pictures.model_validate_json(snakemake.params.cfg)
    parcels = load_parcels(snakemake.input.parcels)
    held = set(raw["parcel"].values.tolist()) & set(measured["parcel"].values.tolist())
    observations = measured["observed"].sum("time").to_series()
    observations = {parcel: int(count) for parcel, count in observations.items() if parcel in held}
    split = pd.read_parquet(snakemake.input.split)
    parcel = typical_parcel(parcels, split, observations, cfg.parcel)
    return parcels.set_index("parcel", drop=False).loc[parcel]

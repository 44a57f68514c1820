"""Rule collect_series: the months of all tiles as one series."""

from pathlib import Path

import geopandas as gpd

from adaptor import job
from cloudrobust.config.study import Period
from cloudrobust.errors import InputError
from cloudrobust.parcels.collect import collect
from cloudrobust.parcels.series import write_dataset

with job(snakemake):
    chain = snakemake.wildcards.chain
    window = Period.model_validate_json(snakemake.params.window)
    parcels = gpd.read_parquet(snakemake.input.parcels, columns=["parcel", "geometry"])
    series = collect(
        snakemake.input.observations, parcels["parcel"].tolist(), chain=chain, period=(window.start, window.end)
    )
    if series.sizes["time"] == 0:
        raise InputError(
            f"period: no scene of {chain} lies between {window.start} and {window.end} in the source; "
            "check the period, the tiles and the source"
        )
    write_dataset(series, Path(snakemake.output.series))

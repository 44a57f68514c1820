"""Rule collect_series: the months of all tiles as one series."""

from pathlib import Path

import geopandas as gpd

from adaptor import job
from cloudrobust.config.steps.chain import within
from cloudrobust.errors import InputError
from cloudrobust.parcels.collect import collect
from cloudrobust.parcels.series import write_dataset

with job(snakemake):
    chain = snakemake.wildcards.chain
    spans = within(snakemake.params.window)
    first, last = spans[0][0], spans[-1][1]
    parcels = gpd.read_parquet(snakemake.input.parcels, columns=["parcel", "geometry"])
    series = collect(snakemake.input.observations, parcels["parcel"].tolist(), chain=chain, period=(first, last))
    if series.sizes["time"] == 0:
        raise InputError(
            f"period: no scene of {chain} lies between {first} and {last} in the source; "
            "check the period, the tiles and the source"
        )
    if len(spans) > 1:
        series.attrs["time_coverage_ranges"] = snakemake.params.window
    write_dataset(series, Path(snakemake.output.series))

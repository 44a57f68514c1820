"""Rule aggregate_pixels: pixels taken through steps block by block, and averaged over parcels afterwards."""

from pathlib import Path

import geopandas as gpd
from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.steps import Step
from cloudrobust.config.steps.chain import within
from cloudrobust.parcels.series import write_dataset
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.index import read_index
from cloudrobust.steps.pixels import aggregate, together

with job(snakemake):
    steps = TypeAdapter(list[Step]).validate_json(snakemake.params.cfg)
    spans = within(snakemake.params.window)
    indexes, masks = list(snakemake.input.scenes), list(snakemake.input.masks)
    months = len(indexes) // len(snakemake.params.tiles)
    tiles = []
    for number, coverage in enumerate(snakemake.input.coverage):
        own = slice(number * months, (number + 1) * months)
        tiles.append(
            aggregate(
                [read_index(file) for file in indexes[own]],
                masks[own] if masks else [None] * months,
                TileCoverage.load(coverage),
                steps,
                snakemake.params.store,
                chain=snakemake.wildcards.chain,
                minimum_clear=snakemake.params.minimum_clear,
                period=(spans[0][0], spans[-1][1]),
                ranges=snakemake.params.window if len(spans) > 1 else None,
                threads=snakemake.threads,
            )
        )
    parcels = gpd.read_parquet(snakemake.input.parcels, columns=["parcel", "geometry"])["parcel"]
    write_dataset(together(tiles, parcels.tolist()), Path(snakemake.output.series))

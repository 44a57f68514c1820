"""Rule build_coverage: the shares of a tile's pixels in its parcels."""

from pathlib import Path

import geopandas as gpd

from adaptor import job
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.grid import Grid

with job(snakemake):
    parcels = gpd.read_parquet(snakemake.input.parcels)
    grid = Grid.from_json(snakemake.input.grid)
    owners = parcels.set_index("parcel")["tile"]
    TileCoverage.build(parcels, grid, snakemake.params.minimum_inside, owners).save(Path(snakemake.output.coverage))

"""Rule read_parcels: parcels checked, labelled and assigned to tiles; none is dropped without a reason."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.sources import Parcels
from cloudrobust.parcels.labels import label_parcels
from cloudrobust.parcels.read import read_parcels, write_parcels
from cloudrobust.parcels.tiles import mark_outside
from cloudrobust.scenes.grid import Grid

with job(snakemake):
    config = Parcels.model_validate_json(snakemake.params.cfg)
    config = config.model_copy(update={"file": Path(snakemake.input.parcels)})
    grids = {grid.tile: grid for grid in map(Grid.from_json, snakemake.input.grids)}
    parcels = read_parcels(config, snakemake.params.part_column)
    parcels, owners = mark_outside(parcels, grids, config.minimum_inside)
    parcels["tile"] = parcels["parcel"].map(owners)
    write_parcels(label_parcels(parcels, config), snakemake.output.parcels)

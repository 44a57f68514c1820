"""Rule mask_scenes: one small mask raster for every scene of a month."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.steps import Mask
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.steps.mask import mask_scenes

with job(snakemake):
    scenes = mask_scenes(
        read_index(Path(snakemake.input.scenes)),
        Mask.model_validate_json(snakemake.params.cfg),
        TileCoverage.load(Path(snakemake.input.coverage)),
        Path(snakemake.params.store),
        Path(snakemake.output.masks),
        Path(snakemake.input.former) if snakemake.input.former else None,
        read_index(snakemake.input.counterparts[0]) if snakemake.input.counterparts else None,
    )
    write_index(scenes, Path(snakemake.output.scenes))

"""Rule tile_grid: the pixel grids of a tile's bands."""

from pathlib import Path

from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.sources import Source
from cloudrobust.scenes.source import create

with job(snakemake):
    source = create(TypeAdapter(Source).validate_json(snakemake.params.cfg))
    source.grid(snakemake.wildcards.tile).to_json(Path(snakemake.output.grid))

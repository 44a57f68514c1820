"""Rule fetch_scenes: the verified scenes of one tile, level and month, and their index."""

from pathlib import Path

from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.sources import Source
from cloudrobust.config.study import Period
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.index import write_index
from cloudrobust.scenes.source import create

with job(snakemake):
    source = create(TypeAdapter(Source).validate_json(snakemake.params.cfg))
    days = Period.model_validate_json(snakemake.params.days)
    tile, level, month = (snakemake.wildcards[key] for key in ("tile", "level", "month"))
    write_index(fetch_month(source, tile, level, month, days.start, days.end), Path(snakemake.output.scenes))

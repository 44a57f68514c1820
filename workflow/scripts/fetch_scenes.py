"""Rule fetch_scenes: the verified scenes of one tile, level and month, and their index."""

from pathlib import Path

from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.sources import Source
from cloudrobust.config.steps.chain import days_within
from cloudrobust.parcels.read import load_parcels
from cloudrobust.scenes.area import Area
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.index import write_index
from cloudrobust.scenes.source import create

with job(snakemake):
    tile, level, month = (snakemake.wildcards[key] for key in ("tile", "level", "month"))
    area = None
    if snakemake.input.parcels:
        parcels = load_parcels(snakemake.input.parcels)
        area = Area(parcels.loc[parcels["tile"] == tile, "geometry"])
    source = create(TypeAdapter(Source).validate_json(snakemake.params.cfg), area)
    days = days_within(snakemake.params.days)
    scenes = fetch_month(source, tile, level, month, min(days), max(days), days)
    write_index(scenes, Path(snakemake.output.scenes))

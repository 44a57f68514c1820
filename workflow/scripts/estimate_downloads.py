"""Rule estimate_downloads: what fetching the study's scenes costs, estimated and spent."""

import json
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.sources import Source
from cloudrobust.config.steps.chain import days_within
from cloudrobust.log import logger
from cloudrobust.parcels.read import load_parcels
from cloudrobust.scenes.area import Area
from cloudrobust.scenes.estimate import COLUMNS, estimate, estimate_text
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.source import create

with job(snakemake):
    config = TypeAdapter(Source).validate_json(snakemake.params.cfg)
    parcels = load_parcels(snakemake.input.parcels)
    tables = [pd.DataFrame(columns=list(COLUMNS))]
    free = True
    for tile, grid in zip(snakemake.params.tiles, snakemake.input.grids, strict=True):
        source = create(config, Area(parcels.loc[parcels["tile"] == tile, "geometry"]))
        free = free and not hasattr(source, "estimate")
        for level, spans in json.loads(snakemake.params.days).items():
            tables.append(estimate(source, tile, level, days_within(spans), Grid.from_json(Path(grid))))
    found = [table for table in tables if not table.empty]
    table = pd.concat(found, ignore_index=True) if found else tables[0]
    logger.info("\n%s", estimate_text(table, free))
    with atomic(snakemake.output.table) as part:
        table.to_csv(part, index=False)

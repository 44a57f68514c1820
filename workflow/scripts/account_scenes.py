"""Rule account_scenes: what became of every product that the searches found."""

import json

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.log import logger
from cloudrobust.scenes.ledger import MISSING, account

with job(snakemake):
    keys = [tuple(key) for key in json.loads(snakemake.params.months)]
    counts, named = account(dict(zip(keys, snakemake.input.scenes, strict=True)))
    lost = int((named["what"] == MISSING).sum())
    if lost:
        logger.warning("%d scenes are missing; %s names them", lost, snakemake.output.named)
    for path, table in ((snakemake.output.counts, counts), (snakemake.output.named, named)):
        with atomic(path) as part:
            table.to_csv(part, index=False)

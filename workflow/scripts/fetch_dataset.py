"""Rule fetch_dataset: a published data set into its folder, checked; what is there already stays."""

import json
from pathlib import Path

from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.datasets import DatasetSource
from cloudrobust.config.sources import Source
from cloudrobust.parcels.datasets.fetch import fetch

with job(snakemake):
    source: DatasetSource = TypeAdapter(Source).validate_json(snakemake.params.cfg)
    fetched = fetch(source)
    with atomic(Path(snakemake.output.dataset)) as part:
        part.write_text(json.dumps(fetched, indent=1, sort_keys=True) + "\n")

"""Rule read_finished: finished series and their parcels, from a table or a published data set."""

from pathlib import Path

from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.finished import FinishedSource
from cloudrobust.config.sources import Parcels, Source
from cloudrobust.config.study import Period
from cloudrobust.parcels.finished import open_finished
from cloudrobust.parcels.labels import label_parcels
from cloudrobust.parcels.read import write_parcels
from cloudrobust.parcels.series import write_dataset

with job(snakemake):
    source: FinishedSource = TypeAdapter(Source).validate_json(snakemake.params.cfg)
    period = Period.model_validate_json(snakemake.params.period)
    data = open_finished(source, period, snakemake.params.part_column)
    # One level after the other: a cube can take gigabytes.
    for level, file in zip(snakemake.params.levels, snakemake.output.series, strict=True):
        write_dataset(data.series(level), Path(file))
    parcels = label_parcels(data.parcels(), Parcels.model_validate_json(snakemake.params.parcels), data.mapping())
    write_parcels(parcels, snakemake.output.parcels)

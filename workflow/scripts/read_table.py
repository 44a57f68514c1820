"""Rule read_table: finished series and their parcels, from a table in long form."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.sources import Parcels, TableSource
from cloudrobust.config.study import Period
from cloudrobust.parcels.labels import label_parcels
from cloudrobust.parcels.read import write_parcels
from cloudrobust.parcels.series import write_dataset
from cloudrobust.parcels.table import read_table

with job(snakemake):
    period = Period.model_validate_json(snakemake.params.period)
    source = TableSource.model_validate_json(snakemake.params.cfg)
    series, parcels = read_table(source, period, snakemake.params.part_column)
    parcels = label_parcels(parcels, Parcels.model_validate_json(snakemake.params.parcels))
    write_parcels(parcels, snakemake.output.parcels)
    write_dataset(series, Path(snakemake.output.series))

"""Rule select_series: the dates of a series within a window of the year."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.steps import Select
from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.steps.select import apply

with job(snakemake):
    step = Select.model_validate_json(snakemake.params.cfg)
    series = apply(read_series(Path(snakemake.input.series)), step)
    write_dataset(series.assign_attrs(chain=snakemake.wildcards.chain), Path(snakemake.output.series))

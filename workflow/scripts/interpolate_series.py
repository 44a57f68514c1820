"""Rule interpolate_series: a series on equal dates."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.steps import Interpolate
from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.steps.interpolate import apply

with job(snakemake):
    step = Interpolate.model_validate_json(snakemake.params.cfg)
    series = apply(read_series(Path(snakemake.input.series)), step)
    write_dataset(series.assign_attrs(chain=snakemake.wildcards.chain), Path(snakemake.output.series))

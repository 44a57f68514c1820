"""Rule select_scenes: the rows of a month's index that a temporal selection keeps."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.steps import Select
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.steps.select import select_scenes

with job(snakemake):
    step = Select.model_validate_json(snakemake.params.cfg)
    write_index(select_scenes(read_index(Path(snakemake.input.scenes)), step), Path(snakemake.output.scenes))

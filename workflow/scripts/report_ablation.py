"""Rule report_ablation: the ablation's table in three forms, and its figure."""

import json
from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.report.ablation import table_files
from cloudrobust.report.figures.ablation import ablation_figure
from cloudrobust.report.style import save

with job(snakemake):
    table = pd.read_csv(snakemake.input.effects)
    words = json.loads(Path(snakemake.input.notes).read_text())
    contents = table_files(table, words["caption"], words["notes"])
    for path, content in zip(snakemake.output.tables, contents, strict=True):
        with atomic(path) as part:
            part.write_text(content)
    save(ablation_figure(table, words["confidence"]), Path(snakemake.output.figures[0]).with_suffix(""))

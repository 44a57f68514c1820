"""Rule report_difference: what explains the difference, as tables in three forms and two figures."""

import json
from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.report.difference import bars_text, curves_text, rates_text
from cloudrobust.report.figures.waterfall import mask_errors_figure, waterfall_figure
from cloudrobust.report.style import save
from cloudrobust.report.table_files import forms, write_files

with job(snakemake):
    words = json.loads(Path(snakemake.input.notes).read_text())
    bars, masks = pd.read_csv(snakemake.input.bars), pd.read_csv(snakemake.input.masks)
    try:
        curves = pd.read_csv(snakemake.input.curves)
    except pd.errors.EmptyDataError:  # no mask, no curves
        curves = pd.DataFrame(columns=["model", "kind", "rate", "accuracy", "low", "high"])
    left = ["what changes", "of", "against", "model"]
    files = {
        **forms("difference", bars, bars_text(bars), f"{words['caption']} {' '.join(words['notes'])}", left),
        **forms("mask-errors", masks, rates_text(masks), words["masks"]),
        **forms("mask-curves", curves, curves_text(curves), " ".join(words["break_even"]), ["error", "model"]),
    }
    write_files(files, Path(snakemake.output.tables[0]).parent)
    for file, figure in zip(
        snakemake.output.figures[::2],
        (
            waterfall_figure(bars, words["confidence"]),
            mask_errors_figure(curves, masks, words["confidence"]),
        ),
        strict=True,
    ):
        save(figure, Path(file).with_suffix(""))

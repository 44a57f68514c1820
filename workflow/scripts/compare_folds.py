"""Rule compare_folds: the comparison over all folds, each the test part once."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.errors import InputError
from cloudrobust.evaluation.splits import cross_validated, fold_ledger, fold_scores
from cloudrobust.parcels.read import load_parcels
from cloudrobust.report.confidence import confidence_caption, confidence_text
from cloudrobust.report.figures.other_splits import folds_figure
from cloudrobust.report.other_splits import folds_caption, folds_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import write_forms
from comparison import wanted
from resplit_runs import runs_again

with job(snakemake):
    if not snakemake.input.cards:
        raise InputError("cross_validation: only blocks are dealt into folds; set split.method to blocks")
    cfg, count = wanted(snakemake), snakemake.params.folds
    names = (cfg["raw"], cfg["preprocessed"])
    each = len(snakemake.input.cards) // count
    folds = {
        fold: {
            key: run.predictions
            for key, run in runs_again(snakemake, snakemake.input.cards[fold * each : (fold + 1) * each]).items()
        }
        for fold in range(count)
    }
    splits = [pd.read_parquet(file) for file in snakemake.input.splits]
    asides = [pd.read_csv(file, dtype=str) for file in snakemake.input.asides]
    blocks = {parcel: block for split in splits for parcel, block in split[["parcel", "block"]].astype(str).to_numpy()}
    variance, intervals, tests = cross_validated(folds, blocks, *names, snakemake.params.resamples)
    scores = fold_scores(folds)
    ledger = fold_ledger(load_parcels(snakemake.input.parcels), splits, asides)
    for path, table in ((snakemake.output.scores, scores), (snakemake.output.ledger, ledger)):
        with atomic(path) as part:
            table.to_csv(part, index=False)
    folder = Path(snakemake.output.tables[0]).parent
    write_forms("cross-validation", variance, folds_text(variance), folds_caption(count), folder, ("model", "branch"))
    words = confidence_caption(intervals, "accuracy", *names).replace("of the test part", f"of all {count} folds")
    sure = intervals.merge(tests, on="model")
    write_forms("cross-validation-confidence", sure, confidence_text(intervals, tests), words, folder)
    save(folds_figure(scores, *names), Path(snakemake.output.figures[0]).with_suffix(""))

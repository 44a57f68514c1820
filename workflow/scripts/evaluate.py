"""Rule evaluate: scores of every run on the same test parcels, and what became of every parcel."""

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.calibration import reliability
from cloudrobust.evaluation.compare import class_comparison, common_parcels, scores
from cloudrobust.evaluation.confidence import intervals, mcnemar, variance
from cloudrobust.evaluation.ledger import final_ledger, reconcile, totals
from cloudrobust.evaluation.runs import reasons_of
from cloudrobust.evaluation.verdict import verdicts
from cloudrobust.parcels.ledger import ledger
from cloudrobust.parcels.read import load_parcels
from cloudrobust.spreadsheets import harmless
from comparison import runs_of, wanted

with job(snakemake):
    cfg, runs = wanted(snakemake), runs_of(snakemake)
    frames = {key: run.predictions for key, run in runs.items()}
    common = common_parcels(frames)
    parcels, split = load_parcels(snakemake.input.parcels), pd.read_parquet(snakemake.input.split)
    aside = pd.read_csv(snakemake.input.aside, dtype=str)
    table = scores(frames, common.parcels)
    fates = final_ledger(ledger(parcels, split, aside=aside), frames, common, reasons_of(runs))
    reconcile(fates, parcels["parcel"], split, table)
    scored, blocks = list(common.parcels), dict(split[["parcel", "block"]].astype(str).to_numpy())
    names, resamples = (cfg["raw"], cfg["preprocessed"]), snakemake.params.resamples
    tables = {
        snakemake.output.scores: table,
        snakemake.output.classes: class_comparison(frames, common.parcels, cfg["raw"], cfg["preprocessed"]),
        snakemake.output.scored: pd.DataFrame({"parcel": common.parcels}),
        snakemake.output.verdict: verdicts(
            frames,
            scored,
            blocks,
            *names,
            snakemake.params.margin,
            {key: run.not_converged for key, run in runs.items()},
            resamples,
        ),
        snakemake.output.confidence: intervals(frames, scored, blocks, *names, resamples),
        snakemake.output.mcnemar: mcnemar(frames, scored, *names),
        snakemake.output.variance: variance(frames, scored, blocks, resamples),
        snakemake.output.reliability: pd.concat(
            [reliability(frame, scored).assign(branch=b, model=m) for (b, m), frame in frames.items()]
        ),
        snakemake.output.ledger: harmless(fates),
        snakemake.output.totals: totals(fates),
    }
    for path, content in tables.items():
        with atomic(path) as part:
            content.to_csv(part, index=False)

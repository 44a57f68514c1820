"""Rule compare_learning_curve: raw and preprocessed against the number of labels, and where they cross."""

from pathlib import Path

import numpy as np
import pandas as pd

from adaptor import job
from cloudrobust.evaluation.compare import common_parcels
from cloudrobust.evaluation.difference import of_seeds
from cloudrobust.evaluation.for_whom import LABELS, Pairs, pairs, questions
from cloudrobust.evaluation.learning_curve import learning_curve
from cloudrobust.report.figures.for_whom import learning_curve_figure
from cloudrobust.report.for_whom import advice, crossing_sentences, curve_caption, curve_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import forms, write_files
from comparison import runs_of, wanted
from groups import blocks_of, known

with job(snakemake):
    cfg = wanted(snakemake)
    frames = of_seeds({key: run.predictions for key, run in runs_of(snakemake).items()}, cfg["seeds"])
    parcels = list(common_parcels(frames).parcels)
    blocks, features = blocks_of(snakemake, parcels), known(snakemake, parcels)
    splits = zip(dict(cfg["shares"]).values(), snakemake.input.splits, strict=True)
    labels = {share: int((pd.read_parquet(file)["part"] == "train").sum()) for share, file in splits}
    answers, means = {}, {}
    for name, share in cfg["shares"]:
        found = pairs(frames, parcels, f"{name}/{cfg['raw']}", f"{name}/{cfg['preprocessed']}")
        answers |= {(share, model): found[model] for model in cfg["models"]}
        means[share] = next(iter(found.values()))
    table = learning_curve(answers, labels, blocks, resamples=snakemake.params.resamples)
    # Every parcel once with each number of labels; a parcel's rows, and a block's, stay in one half.
    stacked = Pairs(
        *(
            np.concatenate([getattr(mean, branch) for mean in means.values()], axis=1)
            for branch in ("raw", "preprocessed")
        )
    )
    rows = pd.concat([features.assign(**{LABELS: float(labels[share])}) for share in means], ignore_index=True)
    units = list(blocks or parcels) * len(means)
    leaves = questions(rows, stacked, units, names=parcels * len(means), resamples=snakemake.params.resamples)
    words = [*crossing_sentences(table), *advice(leaves, len(set(units)))]
    files = forms("learning-curve", table, curve_text(table), curve_caption(0.95))
    files["learning-curve.md"] += "\n" + "".join(f"- {sentence}\n" for sentence in words)
    write_files(files, Path(snakemake.output.tables[0]).parent)
    save(learning_curve_figure(table), Path(snakemake.output.figures[0]).with_suffix(""))

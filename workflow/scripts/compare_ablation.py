"""Rule compare_ablation: the effect of every step, on the test parcels that every branch of the ablation classifies."""

import json

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.ablation import ablation_table
from cloudrobust.evaluation.compare import common_parcels, scores
from cloudrobust.log import logger
from cloudrobust.report.ablation import caption, notes
from comparison import runs_of, wanted

with job(snakemake):
    cfg = wanted(snakemake)
    cells, factors = dict(cfg["cells"]), dict(cfg["factors"])
    for note in cfg["notes"]:
        logger.info("%s", note)
    runs = runs_of(snakemake)
    frames = {key: run.predictions[run.predictions["seed"].isin(cfg["seeds"])] for key, run in runs.items()}
    common = common_parcels(frames)
    places = pd.read_parquet(snakemake.input.split).set_index("parcel")["block"][list(common.parcels)]
    blocks = places.tolist() if places.nunique() > 1 else None
    table = ablation_table(
        frames, cells, factors, common.parcels, cfg["seeds"],
        design=cfg["design"], blocks=blocks, resamples=cfg["resamples"], confidence=cfg["confidence"],
    )  # fmt: skip
    missed = common.missing.drop_duplicates(["parcel", "branch"])["branch"].value_counts().to_dict()
    trained_on = {branch: run.card["counts"]["train"] for (branch, _), run in runs.items()}
    words = {
        "caption": caption(len(common.parcels), len(cfg["seeds"]), len(cells), cfg["confidence"], places.nunique()),
        "notes": notes(table, cfg["design"], cfg["notes"], missed, trained_on, len(cfg["seeds"])),
        "confidence": cfg["confidence"],
    }
    with atomic(snakemake.output.effects) as part:
        table.to_csv(part, index=False)
    with atomic(snakemake.output.scores) as part:
        scores(frames, common.parcels).to_csv(part, index=False)
    with atomic(snakemake.output.notes) as part:
        part.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n")

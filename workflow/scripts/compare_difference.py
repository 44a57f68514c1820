"""Rule compare_difference: a bar for every change from raw to preprocessed, curves of mask errors, and masks judged."""

import json

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.compare import common_parcels
from cloudrobust.evaluation.difference import Answers, bars, curves, mask_errors, of_seeds, scores
from cloudrobust.log import logger
from cloudrobust.parcels.series import read_series
from cloudrobust.report.difference import bars_caption, break_even_sentences, notes, rates_caption
from comparison import runs_of, wanted

with job(snakemake):
    cfg = wanted(snakemake)
    for note in cfg["notes"]:
        logger.info("%s", note)
    frames = of_seeds({key: run.predictions for key, run in runs_of(snakemake).items()}, cfg["seeds"])
    common = common_parcels(frames)
    places = pd.read_parquet(snakemake.input.split).set_index("parcel")["block"][list(common.parcels)].astype(str)
    blocks = places.tolist() if places.nunique() > 1 and "" not in set(places) else None
    answers = Answers(frames, common.parcels)
    settings = {"blocks": blocks, "resamples": cfg["resamples"], "confidence": cfg["confidence"]}
    against = [name for name in ("raw", "unmasked") if name in cfg["branches"]]
    lines, even = curves(answers, cfg["curves"], against, **settings)
    tables = {
        snakemake.output.bars: bars(answers, cfg["bars"], **settings),
        snakemake.output.scores: scores(answers, cfg["branches"], **settings),
        snakemake.output.curves: lines,
        snakemake.output.break_even: even,
    }
    masks = pd.DataFrame(columns=["mask", "omission", "commission", "removed", "cloudy", "clear"])
    if cfg["reference"] is not None:
        series = {
            name: read_series(file, ["observed"])
            for name, file in zip(cfg["masks"], snakemake.input.masks, strict=True)
        }
        masks = mask_errors(series, read_series(snakemake.input.unmasked, ["observed"]), cfg["reference"])
    tables[snakemake.output.masks] = masks
    missed = common.missing.drop_duplicates(["parcel", "branch"])["branch"].value_counts().to_dict()
    words = {
        "caption": bars_caption(len(common.parcels), len(cfg["seeds"]), cfg["confidence"], places.nunique()),
        "notes": notes(cfg["bars"], cfg["notes"], missed, len(cfg["seeds"])),
        "masks": rates_caption(cfg["reference"] or "", cfg["base"]) if cfg["reference"] else "",
        "break_even": break_even_sentences(even),
        "confidence": cfg["confidence"],
    }
    for path, table in tables.items():
        with atomic(path) as part:
            table.to_csv(part, index=False)
    with atomic(snakemake.output.notes) as part:
        part.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n")

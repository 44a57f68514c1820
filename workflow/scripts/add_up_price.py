"""Rule add_up_price: what every branch took, step by step, and what dropping the steps saves and costs."""

import json
from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.price import PRICED, latency, price_table, totals
from cloudrobust.report.figures.price import price_figure
from cloudrobust.report.price import best_model, dropped, latency_sentence, notes, price_sentence, price_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import forms, write_files
from comparison import wanted
from price_inputs import read_inputs

with job(snakemake):
    cfg, given = wanted(snakemake), read_inputs(snakemake)
    told, prices = given.told, given.prices
    names = (cfg["raw"], cfg["preprocessed"])
    trainings = {
        branch: {m: ("train", f"{branch}-{m}", 1.0) for b, m in cfg["runs"] if b == branch} for branch in cfg["chains"]
    }
    parts = price_table(given.costs, given.works, trainings, given.expected, prices)
    sums = totals(parts, prices)
    scores, sure = pd.read_csv(snakemake.input.scores), pd.read_csv(snakemake.input.confidence)
    beginning = dropped(cfg["chains"], told["kinds"], *names)
    seconds = {branch: latency(given.costs, work, told["months"][branch]) for branch, work in given.works.items()}
    published = {branch: prices.publication_hours.get(chain.split("/")[0]) for branch, chain in cfg["chains"].items()}
    stated = {key: getattr(prices, key) for key in PRICED.values()}
    words = {
        "sentence": price_sentence(beginning, sums, sure, best_model(scores, sure), *names, prices.currency),
        "latency": latency_sentence(seconds, published),
        "latency_seconds": {branch: None if pd.isna(value) else value for branch, value in seconds.items()},
        "notes": notes(
            parts,
            [f"{key.replace('_', ' ')} {price:g}" for key, price in stated.items() if price is not None],
            told["simulated"],
            prices.currency,
        ),
        "currency": prices.currency,
    }
    for path, frame in ((snakemake.output.parts, parts), (snakemake.output.totals, sums)):
        with atomic(path) as part:
            frame.to_csv(part, index=False)
    with atomic(snakemake.output.words) as part:
        part.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n")
    caption = " ".join([words["sentence"], words["latency"], *words["notes"]])
    text = price_text(parts, sums, prices.currency)
    write_files(forms("price", parts, text, caption, left=["branch", "what"]), Path(snakemake.output.tables[0]).parent)
    save(price_figure(sums, scores, sure, *names, prices.currency), Path(snakemake.output.figures[0]).with_suffix(""))

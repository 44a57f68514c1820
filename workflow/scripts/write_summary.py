"""Rule write_summary: the question, the answer, the tables and where everything lies."""

import hashlib
import json
from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.metrics import majority
from cloudrobust.provenance import versions
from cloudrobust.report.confidence import absent_sentence, confidence_sentence
from cloudrobust.report.summary import Facts, summary_markdown, summary_text
from cloudrobust.scenes.ledger import by_level
from comparison import runs_of, scored_parcels, tables_of, wanted

with job(snakemake):
    cfg, runs, scored = wanted(snakemake), runs_of(snakemake), scored_parcels(snakemake)
    root = Path(snakemake.output.markdown).parents[1]
    first = next(iter(runs.values()))
    config_hash = hashlib.sha256(snakemake.params.study.encode()).hexdigest()[:12]
    facts = Facts(
        title=snakemake.params.title,
        comparisons=tuple(tables_of(snakemake, runs).values()),
        parcels=len(scored),
        majority=majority(first.predictions, scored),
        chains=cfg["chains"],
        totals=pd.read_csv(snakemake.input.totals),
        verdict=pd.read_csv(snakemake.input.verdict),
        figure="figures/verdict.png",
        confidence=confidence_sentence(
            pd.read_csv(snakemake.input.confidence),
            pd.read_csv(snakemake.input.mcnemar),
            cfg["raw"],
            cfg["preprocessed"],
        ),
        absent=absent_sentence(pd.read_csv(snakemake.input.classes)),
        scenes=by_level(pd.read_csv(snakemake.input.scenes)) if snakemake.input.scenes else None,
        outputs={
            "Summary": str(snakemake.output.markdown),
            "Tables": str(root / "report" / "tables"),
            "Figures": str(root / "report" / "figures"),
            "Predictions of every parcel": str(root / "runs" / "<branch>" / "<model>" / "predictions.parquet"),
            "What became of every parcel": str(snakemake.input.ledger),
            "Series": str(root / "series"),
            **({"What became of every scene": str(snakemake.input.scenes)} if snakemake.input.scenes else {}),
        },
        versions=versions(),
        config_hash=config_hash,
    )
    provenance = {"config": json.loads(snakemake.params.study), "config_hash": config_hash, "versions": versions()}
    for path, text in (
        (snakemake.output.markdown, summary_markdown(facts)),
        (snakemake.output.text, summary_text(facts)),
        (snakemake.output.provenance, json.dumps(provenance, indent=1, sort_keys=True) + "\n"),
    ):
        with atomic(path) as part:
            part.write_text(text)

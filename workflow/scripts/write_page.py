"""Rule write_page: the whole report as one page that works offline."""

from adaptor import job  # before xarray

# isort: split
import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import xarray as xr

from cloudrobust.config.outputs import Page as Settings
from cloudrobust.config.outputs import Prediction
from cloudrobust.evaluation.answers import answers_of_test_part
from cloudrobust.evaluation.metrics import majority
from cloudrobust.parcels.read import load_parcels
from cloudrobust.parcels.series import read_series
from cloudrobust.report.answer_files import parcel_answers
from cloudrobust.report.confidence import absent_sentence, confidence_sentence
from cloudrobust.report.numbers import model_name
from cloudrobust.report.page.content import attention_content, parcel_content, series_content
from cloudrobust.report.page.pictures import collect
from cloudrobust.report.page.scenery import scenery
from cloudrobust.report.page.sections.ablation import ablation_picture, ablation_tables
from cloudrobust.report.page.sections.answer import answer_tables, verdict_rows, verdict_tables
from cloudrobust.report.page.sections.explanations import read_explanations
from cloudrobust.report.page.sections.ledger import ledger_tables
from cloudrobust.report.page.sections.predictions import (
    TakenAway,
    calibration_table,
    decision_tables,
    shown_first,
    takeaway_tables,
)
from cloudrobust.report.page.sections.price import price_tables
from cloudrobust.report.page.sections.provenance import provenance_tables
from cloudrobust.report.page.sections.robustness import robustness_tables
from cloudrobust.report.page.sections.soundness import (
    confidence_tables,
    other_split_tables,
    score_tables,
    split_tables,
)
from cloudrobust.report.page.sections.why import difference_pictures, difference_tables, for_whom_tables
from cloudrobust.report.page.write import Page, write_page
from cloudrobust.report.summary import QUESTION, caution
from cloudrobust.report.verdict import method_words, verdict_sentences
from cloudrobust.scenes.index import read_index
from comparison import all_tables_of, runs_of, scored_parcels, tables_of, wanted

with job(snakemake):
    settings = Settings.model_validate_json(snakemake.params.page)
    cfg, runs, scored = wanted(snakemake), runs_of(snakemake), scored_parcels(snakemake)
    tables = tables_of(snakemake, runs)
    compared = tables["accuracy"]
    parcels = load_parcels(snakemake.input.parcels)
    # Answers out of fold where there are some; of all other runs of the study what they say of their test part.
    taken, answers = {}, {}
    for files in zip(*(snakemake.input[f] for f in ("answer_cards", "areas", "disagreements", "likely")), strict=True):
        one = TakenAway(
            json.loads(Path(files[0]).read_text()), *(pd.read_csv(file, dtype={"parcel": str}) for file in files[1:])
        )
        taken[one.key] = one
        answers[one.key] = gpd.read_parquet(Path(files[0]).with_name("parcels.parquet"))
    clear = next(iter(answers.values())).set_index("parcel")["clear_dates"]
    answers = {
        key: answers[key] if key in taken else parcel_answers(parcels, answers_of_test_part(run.predictions), clear)
        for key, run in runs.items()
    }
    start = shown_first(taken, runs, cfg["preprocessed"])
    right = {
        key: (rows["class"] == rows["predicted"]).groupby(rows["parcel"]).mean()
        for key, run in runs.items()
        for rows in [run.predictions[run.predictions["parcel"].isin(scored)]]
    }
    chains = dict(zip(snakemake.params.branches, snakemake.input.series, strict=True))
    first = next(iter(runs.values())).predictions
    series = series_content(
        {branch: read_series(file) for branch, file in chains.items()},
        read_series(snakemake.input.cloudiness),
        [*scored, *(p for p in parcels["parcel"].astype(str) if p not in set(scored))],
        settings.series,
    )
    if snakemake.input.scenes:
        index = pd.concat([read_index(file) for file in snakemake.input.scenes], ignore_index=True)
        series["pictures"] = scenery(index, snakemake.params.store, parcels, settings.pictures)
    explained = [(Path(file).parts[-3], Path(file).parts[-2]) for file in snakemake.input.explanations]
    pngs = sorted(Path(snakemake.input.answer_figures[0]).parent.glob("*.png"))
    # The page has the verdict as rows of its own.
    pictures = [(p.stem, p) for p in pngs if str(p) in set(snakemake.input.figures) and p.stem != "verdict"]
    for folder in snakemake.input.folders:
        model, branch = Path(folder).parts[-2], Path(folder).parts[-3]
        if model in snakemake.params.shown:
            pictures += [(f"{model}, {branch}/{png.stem}", png) for png in sorted(Path(folder).glob("*.png"))]
    pictures += ablation_picture(snakemake.input.ablation) + difference_pictures(snakemake.input.difference)
    opened = {key: xr.load_dataset(file) for key, file in zip(explained, snakemake.input.explanations, strict=True)}
    scores, classes = pd.read_csv(snakemake.input.scores), pd.read_csv(snakemake.input.classes)
    sure, tested, spread = (
        pd.read_csv(file) for file in (snakemake.input.confidence, snakemake.input.mcnemar, snakemake.input.variance)
    )
    verdict = pd.read_csv(snakemake.input.verdict)
    headline, details = verdict_sentences(verdict)
    shown = snakemake.input
    prediction = Prediction.model_validate_json(snakemake.params.prediction)
    # The decision is shown for the model that the page begins with.
    place = [key[1] for key in taken if key[0] == start[0]].index(start[1])
    changes, inspections = (
        pd.read_csv(files[place]) if files else None for files in (shown.changes, shown.inspections)
    )
    names = (cfg["raw"], cfg["preprocessed"])
    page = Page(
        title=snakemake.params.title,
        question=QUESTION,
        answer=headline,
        details=details,
        forest=verdict_rows(verdict),
        cautions=[
            words
            for words in (
                method_words(verdict),
                confidence_sentence(sure, tested, *names),
                caution(compared, len(scored), majority(first, scored)),
                absent_sentence(classes),
            )
            if words
        ],
        tables={
            "answer": [
                *verdict_tables(verdict, *names),
                *answer_tables(tables, len(scored)),
                *confidence_tables(sure, tested, spread, *names),
                *other_split_tables(*(pd.read_csv(f[0]) if f else None for f in (shown.claims, shown.folds))),
            ],
            "data": split_tables(classes, pd.read_csv(snakemake.input.distances)),
            "models": score_tables(all_tables_of(snakemake, runs)),
            "why": [
                *difference_tables(shown.difference),
                *for_whom_tables(pd.read_csv(shown.groups), shown.questions),
            ],
            "robustness": [
                *ablation_tables(snakemake.input.ablation),
                *(table for file in shown.robustness for table in robustness_tables(pd.read_csv(file))),
            ],
            "price": price_tables(shown.price, shown.price_steps),
            "explanations": read_explanations(snakemake.input.clouds, snakemake.input.curves, explained, opened),
            "predictions": [
                *decision_tables(changes, inspections, model_name(start[1]), prediction),
                *takeaway_tables(taken, start),
                calibration_table(runs, scores),
            ],
            "ledger": ledger_tables(pd.read_csv(snakemake.input.totals)),
            "provenance": provenance_tables(
                cfg["chains"],
                json.loads(Path(snakemake.input.provenance).read_text()),
                chains,
                runs,
                snakemake.params.benchmarks,
                snakemake.params.logs,
            ),
        },
        pictures=collect(pictures),
        parcels=parcel_content(parcels, answers, right, list(answers).index(start)),
        series=series,
        attention=attention_content(opened),
        configuration=json.dumps(json.loads(snakemake.params.study), indent=1, sort_keys=True, ensure_ascii=False),
    )
    write_page(page, snakemake.output.page)

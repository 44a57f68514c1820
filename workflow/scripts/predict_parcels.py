"""Rules predict_parcels and predict_other_parcels: an answer for every parcel, areas, and what contradicts labels.

Labelled parcels of the study get the answers out of fold; all others the ensemble of the study's seeds.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.outputs import Prediction
from cloudrobust.config.sources import Parcels
from cloudrobust.evaluation.answers import Calibrated, answers_of, calibrated
from cloudrobust.evaluation.area import adjusted_areas
from cloudrobust.evaluation.calibration import temperatures
from cloudrobust.evaluation.conformal import coverage, likely_words, members, thresholds, thresholds_by_fold
from cloudrobust.evaluation.disagreement import disagreements
from cloudrobust.evaluation.out_of_fold import calibrated_out_of_fold
from cloudrobust.learning.card import read_card
from cloudrobust.learning.new_parcels import predict_in_pieces
from cloudrobust.log import logger
from cloudrobust.parcels.declared_classes import declared_classes
from cloudrobust.parcels.read import load_parcels
from cloudrobust.parcels.series import read_series
from cloudrobust.report.answer_files import parcel_answers, write_answers
from cloudrobust.report.numbers import model_name
from cloudrobust.spreadsheets import harmless


def with_likely(found: Calibrated, limits: np.ndarray, by: str | list[str]) -> pd.DataFrame:
    """Answers with their likely classes and with who answers."""
    inside = members(found.probability, limits)
    words = likely_words(found.probability, found.classes, inside)
    return answers_of(found).assign(likely=words, likely_count=inside.sum(axis=1), answered_by=by)


with job(snakemake):
    config = Prediction.model_validate_json(snakemake.params.cfg)
    card = json.loads(Path(snakemake.input.card).read_text())
    run, folder = Path(snakemake.params.run) / card["model"], Path(snakemake.output.parcels).parent
    parcels, folds = load_parcels(snakemake.input.parcels), pd.read_parquet(snakemake.input.folds)
    others, name = bool(snakemake.params.labels), f"{model_name(card['model'])}, {card['branch']}"
    table = pd.read_parquet(snakemake.input.table)
    whole, numbers = calibrated_out_of_fold(table)
    limit = thresholds(whole, config.confidence)
    found = []
    if not others:
        by = [f"fold {number + 1} of {card['folds']}: {name}" for number in numbers]
        limits = thresholds_by_fold(whole, numbers, config.confidence)
        blocks = folds.set_index("parcel")["block"].reindex(whole.parcels["parcel"].astype(str)).to_numpy(str)
        resamples = snakemake.params.resamples
        sets = coverage(whole, members(whole.probability, limits), blocks, config.confidence, resamples)
        part = pd.read_parquet(snakemake.input.split).set_index("parcel")["part"]
        given = with_likely(whole, limits, by).assign(fold=numbers + 1)
        found.append(given.assign(part=given["parcel"].map(part).fillna("none")))
    known = pd.read_parquet(run / "predictions.parquet")
    heat, seeds = temperatures(known), len(read_card(run)["seeds"])
    pieces = predict_in_pieces(
        run,
        snakemake.input.series,
        exclude=() if others else set(folds["parcel"]),
        trained_on=(snakemake.input.trained_on, snakemake.input.split),
        threads=snakemake.threads,
    )
    # One answer a parcel is kept of each piece, so that memory holds no table of all seeds and classes.
    by = f"ensemble of {seeds} seeds: {name}" if seeds > 1 else f"one seed: {name}"
    found += [with_likely(calibrated(piece, heat), limit, by) for piece in pieces]
    measured = read_series(snakemake.input.measured, ["observed"])
    if others:
        names = declared_classes(snakemake.input.labels, config, Parcels.model_validate_json(snakemake.params.labels))
        parcels["class"] = parcels["parcel"].astype(str).map(names)
        # They came without labels on purpose; that is no reason for anything.
        parcels.loc[parcels["status"] == "unlabelled", ["status", "reason"]] = ["other", ""]
    clear = measured["observed"].sum("time").to_series()
    given = pd.concat(found, ignore_index=True) if found else with_likely(calibrated(known.iloc[:0], heat), limit, by)
    answers = parcel_answers(parcels, given, clear)
    write_answers(answers, folder)
    listed = disagreements(pd.DataFrame(answers.drop(columns="geometry")), config.confident)
    tables = {snakemake.output.disagreement: listed}
    if not others:
        tables |= {snakemake.output.area: adjusted_areas(answers), snakemake.output.likely: sets}
        first = sets.iloc[0]
        logger.info(
            "%d of %d parcels are answered out of fold; %.1f %% of their likely classes hold the declared one (%.0f %% "
            "asked for)", len(whole.parcels), len(answers), 100 * first["coverage"], 100 * first["asked"],
        )  # fmt: skip
    for path, content in tables.items():
        with atomic(path) as part:
            harmless(content).to_csv(part, index=False)

"""Rules predict_parcels and predict_other_parcels: an answer for every parcel, areas, and what contradicts labels."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.outputs import Prediction
from cloudrobust.config.sources import Parcels
from cloudrobust.evaluation.answers import answers
from cloudrobust.evaluation.area import adjusted_areas
from cloudrobust.evaluation.calibration import temperatures
from cloudrobust.evaluation.disagreement import disagreements
from cloudrobust.learning.new_parcels import predict_in_pieces
from cloudrobust.parcels.declared_classes import declared_classes
from cloudrobust.parcels.read import load_parcels
from cloudrobust.parcels.series import read_series
from cloudrobust.report.answer_files import parcel_answers, write_answers

with job(snakemake):
    config = Prediction.model_validate_json(snakemake.params.cfg)
    run, folder = Path(snakemake.input.card).parent, Path(snakemake.output.parcels).parent
    parcels, known = load_parcels(snakemake.input.parcels), pd.read_parquet(snakemake.input.predictions)
    split = pd.read_parquet(snakemake.input.split, columns=["parcel"])["parcel"].astype(str)
    others = bool(snakemake.params.labels)
    heat = temperatures(known)
    pieces = predict_in_pieces(
        run,
        snakemake.input.series,
        exclude=() if others else set(split),
        trained_on=(snakemake.input.trained_on, snakemake.input.split),
        threads=snakemake.threads,
    )
    # One answer a parcel is kept of each piece, so that memory holds no table of all seeds and classes.
    found = [answers(known, heat)] if not others else []
    found += [answers(piece, heat) for piece in pieces]
    measured = read_series(snakemake.input.measured, ["observed"])
    if others:
        names = declared_classes(snakemake.input.labels, config, Parcels.model_validate_json(snakemake.params.labels))
        parcels["class"] = parcels["parcel"].astype(str).map(names)
        # They came without labels on purpose; that is no reason for anything.
        parcels.loc[parcels["status"] == "unlabelled", ["status", "reason"]] = ["other", ""]
    clear = measured["observed"].sum("time").to_series()
    given = pd.concat(found, ignore_index=True) if found else answers(known.iloc[:0], heat)
    found = parcel_answers(parcels, given, clear)
    write_answers(found, folder)
    listed = disagreements(pd.DataFrame(found.drop(columns="geometry")), config.confident)
    tables = {snakemake.output.disagreement: listed}
    if not others:
        tables[snakemake.output.area] = adjusted_areas(found)
    for path, table in tables.items():
        with atomic(path) as part:
            table.to_csv(part, index=False)

"""Rule explain_model: gradients, attention, gates and the faithfulness of a branch x model."""

from pathlib import Path

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.outputs import Explanations
from cloudrobust.evaluation.explanations.explain import explain
from cloudrobust.parcels.series import read_series
from picture import chosen_parcel

with job(snakemake):
    config = Explanations.model_validate_json(snakemake.params.explanations)
    raw, measured = read_series(snakemake.input.raw), read_series(snakemake.input.measured)
    pictured = list(config.shown) or [chosen_parcel(snakemake, raw, measured)["parcel"]]
    found = explain(
        Path(snakemake.input.card).parent,
        snakemake.input.series,
        snakemake.input.clouds,
        snakemake.input.split,
        pictured,
        config,
        threads=snakemake.threads,
    )
    with atomic(snakemake.output.explanation) as part:
        packed = {name: {"zlib": True} for name, v in found.dataset.items() if v.dtype.kind == "f"}
        found.dataset.to_netcdf(part, encoding=packed)
    for path, table in ((snakemake.output.clouds, found.clouds), (snakemake.output.curves, found.curves)):
        with atomic(path) as part:
            table.to_csv(part, index=False)

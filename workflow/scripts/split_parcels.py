"""Rule split_parcels: train, validation and test, what is set aside, and how far the parts lie apart."""

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.sources import Split
from cloudrobust.parcels.distances import compared_distances
from cloudrobust.parcels.read import load_parcels
from cloudrobust.parcels.split import beside, classes_by_part, divide

with job(snakemake):
    config, parcels = Split.model_validate_json(snakemake.params.cfg), load_parcels(snakemake.input.parcels)
    parts, aside = divide(parcels, config)
    with atomic(snakemake.output.split) as part:
        parts.to_parquet(part, index=False)
    tables = {
        snakemake.output.aside: aside,
        snakemake.output.classes: classes_by_part(parts, aside),
        snakemake.output.distances: compared_distances(parcels, parts, beside(parcels, config)),
    }
    for path, table in tables.items():
        with atomic(path) as part:
            table.to_csv(part, index=False)

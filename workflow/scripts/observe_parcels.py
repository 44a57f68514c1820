"""Rule observe_parcels: the mean of every parcel in every scene of a month."""

from pathlib import Path

from adaptor import job
from cloudrobust.parcels.aggregate import observe
from cloudrobust.parcels.series import write_dataset
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.index import read_index

with job(snakemake):
    observations = observe(
        read_index(snakemake.input.scenes),
        TileCoverage.load(snakemake.input.coverage),
        Path(snakemake.params.store),
        snakemake.input.masks or None,
        chain=snakemake.wildcards.chain,
        minimum_clear=snakemake.params.minimum_clear,
        threads=snakemake.threads,
    )
    write_dataset(observations, Path(snakemake.output.observations))

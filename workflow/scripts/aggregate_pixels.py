"""Rule aggregate_pixels: pixels taken through steps block by block, and averaged over parcels afterwards."""

from contextlib import nullcontext
from pathlib import Path

import dask  # noqa: F401 (before the adaptor, which see)
import geopandas as gpd
from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.dask import Dask
from cloudrobust.config.steps import Custom, Step
from cloudrobust.config.steps.chain import within
from cloudrobust.dask_client import connected
from cloudrobust.parcels.series import write_dataset
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.index import read_index
from cloudrobust.steps.pixels import aggregate, together


def absolute(step):
    """The step with the whole path of a user's file: Dask's workers may run in another folder."""
    return step.model_copy(update={"file": step.file.absolute()}) if isinstance(step, Custom) else step


def main() -> None:
    """The series of every tile, put together."""
    steps = [absolute(step) for step in TypeAdapter(list[Step]).validate_json(snakemake.params.cfg)]
    cluster = TypeAdapter(Dask | None).validate_json(snakemake.params.dask)
    spans = within(snakemake.params.window)
    indexes = list(snakemake.input.scenes)
    masks = [Path(folder).absolute() for folder in snakemake.input.masks]
    months = len(indexes) // len(snakemake.params.tiles)
    tiles = []
    logs = Path(snakemake.log[0]).absolute().with_suffix("")
    with nullcontext() if cluster is None else connected(cluster, logs) as client:
        for number, coverage in enumerate(snakemake.input.coverage):
            own = slice(number * months, (number + 1) * months)
            tiles.append(
                aggregate(
                    [read_index(file) for file in indexes[own]],
                    masks[own] if masks else [None] * months,
                    TileCoverage.load(coverage),
                    steps,
                    Path(snakemake.params.store).absolute(),
                    chain=snakemake.wildcards.chain,
                    minimum_clear=snakemake.params.minimum_clear,
                    period=(spans[0][0], spans[-1][1]),
                    ranges=snakemake.params.window if len(spans) > 1 else None,
                    threads=snakemake.threads,
                    client=client,
                )
            )
    parcels = gpd.read_parquet(snakemake.input.parcels, columns=["parcel", "geometry"])["parcel"]
    write_dataset(together(tiles, parcels.tolist()), Path(snakemake.output.series))


# Dask's local workers are new Python processes that import this file as a module.
if __name__ == "__main__":
    with job(snakemake):
        main()

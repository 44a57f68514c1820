"""Rule apply_step: a series after a step that has no rule of its own."""

from pathlib import Path

from pydantic import TypeAdapter

if '"do":"custom"' in snakemake.params.cfg:
    import dask  # noqa: F401 (a step of the user's own may work with it; before the adaptor, which see)

from adaptor import job
from cloudrobust.config.steps import Mask, Step
from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.steps import apply

with job(snakemake):
    step = TypeAdapter(Step).validate_json(snakemake.params.cfg)
    series = read_series(snakemake.input.series)
    if isinstance(step, Mask):
        # It brings what reads images, which the other steps do without.
        from cloudrobust.steps.mask import apply as apply_mask

        reference = read_series(snakemake.input.reference[0]) if snakemake.input.reference else None
        changed = apply_mask(series, step, reference=reference)
    else:
        changed = apply(series, step)
    write_dataset(changed.assign_attrs(chain=snakemake.wildcards.chain), Path(snakemake.output.series))

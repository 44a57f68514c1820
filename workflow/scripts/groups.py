"""What the scripts on groups of parcels share: what is known of every test parcel."""

import pandas as pd

from cloudrobust.evaluation.for_whom import SIZE, clear_dates
from cloudrobust.parcels.read import load_parcels
from cloudrobust.parcels.series import read_series


def known(snakemake, parcels: list[str]) -> pd.DataFrame:
    """Numbers known of each parcel, in their order: size (where outlines are known), clear dates, cloud share."""
    table = clear_dates(read_series(snakemake.input.measured), read_series(snakemake.input.unmasked), parcels)
    outlines = load_parcels(snakemake.input.parcels)
    outlines = outlines.set_index(outlines["parcel"].astype(str)).geometry[parcels]
    if outlines.crs is not None and (outlines.geom_type.str.endswith("Polygon") & ~outlines.is_empty).all():
        flat = outlines.to_crs(outlines.estimate_utm_crs()) if outlines.crs.is_geographic else outlines
        table.insert(0, SIZE, flat.area.to_numpy() / 10_000)
    return table


def blocks_of(snakemake, parcels: list[str]) -> list[str] | None:
    """Block of each parcel; None where the split has no blocks."""
    split = pd.read_parquet(snakemake.input.split).astype({"parcel": str}).set_index("parcel")
    names = split.loc[parcels, "block"].astype(str).tolist()
    return names if len(set(names)) > 1 and "" not in names else None

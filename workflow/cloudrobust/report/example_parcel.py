"""Which parcel the pictures show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..config.spelling import nearest
from ..errors import InputError


def typical_parcel(
    parcels: pd.DataFrame,
    split: pd.DataFrame,
    observations: Mapping[str, int] | None = None,
    configured: str | None = None,
) -> str:
    """Id of the parcel to show: the configured one, or a typical one of the test part.

    Typical is, of the most frequent class of the test part, among the parcels with the most observations, the one
    whose area is nearest to the median of its class. Ties go to the first id, so the choice is always the same.

    Parameters
    ----------
    parcels
        `parcel`, `class`, `area`, `status`.
    split
        `parcel`, `part`.
    observations
        Number of dates on which each parcel was seen; parcels not in it count as never seen.
    configured
        The key `pictures.parcel` of the configuration.

    Raises
    ------
    InputError
        The configured parcel does not exist or is excluded, or the test part is empty.
    """
    known = parcels.assign(parcel=parcels["parcel"].astype(str)).set_index("parcel")
    if configured is not None:
        if configured not in known.index:
            # Naming every valid id would bury the sentence, so only near ones are offered.
            hint = nearest(configured, known.index)
            hint = hint if "did you mean" in hint else "; name an id of parcels.parquet"
            raise InputError(f"pictures.parcel: there is no parcel {configured!r}{hint}")
        if known.at[configured, "status"] == "excluded":
            reason = str(known.loc[configured, "reason"])
            raise InputError(f"pictures.parcel: parcel {configured!r} is excluded ({reason}); name another")
        return configured
    tested = known.loc[known.index.isin(split.loc[split["part"].astype(str) == "test", "parcel"].astype(str))]
    if tested.empty:
        raise InputError("split: no parcel lies in the test part; make split.test larger")
    sizes = tested["class"].astype(str).value_counts()
    crop = min(sizes.index[sizes == sizes.max()])
    of_crop = tested[tested["class"].astype(str) == crop]
    median = float(of_crop["area"].median())
    if observations is not None:
        seen = pd.Series([observations.get(parcel, 0) for parcel in of_crop.index], index=of_crop.index)
        of_crop = of_crop[seen == seen.max()]
    # Parcels of a table have no area: then all are equally near.
    distance = (of_crop["area"] - median).abs().fillna(0.0 if np.isnan(median) else np.inf)
    return min(str(parcel) for parcel in distance.index[distance == distance.min()])

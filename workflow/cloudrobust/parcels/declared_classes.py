"""What is declared of parcels that no model was trained on."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from ..config.outputs import Prediction
from ..config.sources import Parcels
from ..config.spelling import nearest
from ..errors import InputError
from .labels import read_mapping
from .read import codes, identifiers


def declared_classes(file: str | Path, wanted: Prediction, parcels: Parcels) -> dict[str, str]:
    """Declared class by parcel id; empty without a column of labels.

    Parameters
    ----------
    file
        Vector file with the parcels.
    wanted
        Its layer, and its columns with ids and labels.
    parcels
        Of the study: the class mapping, and the column of ids where `wanted` names none.

    Raises
    ------
    InputError
        The file has no such column.
    """
    if wanted.label is None:
        return {}
    file, column = Path(file), wanted.id or parcels.id
    table = gpd.read_parquet(file) if file.suffix == ".parquet" else gpd.read_file(file, layer=wanted.layer)
    for key, name in (("prediction.id", column), ("prediction.label", wanted.label)):
        if name not in table:
            raise InputError(f"{file}: has no column {name!r} for {key}{nearest(name, list(map(str, table.columns)))}")
    ids = identifiers(table[column], file, f"column {column!r}")
    mapping = read_mapping(parcels.classes) if parcels.classes else None
    labels = pd.Series(codes(table[wanted.label]))
    found = labels if mapping is None else labels.map(lambda code: mapping.get(code) or None, na_action="ignore")
    return {parcel: str(name) for parcel, name in zip(ids, found, strict=True) if pd.notna(name)}

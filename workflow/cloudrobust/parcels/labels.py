"""Labels: from the codes of a parcel file to the classes of a study."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from ..config.sources import Parcels
from ..config.spelling import nearest
from ..errors import InputError
from ..log import logger


def read_mapping(path: str | Path) -> dict[str, str]:
    """The table `code,class` of a CSV file; a code with an empty class is left out on purpose ("").

    Raises
    ------
    InputError
        If the file is missing, lacks a column, has an empty code, or gives one code two classes.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such class mapping; mend parcels.classes")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())}); mend it") from error
    table.columns = table.columns.str.strip()
    for column in ("code", "class"):
        if column not in table.columns:
            raise InputError(f"{path}: has no column {column!r}{nearest(column, table.columns)}")
    table = table[["code", "class"]].apply(lambda column: column.str.strip())
    if (table["code"] == "").any():
        line = int((table["code"] == "").to_numpy().argmax()) + 2
        raise InputError(f"{path}: line {line} has no code; fill it in or remove the line")
    table = table.drop_duplicates()
    conflicts = table[table["code"].duplicated(keep=False)]
    if len(conflicts):
        code = conflicts["code"].iloc[0]
        classes = " and ".join(map(repr, conflicts.loc[conflicts["code"] == code, "class"]))
        raise InputError(f"{path}: maps code {code!r} to {classes}; keep one of the lines")
    return dict(zip(table["code"], table["class"], strict=True))


def label_parcels(
    parcels: gpd.GeoDataFrame, config: Parcels, mapping: dict[str, str] | None = None
) -> gpd.GeoDataFrame:
    """`parcels` with their classes; those of no class, or of one too rare, are excluded with the reason.

    Parameters
    ----------
    parcels
        As `read_parcels` gives them. Parcels already excluded stay so and do not count for their class.
    config
        Mapping table (without one, each code is a class of its own) and the smallest class.
    mapping
        Code to class, in place of the mapping table: a published data set brings its own.

    Raises
    ------
    InputError
        If the mapping is unusable, or leaves no usable parcel although there are labels.
    """
    parcels = parcels.copy()
    code = parcels["code"]
    labelled = code.notna()
    origin = config.classes or config.file or "parcels"
    if mapping is None and config.classes is not None:
        mapping = read_mapping(config.classes)
    if mapping is None:
        parcels["class"] = code
    else:
        parcels["class"] = code.map({c: name or None for c, name in mapping.items()}).astype(object)
        parcels.loc[parcels["class"].isna(), "class"] = None
        _exclude(
            parcels,
            labelled & ~code.isin(list(mapping)),
            code.map(lambda c: f"label {c!r} is in no class mapping", na_action="ignore"),
        )
        left_out = labelled & code.isin([c for c, name in mapping.items() if not name])
        _exclude(
            parcels, left_out, code.map(lambda c: f"label {c!r} is left out by the class mapping", na_action="ignore")
        )
    if labelled.any() and not (parcels["status"] == "usable").any():
        seen = ", ".join(map(repr, sorted(code[labelled].unique())[:3]))
        raise InputError(
            f"{origin}: leaves no labelled parcel usable (the parcels' codes are {seen} …); "
            "mend parcels.classes, or see the reasons above"
        )
    sizes = parcels.loc[parcels["status"] == "usable", "class"].value_counts()
    rare = sizes[sizes < config.minimum_class_size]
    parcel_class = parcels["class"]
    _exclude(
        parcels,
        parcel_class.isin(rare.index),
        parcel_class.map({name: f"class {name!r} has only {_parcels(size)}" for name, size in rare.items()}),
    )
    if len(sizes) and len(rare) == len(sizes):
        raise InputError(
            f"{origin}: every class has fewer than {config.minimum_class_size} usable parcels, "
            f"the largest {sizes.index[0]!r} has {sizes.iloc[0]}; lower parcels.minimum_class_size or bring more"
        )
    _tell(parcels)
    return parcels


def _parcels(count: int) -> str:
    return f"{count} parcel{'' if count == 1 else 's'}"


def _exclude(parcels: gpd.GeoDataFrame, where: pd.Series, reasons: pd.Series) -> None:
    hit = where & (parcels["status"] == "usable")
    parcels.loc[hit, "reason"] = reasons[hit]
    parcels.loc[hit, "status"] = "excluded"


def _tell(parcels: gpd.GeoDataFrame) -> None:
    sizes = parcels.loc[parcels["status"] == "usable", "class"].value_counts()
    logger.info(
        "%d parcels in %d classes: %s", sizes.sum(), len(sizes), ", ".join(f"{c} {n}" for c, n in sizes.items())
    )
    unlabelled = int((parcels["status"] == "unlabelled").sum())
    if unlabelled:
        logger.info("%s without a label, kept for prediction", _parcels(unlabelled))
    excluded = parcels.loc[parcels["status"] == "excluded", "reason"].value_counts()
    for reason, number in excluded.items():
        logger.warning("%s excluded: %s", _parcels(number), reason)

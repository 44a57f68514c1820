"""Predictions as files that people take away: GeoPackage that opens coloured, GeoParquet, CSV."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import pandas as pd

from ..atomic import atomic
from ..spreadsheets import harmless
from .palette import GROUND, class_colours

LAYER = "parcels"
FRONT = (
    "parcel", "declared", "predicted", "agrees", "likely", "likely_count", "probability", "second", "probability_2",
    "third", "probability_3", "entropy", "disagreement", "answered_by", "fold", "clear_dates", "area", "part", "status",
    "reason",
)  # fmt: skip
UNKNOWN = {"likely": None, "likely_count": pd.NA, "answered_by": None, "fold": pd.NA}
"""Columns that answers need not have, and what stands there then."""

DIFFERS = {"outlineWidth": "if(\"agrees\" = 'no', 0.6, 0.1)", "outlineStyle": "if(\"agrees\" = 'no', 'dash', 'solid')"}
"""QGIS expressions of the border: what an inspector looks for stands out."""

NAMES = 'CASE WHEN "likely_count" > 1 THEN "likely" END'
"""QGIS expression of the label: the likely classes where there are several; the colour tells the first one."""

LABELS = (
    f'<labeling type="simple"><settings calloutType="simple"><text-style isExpression="1" fieldName={quoteattr(NAMES)} '
    'fontSize="7" textColor="30,30,30,255"><text-buffer bufferDraw="1" bufferSize="0.7" '
    'bufferColor="255,255,255,255"/></text-style><text-format wrapChar=""/><placement placement="1"/>'
    '<rendering scaleVisibility="1" scaleMin="15000" scaleMax="1"/></settings></labeling>'
)

TIP = (
    '<b>[% "parcel" %]</b>: declared [% coalesce("declared", \'nothing\') %], likely [% "likely" %]<br>'
    'answered by [% "answered_by" %]'
)
"""What QGIS shows of the parcel under the pointer."""


def parcel_answers(
    parcels: gpd.GeoDataFrame, answers: pd.DataFrame, clear_dates: pd.Series, missing: dict[str, str] | None = None
) -> gpd.GeoDataFrame:
    """Every parcel that was read with its answer, or with the reason why it has none.

    Parameters
    ----------
    parcels
        `parcel`, `class`, `area`, `status`, `reason`, `geometry`.
    answers
        Of `evaluation.answers.answers`, and where they are known `likely` (the likely classes in words), `likely_count`
        (how many), `answered_by` (which model) and `fold` (from 1, of answers out of fold).
    clear_dates
        Number of dates with a clear observation by parcel id.
    missing
        Further reasons by parcel id.

    Returns
    -------
    GeoDataFrame
        Columns `FRONT` and `geometry`; `declared` is the parcel's class, also of parcels that no model has seen.
    """
    frame = pd.DataFrame(parcels[["parcel", "class", "area", "status", "reason"]]).rename(columns={"class": "declared"})
    frame["parcel"] = frame["parcel"].astype(str)
    answers = answers.copy()
    for name, value in UNKNOWN.items():
        if name not in answers:
            answers[name] = value
    frame = frame.merge(answers.drop(columns="declared"), on="parcel", how="left")
    for name in ("likely_count", "fold"):
        frame[name] = frame[name].astype("Int64")
    both = frame["declared"].notna() & frame["predicted"].notna()
    frame["agrees"] = (frame["declared"] == frame["predicted"]).astype("boolean").where(both)
    frame["clear_dates"] = frame["parcel"].map(clear_dates).astype("Int64")
    frame["part"] = frame["part"].fillna("none")
    silent = frame["predicted"].isna() & (frame["reason"].fillna("") == "")
    why = frame["parcel"].map(missing or {}).astype(object).fillna("no observed date in this branch")
    frame["reason"] = frame["reason"].where(~silent, why)
    return gpd.GeoDataFrame(frame[list(FRONT)], geometry=parcels.geometry.to_numpy(), crs=parcels.crs)


def write_answers(answers: gpd.GeoDataFrame, folder: str | Path, name: str = "parcels") -> None:
    """Write `<name>.gpkg` with its style inside, `<name>.qml`, `<name>.parquet` and `<name>.csv`."""
    folder = Path(folder)
    style = qml(sorted(set(answers["predicted"].dropna())))
    plain = answers.copy()
    plain["agrees"] = plain["agrees"].map({True: "yes", False: "no"}).astype(object)
    with atomic(folder / f"{name}.gpkg") as part:
        # Version 1.2 opens without a warning in QGIS from 3.4 on.
        plain.to_file(part, layer=LAYER, driver="GPKG", engine="pyogrio", dataset_options={"VERSION": "1.2"})
        _embed(part, style)
    with atomic(folder / f"{name}.qml") as part:
        part.write_text(style)
    with atomic(folder / f"{name}.parquet") as part:
        answers.to_parquet(part, index=False)
    with atomic(folder / f"{name}.csv") as part:
        harmless(pd.DataFrame(plain.drop(columns="geometry"))).to_csv(part, index=False)


def qml(classes: list[str]) -> str:
    """A QGIS style: parcels by predicted class in the project's colours, a thick dashed border where declared differs.

    Near by, parcels with several likely classes are labelled with them. The format is QGIS's own (its
    `categorizedSymbol` renderer; the border's width and dashes are data-defined).
    """
    borders = "".join(
        f'<Option name="{key}" type="Map"><Option name="active" type="bool" value="true"/>'
        f'<Option name="expression" type="QString" value={quoteattr(expression)}/>'
        '<Option name="type" type="int" value="3"/></Option>'
        for key, expression in DIFFERS.items()
    )
    colours = class_colours(classes)
    categories, symbols = [], []
    for number, name in enumerate([*classes, ""]):
        colour = colours.get(name, GROUND)
        label = name or "no prediction"
        categories.append(
            f'<category render="true" symbol="{number}" type="string" '
            f"value={quoteattr(name)} label={quoteattr(label)}/>"
        )
        rgb = ",".join(str(int(colour[n : n + 2], 16)) for n in (1, 3, 5))
        symbols.append(
            f'<symbol name="{number}" type="fill" alpha="1" clip_to_extent="1" force_rhr="0">'
            '<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">'
            f'<Option name="color" type="QString" value="{rgb},255"/>'
            '<Option name="style" type="QString" value="solid"/>'
            '<Option name="outline_color" type="QString" value="60,60,60,255"/>'
            '<Option name="outline_style" type="QString" value="solid"/>'
            '<Option name="outline_width" type="QString" value="0.1"/>'
            '<Option name="outline_width_unit" type="QString" value="MM"/>'
            '</Option><data_defined_properties><Option type="Map"><Option name="name" type="QString" value=""/>'
            f'<Option name="properties" type="Map">{borders}</Option>'
            '<Option name="type" type="QString" value="collection"/></Option></data_defined_properties>'
            "</layer></symbol>"
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.28.0" labelsEnabled="1" styleCategories="Symbology|Labeling|MapTips">\n'
        '<renderer-v2 type="categorizedSymbol" attr="predicted" symbollevels="0" enableorderby="0" forceraster="0">\n'
        f"<categories>\n{chr(10).join(categories)}\n</categories>\n<symbols>\n{chr(10).join(symbols)}\n</symbols>\n"
        f"</renderer-v2>\n{LABELS}\n<mapTip>{escape(TIP)}</mapTip>\n<layerGeometryType>2</layerGeometryType>\n</qgis>\n"
    )


def _embed(path: Path, style: str) -> None:
    """Put the style into the GeoPackage's table `layer_styles`, from which QGIS takes it by itself."""
    connection = sqlite3.connect(path)
    try:
        column = connection.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (LAYER,)
        ).fetchone()[0]
        connection.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles')"
        )
        connection.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner) "
            "VALUES ('', '', ?, ?, 'predicted', ?, '', 1, '', '')",
            (LAYER, column, style),
        )
        connection.commit()
    finally:
        connection.close()

"""`cloudrobust init`: from a file of parcels to a configuration that runs."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic import atomic
from ..config.spelling import nearest
from ..errors import InputError
from .fields import look_into, require

if TYPE_CHECKING:
    import geopandas as gpd

NAME = "init"
HELP = "write a configuration for your own fields: finds the columns and the tiles, checks it, and says what comes next"

IDS = (
    "parcel", "parcel_id", "parcelid", "field_id", "fieldid", "field", "id", "fid", "objectid", "gml_id", "uid", "uuid",
)  # fmt: skip
LABELS = (
    "crop", "crop_code", "crop_type", "croptype", "code", "label", "class", "culture", "kultur", "nutzung", "nu_code",
    "code_cultu", "ec_hcat_c", "ec_hcat_n", "landuse", "land_use",
)  # fmt: skip
"""Names that columns with ids and with crops often have, the likeliest first; compared without capitals."""
MOST_CLASSES = 400
SOURCES = (
    "cdse", "earth-search", "earth-search-c1", "planetary-computer", "sentinelhub", "sentinelhub-cdse", "safe",
)  # fmt: skip
BOTH_LEVELS = ("cdse", "sentinelhub", "sentinelhub-cdse", "safe")
"""Sources that have L1C and L2A; the others have L2A alone."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--fields", type=Path, required=True, metavar="FILE", help="vector file with your parcels")
    parser.add_argument("--layer", help="its layer, where it has several")
    parser.add_argument(
        "--id", dest="id_column", metavar="COLUMN", help="its column with a unique id (found by itself)"
    )
    parser.add_argument("--label", metavar="COLUMN", help="its column with the crop")
    parser.add_argument(
        "--season", nargs="+", required=True, metavar="DAY",
        help="a year, such as 2023, or the first and the last day, such as 2022-10-01 2023-09-30",
    )  # fmt: skip
    parser.add_argument(
        "--source", default="cdse", metavar="SOURCE",
        help=f"where scenes come from: {', '.join(SOURCES)}; by default cdse",
    )  # fmt: skip
    parser.add_argument("--store", type=Path, help="folder of the scenes (of a safe source: of your products)")
    parser.add_argument("--tiles", nargs="+", default=None, help="MGRS tiles, instead of those that the parcels lie in")
    parser.add_argument("--title", help="title of the study")
    parser.add_argument("--output", type=Path, help="configuration to write (by default the fields' name with .yaml)")
    parser.add_argument(
        "--estimate", action="store_true", help="ask the archive at once how many scenes there are, and what they cost"
    )
    parser.add_argument("--force", action="store_true", help="replace a configuration that is there")


def run(given: argparse.Namespace) -> int:
    """Write the configuration, check it, and say what comes next."""
    from .check import told

    output: Path = given.output or Path(f"{_word(given.fields.stem)}.yaml")
    if output.exists() and not given.force:
        raise InputError(f"{output}: is there already; name another with --output, or replace it with --force")
    start, end = season(given.season)
    kind = source_lines(given.source, given.store)
    look_into(given.fields, given.layer)
    parcels = _read(given.fields, given.layer)
    columns = chosen_columns(parcels, given.fields, given.id_column, given.label)
    tiles = given.tiles or _tiles(parcels, given.fields)
    text = configuration(
        title=given.title or f"{given.fields.stem}, {start:%Y}" + ("" if start.year == end.year else f" to {end:%Y}"),
        period=(start, end), source=kind, tiles=tiles, fields=given.fields, layer=given.layer, columns=columns,
        raw="L1C" if given.source in BOTH_LEVELS else "L2A", block=block_size(parcels),
    )  # fmt: skip
    with atomic(output) as part:
        part.write_text(text)
    print("\n".join(told([output])))
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    levels = 2 if given.source in BOTH_LEVELS else 1
    print(
        f"\n{output} is written: {len(parcels):,} parcels in {', '.join(tiles)}.\n"
        f"About {6 * months * levels * len(tiles):,} scenes: {months} months × {levels} "
        f"{'level' if levels == 1 else 'levels'} × {len(tiles)} {'tile' if len(tiles) == 1 else 'tiles'}, one every "
        "five days; a place that two orbits see has twice as many. Services send only the windows over your parcels.\n"
        "What the archive charges, and how many there are:\n"
        f"  snakemake --cores 1 --configfile {output} -- estimate_downloads\n"
        "Then:\n"
        f"  cloudrobust doctor {output}\n"
        f"  cloudrobust run {output}"
    )
    return estimated(output) if given.estimate else 0


def estimated(output: Path) -> int:
    """Ask the archive by the workflow's own rule; returns the status of Snakemake."""
    from .run import call

    return subprocess.run(call([output], cores="1", targets=["estimate_downloads"]), check=False).returncode


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "study"


def season(words: Sequence[str]) -> tuple[dt.date, dt.date]:
    """First and last day, from a year or from two days.

    Raises
    ------
    InputError
        If they are neither, or in the wrong order.
    """
    try:
        if len(words) == 1 and re.fullmatch(r"\d{4}", words[0]):
            return dt.date(int(words[0]), 1, 1), dt.date(int(words[0]), 12, 31)
        first, last = (dt.date.fromisoformat(word) for word in words)
    except ValueError:
        raise InputError(
            f"--season {' '.join(words)}: write a year, such as 2023, or two days, such as 2022-10-01 2023-09-30"
        ) from None
    if last < first:
        raise InputError(f"--season: {last} lies before {first}; swap them")
    return first, last


def source_lines(name: str, store: Path | None) -> str:
    """The source as YAML.

    Raises
    ------
    InputError
        If there is no such source, or it needs a folder.
    """
    if name not in SOURCES:
        raise InputError(f"--source: unknown {name!r}{nearest(name, SOURCES)}")
    if name == "safe":
        if store is None or not store.is_dir():
            raise InputError(
                f"--source safe: there is no folder {store or ''}; name that of your products with --store"
            )
        return f"{{kind: safe, store: {_quoted(str(store))}}}"
    place = f", store: {_quoted(str(store))}" if store is not None else ""
    if name.startswith("sentinelhub"):
        where = "cdse" if name.endswith("cdse") else "sentinelhub"
        return f"{{kind: sentinelhub, deployment: {where}{place}}}"
    return f"{{kind: stac, preset: {name}{place}}}"


def _read(file: Path, layer: str | None) -> gpd.GeoDataFrame:
    import geopandas as gpd

    if file.suffix.lower() in (".parquet", ".geoparquet"):
        return gpd.read_parquet(file)
    return gpd.read_file(file, layer=layer, engine="pyogrio", on_invalid="ignore")


def _tiles(parcels: gpd.GeoDataFrame, file: Path) -> list[str]:
    from ..parcels.needed_tiles import needed_tiles

    try:
        return needed_tiles(parcels.geometry)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def chosen_columns(parcels: gpd.GeoDataFrame, file: Path, id_column: str | None, label: str | None) -> tuple[str, str]:
    """The columns with the id and with the crop: those that are named, else the only ones that fit.

    Raises
    ------
    InputError
        If a named column is not there or does not fit, or if none or several others could be it; the sentence says
        which flag to give.
    """
    fields = look_into_frame(parcels, file)
    if id_column is not None:
        require(fields, id_column, "--id")
        if not unique(parcels[id_column]):
            raise InputError(f"{file}: column {id_column!r} (--id) has empty or repeated values; name a unique one")
    else:
        found = [name for name in fields.columns if unique(parcels[name]) and parcels[name].dtype.kind != "f"]
        id_column = _one(found, IDS, file, "--id", "a unique id")
    if label is not None:
        require(fields, label, "--label")
    else:
        found = [name for name in fields.columns if name != id_column and like_classes(parcels[name])]
        label = _one(found, LABELS, file, "--label", "the crop")
    return id_column, label


def look_into_frame(parcels: gpd.GeoDataFrame, file: Path) -> Any:
    """The columns of a frame that was read, as `fields.look_into` gives those of a file."""
    from .fields import Fields

    names = tuple(str(name) for name in parcels.columns if name != parcels.geometry.name)
    return Fields(file, names, len(parcels), str(parcels.crs) if parcels.crs else None, None)


def unique(column: Any) -> bool:
    """Whether every row has a value of its own."""
    return bool(column.notna().all() and column.is_unique)


def like_classes(column: Any) -> bool:
    """Whether a column can be the crop: a few values, which most parcels share with others."""
    if column.dtype.kind in "fMmb":
        return False
    values = column.dropna()
    count = values.nunique()
    return bool(2 <= count <= MOST_CLASSES and count <= len(values) / 3)


def _one(found: list[str], likely: Sequence[str], file: Path, flag: str, what: str) -> str:
    """The only column that fits, or the one with the likeliest name."""
    by_name = {name.lower(): name for name in found}
    named = [by_name[name] for name in likely if name in by_name]
    if len(found) == 1 or len(named) == 1:
        return named[0] if named else found[0]
    if not found:
        raise InputError(f"{file}: no column looks like {what}; name it with {flag}")
    choice = named or found
    raise InputError(
        f"{file}: {what} could be in {', '.join(choice)}; say which with {flag}, such as {flag} {choice[0]}"
    )


def block_size(parcels: gpd.GeoDataFrame) -> int:
    """Side of the split's blocks in metres: about 150 blocks over the parcels, 500 m to 10 km."""
    shapes = parcels.geometry[parcels.geometry.notna() & ~parcels.geometry.is_empty]
    west, south, east, north = shapes.to_crs(shapes.estimate_utm_crs()).total_bounds
    side = ((east - west) * (north - south) / 150) ** 0.5
    return int(min(max(500, round(side / 500) * 500), 10_000))


def _quoted(text: str) -> str:
    """Text as YAML that stays text."""
    if re.fullmatch(r"[A-Za-z_./][\w./-]*", text):
        return text
    return json.dumps(text, ensure_ascii=False)


def configuration(
    *,
    title: str,
    period: tuple[dt.date, dt.date],
    source: str,
    tiles: Sequence[str],
    fields: Path,
    layer: str | None,
    columns: tuple[str, str],
    raw: str,
    block: int,
) -> str:
    """The configuration as commented YAML."""
    start, end = period
    layered = f", layer: {_quoted(layer)}" if layer else ""
    own = f"{{file: {_quoted(str(fields))}{layered}, id: {_quoted(columns[0])}, label: {_quoted(columns[1])}}}"
    whole_year = (start.month, start.day, end.month, end.day) == (1, 1, 12, 31)
    select = '  season: {do: select, start: "03-01", end: "10-31"}   # the days that count\n' if whole_year else ""
    steps = "season, clear, even" if whole_year else "clear, even"
    level = (
        "raw: {level: L1C}   # as the satellite saw it, clouds and all"
        if raw == "L1C"
        else "raw: {level: L2A}   # this source has no L1C beside it: atmospheric correction is in both branches"
    )
    return f"""\
# Written by `cloudrobust init`. Every key: docs/configuration.md. Check it with `cloudrobust check`.

title: {_quoted(title)}
period: {{start: {start}, end: {end}}}

# Where scenes come from; docs/data-access.md tells what each archive needs.
source: {source}
tiles: [{", ".join(tiles)}]   # found from the parcels

# Your fields. A CSV with the columns code,class (classes: …) makes fewer classes of many codes.
parcels: {own}

# Whole blocks (side in metres) go to training, validation or test, so that neighbours do not help.
split: {{method: blocks, block: {block}, validation: 0.17, test: 0.25}}

# Steps have names; branches put them in order.
steps:
{select}  clear: {{do: mask, method: scl, dilate: 20}}   # clouds, shadow and snow by the scene classification
  even: {{do: interpolate, method: linear, every: 14d}}   # equal dates

branches:
  {level}
  preprocessed: {{level: L2A, steps: [{steps}]}}

models: {{lstm: {{}}, transformer: {{}}, msresnet: {{}}, tempcnn: {{}}, forest: {{}}}}
training: {{seeds: [0, 1, 2]}}   # ten for a publication

# What a unit costs at your provider; without prices the report gives quantities alone.
# prices: {{currency: EUR, core_hour: 0.02, gigabyte: 0.0}}
"""

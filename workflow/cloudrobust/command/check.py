"""`cloudrobust check`: is the configuration right, and is what it points to there?"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from .project import configuration_argument, read_study

NAME = "check"
HELP = "check a configuration and the files that it names, in a moment and without computing anything"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    configuration_argument(parser)


def run(given: argparse.Namespace) -> int:
    """Check, and tell what the study is; the first mistake is one sentence."""
    for line in told(given.config):
        print(line)
    return 0


def told(files: list[Path]) -> list[str]:
    """What a study is, in lines.

    Raises
    ------
    InputError
        About the first thing that is wrong.
    """
    from ..config import check_files
    from ..config.sources import RastersSource
    from .fields import look_into, require

    study = read_study(files)
    origin = str(files[-1])
    check_files(study, origin)
    lines = [f"{' + '.join(map(str, files))} is fine: {study.title}"]
    if study.parcels.file is not None:
        fields = look_into(study.parcels.file, study.parcels.layer)
        require(fields, study.parcels.id, "parcels.id")
        if study.parcels.label is not None:
            require(fields, study.parcels.label, "parcels.label")
        if study.split.column is not None:
            require(fields, study.split.column, "split.column")
        if not isinstance(study.source, RastersSource):  # the grids of files are not known from names
            _meet_tiles(fields, study.tiles)
        lines.append(f"  parcels   {fields.count:,} features in {fields.file}")
    days = (study.period.end - study.period.start).days + 1
    lines.append(f"  period    {study.period.start} to {study.period.end}, {days} days")
    lines.append(f"  source    {study.source.kind}{', tiles ' + ', '.join(study.tiles) if study.tiles else ''}")
    for name, branch in study.branches.items():
        lines.append(f"  branch    {name}: {branch.chain}")
    lines.append(f"  models    {', '.join(study.models)}; {len(study.training.seeds)} seeds each")
    if study.ablation is not None:
        lines.append(f"  ablation  {len(study.ablated)} branches")
        lines += [f"            {note}" for note in study.design.notes()]
    lines.append(f"  results   {study.results}")
    return lines


def _meet_tiles(fields, tiles) -> None:  # type: ignore[no-untyped-def]
    """Raise InputError if the box around the parcels meets none of the tiles."""
    if fields.bounds is None or fields.crs is None or not tiles:
        return
    from pyproj import CRS, Transformer

    from ..scenes.mgrs import tile_box

    for tile in tiles:
        crs, left, bottom, right, top = tile_box(tile)
        move = Transformer.from_crs(CRS.from_user_input(fields.crs), CRS.from_user_input(crs), always_xy=True)
        west, south, east, north = move.transform_bounds(*fields.bounds)
        if west < right and east > left and south < top and north > bottom:
            return
    raise InputError(
        f"{fields.file}: none of its parcels can lie in {', '.join(tiles)} (tiles); `cloudrobust init` finds the tiles"
    )

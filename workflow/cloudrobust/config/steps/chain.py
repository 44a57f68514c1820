"""What the order of steps in a chain means, and what is wrong with it: known before any pixel is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from ..spelling import nearest
from . import Aggregate, AnyStep, Bands, Composite, Index, Interpolate, Mask, Normalise, Select, Smooth
from .index import index_bands

Stage = Literal["scenes", "pixels", "series"]
"""Where a prefix of a chain lives: as lists of scenes with mask rasters; nowhere by itself, because its pixels
are worked on block by block on the way to the parcels; as a series of parcels."""

CLOUDLESS_BANDS = ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")


def works_on_scenes(step: AnyStep) -> bool:
    """Whether a step needs only lists of scenes and mask rasters, and never copies pixels."""
    return isinstance(step, Select) or (isinstance(step, Mask) and not step.on_parcels)


def stages(steps: Sequence[AnyStep], table: bool = False) -> list[Stage]:
    """The stage after none, one, … all of the steps; its length is one more than theirs.

    Pixels become parcels at the step aggregate, or without one before the first step that needs a series.
    `table`: whether the source brings series.
    """
    found: list[Stage] = ["series" if table else "scenes"]
    aggregated = next((n for n, step in enumerate(steps) if isinstance(step, Aggregate)), None)
    for number, step in enumerate(steps):
        if found[-1] == "scenes" and works_on_scenes(step):
            found.append("scenes")
        elif found[-1] != "series" and aggregated is not None and number < aggregated:
            found.append("pixels")
        else:
            found.append("series")
    return found


def bands_after(bands: Sequence[str], step: AnyStep, name: str) -> tuple[str, ...]:
    """The bands that the step called `name` leaves of `bands`.

    Raises
    ------
    ValueError
        If it needs a band that is not there; the message is a sentence.
    """
    if isinstance(step, Index):
        for index in step.names:
            for band in index_bands(index).values():
                if band not in bands:
                    raise ValueError(f"index {name!r} needs band {band} for {index}, which is not there; keep it")
            if index in bands:
                raise ValueError(f"index {name!r}: {index} is there already; remove it from one of the steps")
        return (*(bands if step.keep else ()), *step.names)
    if isinstance(step, Bands):
        for band in step.keep or step.drop:
            if band not in bands:
                raise ValueError(f"bands {name!r}: there is no band {band!r}{nearest(band, bands)}")
        left = step.keep or tuple(band for band in bands if band not in step.drop)
        if not left:
            raise ValueError(f"bands {name!r}: leaves no band; drop fewer")
        return left
    return tuple(bands)


def problems(
    level: str, names: Sequence[str], steps: Sequence[AnyStep], bands: Sequence[str], table: bool = False
) -> Iterator[tuple[int, str]]:
    """What is wrong with a chain: positions in `steps`, and a sentence each.

    Parameters
    ----------
    level
        L1C or L2A.
    names, steps
        The steps of a branch and what they are called.
    bands
        Bands that the source has at that level.
    table
        Whether the source brings series and has no pixels.
    """
    where = stages(steps, table)
    scaled = gapless = ""
    clear = not table
    for number, (name, step) in enumerate(zip(names, steps, strict=True)):
        before = where[number]
        if isinstance(step, Mask):
            yield from ((number, text) for text in _mask_problems(level, name, step, before, bands, table))
        if isinstance(step, Aggregate):
            if table:
                yield number, f"aggregate {name!r} needs pixels; a source of finished series has none"
            elif before == "series":
                yield number, f"aggregate {name!r}: the pixels became parcels before it; keep one aggregate"
        if isinstance(step, Select) and step.minimum_clear and before != "scenes" and (before == "pixels" or not clear):
            yield number, f"select {name!r}: nothing before it tells the share that is clear; move it to the front"
        if isinstance(step, Smooth) and step.method == "savitzky-golay" and not gapless:
            yield number, f"smooth {name!r} needs equal dates; put an interpolate or composite step before it"
        if scaled and (isinstance(step, Index) or (isinstance(step, Mask) and step.tests_spectra)):
            yield number, f"{step.do} {name!r} needs reflectance, which {scaled!r} has scaled; move it before that"
        if isinstance(step, Interpolate) and step.needs_truth and scaled:
            yield number, f"interpolate {name!r} gives true reflectance, which {scaled!r} has scaled; move it before"
        if isinstance(step, Normalise):
            scaled = name
        if isinstance(step, Interpolate | Composite):
            gapless = name
        if isinstance(step, Interpolate):
            clear = False
        try:
            bands = bands_after(bands, step, name)
        except ValueError as error:
            yield number, str(error)
            return


def _mask_problems(
    level: str, name: str, step: Mask, before: Stage, bands: Sequence[str], table: bool
) -> Iterator[str]:
    if step.on_parcels:
        if before == "pixels":
            yield f"mask {name!r} works on the parcels' series; move it behind the aggregate step"
        if not step.tests_spectra:
            return
        if table and level != "L1C":
            yield f"mask {name!r} looks at L1C, and these finished series are of {level}; leave it out"
        missing = [band for band in CLOUDLESS_BANDS if band not in bands]
        if level == "L1C" and missing:
            yield f"mask {name!r} needs band {missing[0]}, which is not there; keep it"
        return
    if table:
        yield f"mask {name!r} needs pixels; a source of finished series has none"
    elif before != "scenes":
        yield (f"mask {name!r} needs pixels, but an earlier step works on the parcels' series; move the mask before it")
    problem = step.problem(level, name)
    if problem is not None:
        yield problem


def ranges(days: Iterable[dt.date]) -> str:
    """Days as spans of ISO dates with a space between, `2022-03-01/2022-04-30 2022-09-01/2022-10-31`."""
    spans: list[list[dt.date]] = []
    for day in sorted(set(days)):
        if spans and (day - spans[-1][1]).days == 1:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    return " ".join(f"{first}/{last}" for first, last in spans)


def days_within(spans: str) -> frozenset[dt.date]:
    """The days of the spans that `ranges` wrote."""
    pairs = within(spans)
    return frozenset(a + dt.timedelta(n) for a, b in pairs for n in range((b - a).days + 1))


def within(spans: str) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each of the spans that `ranges` wrote."""
    pairs = (span.split("/") for span in spans.split())
    return [(dt.date.fromisoformat(first), dt.date.fromisoformat(last)) for first, last in pairs]

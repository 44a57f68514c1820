"""File names as templates: `{time:%Y%m%d}_{band}.tif` tells time and band of a file, or finds the file of a time."""

from __future__ import annotations

import datetime as dt
import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2, "S": 2}
"""Directives of `strftime` that a time may have, and how many digits each has."""
WORDS = {"level": r"L1C|L2A|l1c|l2a", "band": r"[A-Za-z0-9]+", "tile": r"[A-Za-z0-9]+"}
_TOKEN = re.compile(r"\{(\w+)(?::([^{}]*))?\}|(\*)|([{}])")


@dataclass(frozen=True)
class Named:
    """A file, and what its name tells; None for what it does not."""

    path: Path
    time: dt.datetime
    level: str | None = None
    band: str | None = None
    tile: str | None = None


def checked(template: str) -> str:
    """`template`, if it is one.

    Raises
    ------
    ValueError
        A sentence on the first thing that is wrong with it.
    """
    _expression(template)
    return template


Template = Annotated[str, AfterValidator(checked)]
"""A file name in which `{time:%Y%m%d}`, `{level}`, `{band}` and `{tile}` stand for parts, and `*` for anything."""


def fields(template: str) -> set[str]:
    """Names of the fields of a template."""
    return {match[1] for match in _TOKEN.finditer(template) if match[1]}


def files(folder: Path, template: str) -> list[Named]:
    """The files of a folder whose names fit, sorted by path; a template with `/` looks into folders below.

    Raises
    ------
    ValueError
        If a name has a day or hour that there is not, as 20220231.
    """
    expression = re.compile(_expression(template))
    found = []
    for path in sorted(_candidates(folder, template)):
        match = expression.fullmatch(path.relative_to(folder).as_posix())
        if match is not None:
            told = match.groupdict()
            level = told.get("level")
            found.append(Named(path, _time(match, path), level and level.upper(), told.get("band"), told.get("tile")))
    return found


def candidates(folder: Path, template: str, time: dt.datetime, words: Mapping[str, str]) -> list[Path]:
    """The files of a folder that fit a template with its time and words filled in, sorted."""
    written = _replaced(template, lambda name, form: time.strftime(form) if name == "time" else words[name], "*", str)
    pattern = _replaced(
        template, lambda name, form: glob.escape(time.strftime(form) if name == "time" else words[name]), "*",
        glob.escape,
    )  # fmt: skip
    if "*" not in written:
        return [folder / written] if (folder / written).is_file() else []
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def filled(template: str, time: dt.datetime, words: Mapping[str, str]) -> str:
    """A template with its time and words filled in, for people to read."""
    return _replaced(template, lambda name, form: time.strftime(form) if name == "time" else words[name], "*", str)


def _candidates(folder: Path, template: str) -> list[Path]:
    depth = template.count("/")
    return [path for path in folder.glob("/".join(["*"] * (depth + 1))) if path.is_file()]


def _expression(template: str) -> str:
    seen: set[str] = set()

    def field(name: str, form: str | None) -> str:
        if name == "time":
            if not form:
                raise ValueError(f"{template!r}: says not how the time is written; write {{time:%Y%m%d}}, for example")
            return _time_expression(template, form, seen)
        if name not in WORDS:
            raise ValueError(f"{template!r}: unknown field {{{name}}}; valid are time, {', '.join(WORDS)}")
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{WORDS[name]})"

    expression = _replaced(template, field, "[^/]*", re.escape)
    if "Y" not in seen and "y" not in seen:
        raise ValueError(f"{template!r}: has no year; write the time as {{time:%Y%m%d}}, for example")
    if not ({"m", "d"} <= seen or "j" in seen):
        raise ValueError(f"{template!r}: has no day; write the time as {{time:%Y%m%d}}, for example")
    return expression


def _time_expression(template: str, form: str, seen: set[str]) -> str:
    def directive(match: re.Match[str]) -> str:
        letter = match[1]
        if letter not in DIGITS:
            known = " ".join(f"%{name}" for name in DIGITS)
            raise ValueError(f"{template!r}: %{letter} can't be read in a name; use {known}")
        if letter in seen:
            return f"(?P=time_{letter})"
        seen.add(letter)
        return rf"(?P<time_{letter}>\d{{{DIGITS[letter]}}})"

    parts = re.split(r"(%.)", form)
    return "".join(re.sub("%(.)", directive, part) if part[:1] == "%" else re.escape(part) for part in parts)


def _replaced(template: str, field, anything: str, literal) -> str:  # type: ignore[no-untyped-def]
    result, end = [], 0
    for match in _TOKEN.finditer(template):
        result.append(literal(template[end : match.start()]))
        if match[4]:
            raise ValueError(f"{template!r}: the brace {match[4]} has no partner; write {{time:%Y%m%d}}, for example")
        result.append(anything if match[3] else field(match[1], match[2]))
        end = match.end()
    return "".join([*result, literal(template[end:])])


def _time(match: re.Match[str], path: Path) -> dt.datetime:
    told = {name: value for name in DIGITS if (value := match.groupdict().get(f"time_{name}")) is not None}
    try:
        return dt.datetime.strptime(" ".join(told.values()), " ".join(f"%{name}" for name in told))
    except ValueError:
        raise ValueError(f"{path}: there is no such day or hour as its name tells; correct the name") from None

"""From YAML files to a checked `Study`, or to one sentence that says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import InputError
from .ablation import WORD
from .dask import MEMORY
from .paths import FOLDERS
from .spelling import nearest
from .steps import DAY
from .study import NAME, TILE, Study
from .yaml_file import read_yaml

MENDS = {
    NAME: "a name of small letters, digits and hyphens that starts with a letter",
    TILE: "an MGRS tile like 32UPU",
    WORD: "a name of letters, digits and single hyphens that starts with a letter",
    DAY: "a day as MM-DD or YYYY-MM-DD",
    MEMORY: "an amount of memory like 4GB or 500MB",
}


def load(paths: str | Path | Iterable[str | Path]) -> Study:
    """Read one YAML file, or several of which later ones override earlier ones key by key.

    Raises
    ------
    InputError
        One sentence that names the file, the key and the mend.
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(p) for p in paths]
    merged: dict[str, Any] = {}
    for file in files:
        merged = merge(merged, read_yaml(file))
    return parse(with_folder(merged, files), origin=str(files[-1]) if files else "configuration")


def with_folder(values: Mapping[str, Any], files: Iterable[str | Path]) -> dict[str, Any]:
    """`values` with a folder for results of its own by the name of the first file, unless they name one.

    `config.yaml` of the current folder has `results`, `valley.yaml` has `results/valley`; a `config.yaml` elsewhere
    goes by the name of its folder. So a study of one's own can't overwrite the default one, and overlays share the
    results of what they are laid over.

    Raises
    ------
    InputError
        If that folder is a part of the default study's results.
    """
    names = [Path(file) for file in files]
    if "results" in values or not names:
        return dict(values)
    first = names[0].absolute()
    own = first.parent.name if first.stem == "config" else first.stem
    if first == Path("config.yaml").absolute() or first.stem == own == "config":
        return dict(values)
    if own in FOLDERS:
        raise InputError(
            f"{names[0]}: results/{own} belongs to the results of config.yaml; name another folder, for example "
            f"results: results/my-{own}, or rename the file"
        )
    return {**values, "results": str(Path("results", own))}


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `overlay`; mappings are merged, all else is replaced."""
    merged = dict(base)
    for key, value in overlay.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def parse(values: Mapping[str, Any], origin: str = "config.yaml") -> Study:
    """Check a mapping against the schema; `origin` is the file named in the error sentence."""
    try:
        return Study.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(f"{origin}: {sentence(error)}") from None


def sentence(error: ValidationError) -> str:
    """The most telling of pydantic's complaints, as one sentence."""
    # A list that is too short because its items do not fit: the items tell more.
    details = sorted(
        error.errors(), key=lambda d: (d["type"] != "extra_forbidden", d["type"] == "too_short", len(d["loc"]))
    )
    return _one(details[0])


def _one(detail: ErrorDetails) -> str:
    location, kind, value = detail["loc"], detail["type"], detail["input"]
    where = _readable(location)
    if kind == "extra_forbidden":
        return f"unknown key {where!r}{nearest(str(location[-1]), _valid_keys(location))}"
    if kind == "missing":
        return f"the key {where!r} is missing; add it"
    if kind == "union_tag_invalid":
        context = detail["ctx"]
        expected = [t.strip().strip("'") for t in context["expected_tags"].split(",")]
        key = context["discriminator"].strip("'")
        return f"{where}.{key}: unknown {context['tag']!r}{nearest(context['tag'], expected)}"
    if kind == "union_tag_not_found":
        return f"{where}: the key {detail['ctx']['discriminator']} is missing; it says which kind this is"
    if kind == "string_pattern_mismatch" and detail["ctx"]["pattern"] in MENDS:
        name = where.replace(".[key]", "")
        return f"{name}: {value!r} does not fit; write {MENDS[detail['ctx']['pattern']]}"
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return f"{where}: {message}" if where else message
    if kind == "literal_error":
        expected = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        hint, others = nearest(str(value), expected), f" valid are {', '.join(expected)}"
        return f"{where}: unknown {value!r}{hint}{'' if 'valid are' in hint else others}"
    return f"{where}: {_shown(value)} does not fit; {_mend(kind, detail.get('ctx', {}), value)}"


def _mend(kind: str, context: Mapping[str, Any], value: Any) -> str:
    """What to write instead, in plain words, for pydantic's kinds of errors."""
    if kind in ("tuple_type", "list_type", "set_type", "frozen_set_type"):
        return f"write a list like [{value}]" if isinstance(value, str | int | float) else "write a list like [a, b]"
    if kind in ("date_from_datetime_parsing", "date_type", "date_parsing", "date_from_datetime_inexact"):
        return "write a day like 2022-05-31"
    return BOUNDS.get(kind, WORDS.get(kind, "see docs/configuration.md for what is allowed")).format(**context)


BOUNDS = {
    "greater_than": "write a number greater than {gt}",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than": "write a number less than {lt}",
    "less_than_equal": "write a number of at most {le}",
    "multiple_of": "write a multiple of {multiple_of}",
    "too_short": "name at least {min_length}",
    "too_long": "name at most {max_length}",
}
WORDS = {
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "finite_number": "write a finite number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "string_type": "write a text, in quotes where it looks like a number or a day",
    "path_type": "write the path of a file or folder",
    "dict_type": "write keys with values, like {{key: value}}",
    "model_type": "write keys with values, like {{key: value}}",
    "model_attributes_type": "write keys with values, like {{key: value}}",
    "string_pattern_mismatch": "write a text of the form {pattern}",
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _readable(location: tuple[int | str, ...]) -> str:
    """('steps', 'clear', 'mask', 'dilate') -> steps.clear.dilate: without the tags that pydantic adds."""
    words: list[str] = []
    model: Any = Study
    for part in location:
        following = _descend(model, part)
        if following is _TAG:
            model = _tagged(model, str(part))
            continue
        words.append(f"[{part}]" if isinstance(part, int) else f".{part}" if words else str(part))
        model = following
    return "".join(words)


def _valid_keys(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Study
    for part in location[:-1]:
        following = _descend(model, part)
        model = _tagged(model, str(part)) if following is _TAG else following
    members = _members(model)  # also of a part that may be left out
    return list(members[0].model_fields) if len(members) == 1 else []


_TAG = object()


def _is_model(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _members(annotation: Any) -> list[Any]:
    """The model classes anywhere inside an annotation (unions, Annotated, dicts)."""
    if _is_model(annotation):
        return [annotation]
    return [m for a in getattr(annotation, "__args__", ()) for m in _members(a)]


def _tagged(annotation: Any, tag: str) -> Any:
    for member in _members(annotation):
        for field in ("do", "kind"):
            if field in member.model_fields and member.model_fields[field].default == tag:
                return member
    return None


def _descend(model: Any, part: int | str) -> Any:
    """The annotation below `part`; _TAG if `part` is the tag of a union rather than a key."""
    if _is_model(model):
        field = model.model_fields.get(str(part))
        return field.annotation if field else None
    origin = getattr(model, "__origin__", None)
    if origin is dict:
        return model.__args__[1]
    if origin in (tuple, list):
        return model.__args__[0]
    if len(_members(model)) > 1 and _tagged(model, str(part)) is not None:
        return _TAG
    members = _members(model)
    return _descend(members[0], part) if len(members) == 1 else None

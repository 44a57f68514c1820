"""Reading a YAML file strictly: every mistake is one sentence with its file and line, and no key is lost silently.

PyYAML keeps the last of two equal keys and raises exceptions of its own for impossible days; Snakemake reads
configurations in the same way. So a file is read here before Snakemake's own reading of it is used.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError


class _Strict(yaml.SafeLoader):
    """YAML 1.1 as PyYAML's safe loader reads it, without keys that occur twice."""

    path: Path

    def mapping(self, node: yaml.MappingNode) -> dict[Any, Any]:
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            name, line = getattr(key, "value", None), key.start_mark.line + 1
            if not isinstance(name, str) or name == "<<":
                continue
            if name in lines:
                raise InputError(
                    f"{self.path}: the key {name!r} stands twice, in lines {lines[name]} and {line}; remove one of them"
                )
            lines[name] = line
        self.flatten_mapping(node)
        try:
            return {self.construct_object(key, deep=True): self.construct_object(v, deep=True) for key, v in node.value}
        except TypeError:
            line = node.start_mark.line + 1
            raise InputError(f"{self.path}: line {line}: a key is a list or mapping; write a word") from None

    def day(self, node: yaml.ScalarNode) -> dt.date | dt.datetime:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            raise InputError(
                f"{self.path}: line {node.start_mark.line + 1}: {node.value} is no day of the calendar; "
                "write YYYY-MM-DD"
            ) from None


_Strict.add_constructor("tag:yaml.org,2002:map", _Strict.mapping)
_Strict.add_constructor("tag:yaml.org,2002:timestamp", _Strict.day)


def read_yaml(file: str | Path) -> dict[str, Any]:
    """The mapping that a YAML (or JSON) file holds; empty for an empty file.

    Raises
    ------
    InputError
        If the file is missing, is not UTF-8, is no valid YAML, holds a key twice, an impossible day, or no mapping.
    """
    path = Path(file)
    text = _text(path)
    loader = _Strict(text)
    loader.path = path
    try:
        content = loader.get_single_data()
    except yaml.YAMLError as error:
        raise InputError(f"{path}: is not valid YAML ({' '.join(str(error).split())}); mend it there") from None
    except RecursionError:
        raise InputError(f"{path}: is nested too deeply to be a configuration; mend it") from None
    finally:
        loader.dispose()
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path}: must hold keys and values; it holds {_kind(content)}")
    return content


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such configuration file; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, not a configuration file; check the path") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{path}: is encoded in UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line} is not UTF-8 (perhaps Latin-1); save the file as UTF-8") from None
    for number, line_text in enumerate(text.splitlines(), start=1):
        if any(ord(sign) < 32 and sign not in "\t" for sign in line_text):
            raise InputError(f"{path}: line {number} holds a control character; remove it")
    return text


def _kind(value: Any) -> str:
    return {list: "a list", str: "a single text", int: "a single number", float: "a single number"}.get(
        type(value), f"a {type(value).__name__}"
    )

"""Ways of training that a study names by one word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .spelling import nearest

CATALOGUE = Path(__file__).with_name("protocols.yaml")


@cache
def catalogue() -> dict[str, Any]:
    """All protocols: `says`, and what they set below `training`, `models` (by kind) and `explanations`."""
    content: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text())
    return content


def written_out(values: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the values that its protocol stands for.

    Raises
    ------
    ValueError
        If the protocol is unknown, or the configuration says otherwise; the message is a sentence.
    """
    name = values.get("protocol", "cloudrobust")
    if not isinstance(name, str) or name not in catalogue():
        raise ValueError(f"protocol: unknown {name!r}{nearest(str(name), catalogue())}")
    protocol, filled = catalogue()[name], dict(values)
    for part in ("training", "explanations"):
        if part in protocol:
            filled[part] = _filled(values.get(part), protocol[part], part, name)
    models = values.get("models")
    if isinstance(models, Mapping):
        of_kind = protocol.get("models", {})
        filled["models"] = {
            own: _filled(model, of_kind.get(_kind(own, model), {}), f"models.{own}", name)
            for own, model in models.items()
        }
    return filled


def _kind(name: Any, model: Any) -> str:
    """The kind of a model of the configuration, whose name it is by default."""
    return str(model.get("do", name) if isinstance(model, Mapping) else name)


def _filled(given: Any, protocol: Mapping[str, Any], where: str, name: str) -> Any:
    """`given` with the values of the protocol `name`."""
    if given is None:
        return dict(protocol)
    if not isinstance(given, Mapping):
        return given  # a model that is left out; any other mistake is named when the configuration is checked
    for key, value in protocol.items():
        if key in given and given[key] != value:
            raise ValueError(
                f"{where}.{key}: the protocol {name!r} says {value!r}; remove the key, or the protocol and write out "
                "what you want of it"
            )
    return {**protocol, **given}

"""Write the JSON schema and the documentation table from the typed configuration.

`python -m cloudrobust.config.publish` writes both; with `--check` it only says whether they are up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from . import (
    ablation,
    dask,
    datasets,
    difference,
    evaluation,
    learning_curve,
    models,
    outputs,
    prices,
    protocols,
    published,
    sources,
    steps,
    training,
    tuning,
)
from .base import Part
from .presets import PresetBranch, catalogue
from .study import Branch, Comparison, Period, Pictures, Study

PARTS: dict[str, list[type[Part]]] = {
    "The study": [Study],
    "period": [Period],
    "source": [
        sources.SimulatorSource,
        sources.SafeSource,
        sources.RastersSource,
        sources.StacSource,
        sources.SentinelHubSource,
        sources.TableSource,
        datasets.BavarianCropsSource,
        datasets.BreizhCropsSource,
    ],
    "parcels": [sources.Parcels],
    "split": [sources.Split],
    "steps": list(steps.KINDS),
    "mask methods": list(steps.METHODS),
    "branches": [Branch, PresetBranch],
    "models": list(models.KINDS),
    "training": [training.Training],
    "tuning": [tuning.Tuning],
    "comparison": [Comparison],
    "ablation": [ablation.Ablation, ablation.Factor, ablation.FactorLevel],
    "explain_difference": [difference.Difference],
    "learning_curve": [learning_curve.LearningCurve],
    "pictures": [Pictures],
    "evaluation": [evaluation.Evaluation],
    "robustness": [evaluation.Robustness],
    "explanations": [outputs.Explanations],
    "prediction": [outputs.Prediction, outputs.Costs],
    "page": [outputs.Page],
    "prices": [prices.Prices],
    "published": [published.Published],
    "dask": list(dask.KINDS),
}


def schema() -> str:
    """The JSON schema of the configuration."""
    content = Study.model_json_schema()
    content["title"] = "cloudrobust configuration"
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def table() -> str:
    """The configuration as Markdown tables."""
    lines = [
        "# Configuration",
        "",
        "Made from the typed configuration by `make schema`; do not edit by hand.",
        "Unknown keys are errors. Several files may be given, later ones override earlier ones key by key:",
        "`snakemake --configfile config.yaml mine.yaml`.",
        "",
    ]
    for title, parts in PARTS.items():
        lines += [f"## {title}", ""]
        for part in parts:
            kind = next((f"`{f.default}`: " for n, f in part.model_fields.items() if n in ("do", "kind")), "")
            lines += [f"{kind}{(part.__doc__ or '').strip().splitlines()[0]}", ""]
            lines += ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
            for name, field in part.model_fields.items():
                lines.append(
                    f"| `{name}` | {_type(field.annotation)} | {_default(field)} | {field.description or ''} |"
                )
            lines.append("")
    return "\n".join(lines + presets() + training_protocols())


def presets() -> list[str]:
    """The ready chains as Markdown lines."""
    content = catalogue()
    lines = ["## presets", ""]
    lines += [
        "Chains that a branch can name: `branches: {mine: {preset: whittaker}}`. They stand for exactly this:",
        "",
    ]
    lines += ["| preset | level | steps | what it is |", "| --- | --- | --- | --- |"]
    for name, one in content["presets"].items():
        steps = ", ".join(f"`{step}`" for step in one["steps"]) or "none"
        lines.append(f"| `{name}` | {one['level']} | {steps} | {one['says']} |")
    lines += ["", "| step | is |", "| --- | --- |"]
    for name, step in content["steps"].items():
        lines.append(f"| `{name}` | `{json.dumps(step).replace(chr(34), '')}` |")
    return [*lines, ""]


def training_protocols() -> list[str]:
    """The ways of training as Markdown lines."""
    lines = ["## protocols", "", "What `protocol` stands for; a key that says otherwise is an error.", ""]
    lines += ["| protocol | part | says |", "| --- | --- | --- |"]
    for name, one in protocols.catalogue().items():
        lines.append(f"| `{name}` | | {one['says']} |")
        parts = {key: one[key] for key in ("training", "explanations") if key in one}
        parts |= {f"models, {kind}": values for kind, values in one.get("models", {}).items()}
        for part, values in parts.items():
            said = ", ".join(f"`{key}: {value}`" for key, value in values.items())
            lines.append(f"| | {part} | {said} |")
    return [*lines, ""]


def _type(annotation: Any) -> str:
    if annotation is type(None):
        return "null"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "see below"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None:
        return {"Path": "path", "str": "text", "int": "integer", "float": "number", "bool": "true/false"}.get(
            getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation))
        )
    if origin is tuple or origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "by name: " + _type(arguments[1])
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return " or ".join(dict.fromkeys(_type(a) for a in arguments))
    if "Literal" in str(origin):
        return " or ".join(f"`{a}`" for a in arguments)
    return _type(arguments[0])


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or isinstance(value, BaseModel):
        return ""
    if isinstance(value, tuple):
        return "`[" + ", ".join(map(str, value)) + "]`"
    return f"`{value}`" if value is not None else "none"


def main(arguments: list[str]) -> int:
    """Write both files below the current folder, or compare with them."""
    wanted = {
        Path("workflow/schemas/config.schema.json"): schema(),
        Path("docs/configuration.md"): table(),
    }
    if arguments == ["--check"]:
        stale = [str(file) for file, text in wanted.items() if not file.is_file() or file.read_text() != text]
        for name in stale:
            print(f"{name} is not what the configuration says; run 'make schema'")
        return 1 if stale else 0
    for file, text in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

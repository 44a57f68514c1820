"""`--sdm conda`: no conda is asked here; what its environments hold is compared with what the rules' code imports."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "workflow" / "cloudrobust"
# Found by name at run time, so that no import of a script leads there.
FOUND_BY_NAME = {"images": ("scenes", "parcels", "steps"), "learning": ("models", "learning", "evaluation", "report")}


def scripts(environment: str) -> list[Path]:
    """The scripts of the rules that run in an environment."""
    found = set()
    for file in (ROOT / "rules").glob("*.smk"):
        for body in re.findall(r"^ *rule \w+:\n(.*?)(?=^ *(?:rule|use rule) |\Z)", file.read_text(), re.M | re.S):
            if f"envs/{environment}.yaml" in body:
                found.update(re.findall(r'"\.\./workflow/scripts/(\w+\.py)"', body))
    return [ROOT / "workflow" / "scripts" / name for name in sorted(found)]


def imported(files: list[Path]) -> set[str]:
    """Packages outside the library and Python that files import, directly or through the library."""
    waiting, seen, names = list(files), set(), set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    folder = file.parent
                    for _ in range(node.level - 1):
                        folder = folder.parent
                    base = ".".join(["cloudrobust", *folder.relative_to(LIBRARY).parts, *([base] if base else [])])
                modules = [base, *(f"{base}.{alias.name}" for alias in node.names)]
            for module in modules:
                first, *rest = module.split(".")
                if first == "cloudrobust":
                    path = LIBRARY.joinpath(*rest)
                    waiting.extend(one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file())
                elif (beside := file.with_name(f"{first}.py")).is_file() and file.parent.name == "scripts":
                    waiting.append(beside)
                else:
                    names.add(first)
    return names - set(sys.stdlib_module_names) - {""}


def installed(pins: list[str]) -> set[str]:
    """Distributions that come with some, by what they say that they need."""
    waiting, found = [Requirement(pin) for pin in pins], set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found and not wanted.extras:
            continue
        found.add(name)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            extras = [{"extra": extra} for extra in ("", *wanted.extras)]
            if need.marker is None or any(need.marker.evaluate(extra) for extra in extras):
                waiting.append(need)
    return found


@pytest.mark.parametrize("environment", list(FOUND_BY_NAME))
def test_an_environment_holds_every_package_that_its_rules_import(environment: str) -> None:
    rooms = [file for room in FOUND_BY_NAME[environment] for file in (LIBRARY / room).rglob("*.py")]
    used = scripts(environment)
    assert len(used) > 8
    holds = installed(yaml.safe_load((ROOT / "envs" / f"{environment}.yaml").read_text())["dependencies"][-1]["pip"])
    provided = importlib.metadata.packages_distributions()
    missing = {
        name
        for name in imported(used + rooms)
        if not {canonicalize_name(d) for d in provided.get(name, [name])} & holds
    }
    assert missing == set()

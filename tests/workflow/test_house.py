"""What the project promises of itself."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {name.lower(): version for name, _, version in (line.partition("==") for line in lines) if version}


def test_conda_environments_have_the_tested_pins() -> None:
    for file in sorted((ROOT / "envs").glob("*.yaml")):
        packages = yaml.safe_load(file.read_text())["dependencies"][-1]["pip"]
        assert packages
        for package in packages:
            name, version = package.split("==")
            assert pins()[name.lower()] == version, f"{file.name}: {name}"


def test_every_rule_has_an_environment_that_exists() -> None:
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for name in re.findall(r"envs/(\w+\.yaml)", file.read_text()):
            assert (ROOT / "envs" / name).is_file(), f"{file.name}: {name}"


def test_the_make_targets_are_all_explained() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert phony is not None
    for target in phony.group(1).split():
        assert f"make {target} " in listed


def test_rooms_import_only_those_to_their_left() -> None:
    rooms = ["config", "scenes", "parcels", "steps", "models", "learning", "evaluation", "report", "command"]
    library = ROOT / "workflow" / "cloudrobust"
    for position, room in enumerate(rooms):
        for file in (library / room).rglob("*.py"):
            depth = len(file.relative_to(library).parts)
            for dots, name in re.findall(r"from (\.+)(\w*)", file.read_text()):
                if len(dots) == depth and name in rooms:
                    assert rooms.index(name) <= position, f"{file.relative_to(ROOT)} imports {name}"
            assert "snakemake" not in re.findall(r"^(?:import|from) (\w+)", file.read_text(), flags=re.MULTILINE)


def test_the_library_imports_without_torch_or_rasterio_until_they_are_needed() -> None:
    code = (
        "import sys, cloudrobust, cloudrobust.config, cloudrobust.scenes, cloudrobust.parcels, cloudrobust.steps\n"
        "print([name for name in ('torch', 'rasterio', 'geopandas', 'xarray') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "workflow",
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[]"


def test_no_module_imports_itself_in_a_circle() -> None:
    """Imports for type checkers only count too: two modules that know each other are one idea."""
    library = ROOT / "workflow" / "cloudrobust"
    modules = {".".join(file.relative_to(library.parent).with_suffix("").parts): file for file in library.rglob("*.py")}
    imports = {}
    for name, file in modules.items():
        package = name.split(".")[:-1]
        found = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            for alias in node.names:
                found.add(f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base)
        imports[name] = found & set(modules)
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        raise AssertionError(" imports ".join(error.args[1])) from None

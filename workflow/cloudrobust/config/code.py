"""The hash of the code that a rule stands on, so that editing code reruns exactly what it changes.

Snakemake sees the text of a script and its modification time, not the packages that it imports.
Here the modules of this library that a script imports, directly or through others, are hashed by
meaning: comments, blank lines and docstrings do not count.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]

# A rule gets its part of the configuration by value; these change no number by themselves.
NOT_COUNTED = ("config", "errors", "log", "atomic", "provenance", "dask_client")


def code_hash(script: str | Path, *modules: str) -> str:
    """Hash of a script and of every library module that it stands on (12 hexadecimal digits).

    `modules` are further ones that the script finds by name at run time, like `cloudrobust.models.lstm`.
    """
    script = Path(script)
    further = {file for name in modules if (file := _module_file(name)) is not None}
    digest = hashlib.sha256(_meaning(script).encode())
    for module in sorted(_closure([script, *further]) | further):
        digest.update(module.relative_to(PACKAGE).as_posix().encode())
        digest.update(_meaning(module).encode())
        for data in _data_files(module):
            digest.update(data.read_bytes())
    return digest.hexdigest()[:12]


def _closure(files: list[Path]) -> set[Path]:
    """Library modules that `files` import, directly or through others."""
    found: set[Path] = set()
    waiting = [module for file in files for module in _imports(file)]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(_imports(module))
    return found


@cache
def _data_files(module: Path) -> list[Path]:
    """Files beside a module that it names, like a style or a table."""
    text = module.read_text()
    return sorted(f for f in module.parent.iterdir() if f.is_file() and f.suffix != ".py" and f.name in text)


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def _meaning(file: Path) -> str:
    """The syntax tree without docstrings; comments and layout are not in it to begin with."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


@cache
def _imports(file: Path) -> frozenset[Path]:
    """Library modules that `file` names in an import anywhere, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, file)
            if base is not None:
                names.add(base)
                names.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(path for name in names if (path := _module_file(name)) is not None)


def _absolute(node: ast.ImportFrom, file: Path) -> str | None:
    if node.level == 0:
        return node.module
    if not file.is_relative_to(PACKAGE):
        return None
    folder = file.parent
    for _ in range(node.level - 1):
        folder = folder.parent
    words = ["cloudrobust", *folder.relative_to(PACKAGE).parts, *([node.module] if node.module else [])]
    return ".".join(words)


def _module_file(name: str) -> Path | None:
    words = name.split(".")
    if words[0] != "cloudrobust" or (len(words) > 1 and words[1] in NOT_COUNTED):
        return None
    base = PACKAGE.joinpath(*words[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None

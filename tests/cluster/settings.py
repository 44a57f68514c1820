"""What Snakemake makes of each profile with the plugins' own code: `python tests/cluster/settings.py PLUGINS PROFILE…`.

PLUGINS is a folder with the executor plugins, installed without what they need to talk to a cloud (the clients of
Kubernetes, AWS and HTCondor, which play no part in reading settings): those alone are stood in for by empty modules.
They are kept out of the environment itself, where Snakemake would import them at every start.

Prints JSON: for each profile the plugin's settings, or the words with which Snakemake or the plugin refuses it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.abc
import importlib.machinery
import io
import json
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

CLIENTS = ("kubernetes", "boto3", "botocore", "htcondor2", "classad2")


class _Client(types.ModuleType):
    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return mock.MagicMock(name=name)


class _Clients(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the clients where they are not installed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:  # noqa: ARG002
        if name.partition(".")[0] in CLIENTS:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Client(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is in it."""


def settings_of(profile: str) -> dict[str, Any]:
    """What Snakemake and the plugin read from one profile."""
    from snakemake.cli import parse_args
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            _, args = parse_args(["--workflow-profile", profile, "--dry-run"])
            plugin = ExecutorPluginRegistry().get_plugin(args.executor)
            settings = plugin.get_settings(args)
            plugin.validate_settings(settings)
    except (SystemExit, Exception) as error:
        return {"refused": f"{said.getvalue()}{error}"}
    found = dataclasses.asdict(settings)
    return {"settings": {f"{plugin.name}-{name}".replace("_", "-"): value for name, value in found.items()}}


def main(plugins: str, profiles: list[str]) -> None:
    """Print what was read."""
    sys.path.insert(0, str(Path(plugins).resolve()))
    sys.meta_path.append(_Clients())
    print(json.dumps({profile: settings_of(profile) for profile in profiles}, default=str))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

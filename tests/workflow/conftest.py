"""One finished small study, which several tests look at; none changes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small study, run to its end once in a session."""
    project = Project(Path(tmp_path_factory.mktemp("study")) / "project")
    result = project.snakemake()
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-8000:]
    return project

"""Fixtures for the tests of the simulator: one small archive, rendered in memory."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cloudrobust.config.sources import SimulatorSource
from cloudrobust.scenes.simulator.acquisitions import Acquisition, passes
from cloudrobust.scenes.simulator.canopy import Canopy, load_or_tabulate
from cloudrobust.scenes.simulator.landscape import Landscape, make_landscape
from cloudrobust.scenes.simulator.rendering import Renderer


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated")


@pytest.fixture(scope="session")
def config(store: Path) -> SimulatorSource:
    return SimulatorSource(store=store, size=1800, parcels=70)


@pytest.fixture(scope="session")
def canopy(store: Path) -> Canopy:
    return load_or_tabulate(store)


@pytest.fixture(scope="session")
def landscape(config: SimulatorSource) -> Landscape:
    return make_landscape(config)


@pytest.fixture(scope="session")
def full_landscape() -> Landscape:
    """The landscape of the default configuration."""
    return make_landscape(SimulatorSource())


@pytest.fixture(scope="session")
def renderer(config: SimulatorSource, landscape: Landscape, canopy: Canopy) -> Renderer:
    return Renderer(config, landscape, canopy)


@pytest.fixture(scope="session")
def cloudless(config: SimulatorSource, landscape: Landscape, canopy: Canopy) -> Renderer:
    """The same landscape under a sky that never has a cloud."""
    return Renderer(config.model_copy(update={"cloudiness": 0.0}), landscape, canopy)


@pytest.fixture(scope="session")
def year(config: SimulatorSource) -> list[Acquisition]:
    """All acquisitions of 2022."""
    return passes(config, date(2022, 1, 1), date(2022, 12, 31))

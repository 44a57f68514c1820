"""One acquisition, from the landscape to the digital numbers of both levels and the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...config.sources import SimulatorSource
from ..bands import BAND, BANDS, bands_of
from ..radiometry import SCALE
from . import atmosphere, classification, clouds, sensor, truth
from .acquisitions import Acquisition
from .atmosphere import Air
from .canopy import Canopy
from .clouds import Light, Sky
from .fractal import block_mean
from .landscape import Landscape
from .randomness import generator
from .surface import Ground
from .weather import Day, weather

Field = NDArray[np.float32]

GROUPS = {r: tuple(name for name in BANDS if BAND[name].resolution == r) for r in (10, 20, 60)}
GLOW = 0.035  # reflectance that clouds all around add at 560 nm to a clear pixel
# absorption of sunlight by clouds: reflectance relative to a white cloud, of water and of ice, B01 to B12
WATER_CLOUD = np.array([1, 1, 1, 1, 1, 1, 1, 0.99, 0.99, 0.97, 0.92, 0.74, 0.60])
ICE_CLOUD = np.array([1, 1, 1, 1, 1, 1, 1, 0.98, 0.97, 0.95, 0.85, 0.58, 0.45])


@dataclass(frozen=True)
class Conditions:
    """What both levels of an acquisition share.

    Attributes
    ----------
    day: weather.
    air: the true atmosphere.
    sky: the clouds; `light` what they do, by resolution (10, 20, 60).
    ground: true surface reflectance, float32 (3, entity, band) as `Landscape.paint` takes it.
    """

    day: Day
    air: Air
    sky: Sky
    light: dict[int, Light]
    ground: NDArray[np.float32]


class Renderer:
    """Makes the products of a landscape; a product depends only on the configuration and its acquisition."""

    def __init__(self, config: SimulatorSource, landscape: Landscape, canopy: Canopy) -> None:
        self.config = config
        self.landscape = landscape
        self.ground = Ground(landscape, canopy, config.seed)
        # both levels of an acquisition are often asked for one after the other
        self.conditions = lru_cache(maxsize=2)(self._conditions)
        self.level1 = lru_cache(maxsize=2)(self._level1)
        self.level2 = lru_cache(maxsize=1)(self._level2)

    def _conditions(self, acquisition: Acquisition) -> Conditions:
        """The true state of ground, air and sky."""
        day = weather(self.config.seed, acquisition.time.date())
        rng = generator(self.config.seed, "clouds", acquisition.stamp)
        sky = clouds.make_sky(acquisition, self.config.cloudiness, self.landscape.size, rng)
        at20 = clouds.light(sky)
        at10 = at20.fine()
        return Conditions(
            day=day,
            air=atmosphere.air(acquisition.sun_zenith, day.aerosol, day.water_vapour, day.ozone),
            sky=sky,
            light={10: at10, 20: at20, 60: at20.coarse(3)},
            ground=self.ground.reflectance(acquisition.time.date(), day, acquisition.sun_zenith),
        )

    def surface(self, acquisition: Acquisition, band: str) -> Field:
        """True reflectance of the ground in one band on its native grid, without clouds and air."""
        values = self.conditions(acquisition).ground[..., [BAND[band].band_id]]
        return self.landscape.paint(values, BAND[band].resolution)[0]

    def bare_ground(self, acquisition: Acquisition, bands: Iterable[str]) -> dict[str, Field]:
        """The same of several bands, also of a pass that never was: neither sky nor air is made for it."""
        day = acquisition.time.date()
        values = self.ground.reflectance(day, weather(self.config.seed, day), acquisition.sun_zenith)
        wanted = set(bands)
        images: dict[str, Field] = {}
        for resolution, names in GROUPS.items():
            here = [name for name in names if name in wanted]
            if not here:
                continue
            painted = self.landscape.paint(values[..., [BAND[name].band_id for name in here]], resolution)
            images.update(zip(here, painted, strict=True))
        return images

    def top_of_atmosphere(self, acquisition: Acquisition) -> dict[str, Field]:
        """True reflectance at the top of the atmosphere, each band on its native grid (rows, columns)."""
        c = self.conditions(acquisition)
        main, cirrus = c.sky.layers
        above = [
            atmosphere.gases(acquisition.sun_zenith, c.day.water_vapour, c.day.ozone, layer.height)
            for layer in (main, cirrus)
        ]
        white = [WATER_CLOUD + (ICE_CLOUD - WATER_CLOUD) * layer.ice for layer in (main, cirrus)]
        top = {}
        for resolution, names in GROUPS.items():
            light = c.light[resolution]
            index = [BAND[name].band_id for name in names]
            grounds = self.landscape.paint(c.ground[..., index], resolution)
            hidden = 1 - np.float32(0.6) * light.low  # most of the air lies above low clouds, and stays visible
            for name, i, ground in zip(names, index, grounds, strict=True):
                direct = np.float32(c.air.direct[i])
                ground *= (
                    np.float32(c.air.down[i] * c.air.up[i])
                    * (direct * light.sunlit + (1 - direct))
                    / (1 - np.float32(c.air.spherical[i]) * ground)
                )
                below = ground * light.detail + light.blurred * np.float32(ground.mean())
                below += np.float32(c.air.path[i]) * hidden
                below += light.glow * np.float32(GLOW * (BAND[name].wavelength / 560) ** -1.5)
                below *= np.float32(c.air.gas[i])
                below += light.low * np.float32(white[0][i] * above[0][i])
                below += light.high * np.float32(white[1][i] * above[1][i])
                top[name] = below
        return top

    def _level1(self, acquisition: Acquisition) -> dict[str, NDArray[np.int32]]:
        """Harmonised digital numbers of Level-1C, 13 bands."""
        return {
            name: sensor.measure(
                image, name, acquisition.sun_zenith, generator(self.config.seed, "noise", acquisition.stamp, name)
            )
            for name, image in self.top_of_atmosphere(acquisition).items()
        }

    def _level2(self, acquisition: Acquisition) -> dict[str, NDArray[np.int32]]:
        """Harmonised digital numbers of Level-2A, 12 bands: the correction of what Level-1C measured."""
        c = self.conditions(acquisition)
        measured = self.level1(acquisition)
        rng = generator(self.config.seed, "correction", acquisition.stamp)
        cloudy = float(np.mean(c.light[60].low + c.light[60].high > 0.05))
        estimate = atmosphere.estimate_of(rng, acquisition.sun_zenith, c.day.aerosol, c.day.water_vapour, cloudy)
        corrected = {}
        for name in bands_of("L2A"):
            top = measured[name] * np.float32(1 / SCALE)
            corrected[name] = np.rint(SCALE * atmosphere.correct(top, BAND[name].band_id, estimate)).astype(np.int32)
        return corrected

    def scene_classification(self, acquisition: Acquisition) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Scene classification and cloud probability (percent) of Level-2A at 20 m, with their errors."""
        c = self.conditions(acquisition)
        level2 = self.level2(acquisition)
        visible = self.landscape.paint(c.ground[..., 1:4], 20)

        def at20(name: str) -> Field:
            field = level2[name] * np.float32(1 / SCALE)
            return field if BAND[name].resolution == 20 else block_mean(field, 2)

        cirrus = self.level1(acquisition)["B10"] * np.float32(1 / SCALE)
        evidence = classification.Evidence(
            ground=visible.mean(axis=0),
            cirrus=np.repeat(np.repeat(cirrus, 3, 0), 3, 1),
            green=at20("B03"), red=at20("B04"), infrared=at20("B08"), shortwave=at20("B11"),
        )  # fmt: skip
        rng = generator(self.config.seed, "classification", acquisition.stamp)
        return classification.classify(c.sky, c.light[20], evidence, rng)

    def truth(self, acquisition: Acquisition) -> truth.Truth:
        """The true class and cloud optical thickness of each 10 m pixel."""
        c = self.conditions(acquisition)
        thickness = clouds.fine(c.sky.view(c.sky.layers[0]) + c.sky.view(c.sky.layers[1]))
        snow = self.ground.snow_cover(c.day.snow).astype(np.float32)[..., None]
        cover = self.landscape.paint(snow, 10)[0]
        return truth.Truth(truth.classify(thickness, c.light[10].sunlit, cover), thickness)

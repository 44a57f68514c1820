"""The ground: what every entity of the landscape reflects on a day, and images of it."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from . import spectra
from .canopy import Canopy
from .landscape import Landscape
from .phenology import Traits, draw_traits, logistic, state
from .randomness import generator
from .weather import Day

Array = NDArray[np.float64]

LEVELS = np.array([-1.0, 0.0, 1.0])[:, None]
"""Vigour of the pixels for which spectra are computed; `Landscape.paint` interpolates between them."""


class Ground:
    """The surface of a landscape through the year."""

    def __init__(self, landscape: Landscape, canopy: Canopy, seed: int) -> None:
        self.landscape = landscape
        self.canopy = canopy
        self.traits: Traits = draw_traits(landscape.crop, generator(seed, "traits"))
        self._kind = np.array(landscape.cover)
        rng = generator(seed, "covers")
        count = len(self._kind)
        self._early = rng.normal(0, 5, count)
        self._dense = rng.lognormal(0, 0.15, count)

    def snow_cover(self, depth: float) -> Array:
        """Share of snow seen on each entity for each of `LEVELS`: (3, entity).

        Fields are white from some 3 cm on (a depletion curve, vigorous swards later than poor ones); forests hide
        most of the snow below their crowns, roads and roofs are cleared, water stays open.
        """
        parcels = len(self.landscape.crop)
        open_field = np.clip((depth - 0.6 - 0.8 * LEVELS) / 3.0, 0, 1) * 0.93
        share = np.repeat(open_field, parcels + len(self._kind), axis=1)
        damp = {
            "conifer": 0.15,
            "broadleaf": 0.3,
            "built": 0.6,
            "road": 0.25,
            "track": 0.9,
            "water": 0.0,
            "margin": 0.9,
        }
        share[:, parcels:] *= np.array([damp[kind] for kind in self._kind])
        return share

    def reflectance(self, day: date, weather: Day, sun_zenith: float, *, snow: bool = True) -> NDArray[np.float32]:
        """Surface reflectance of each entity for each of `LEVELS`: float32 (3, entity, band), as `paint` takes it."""
        number = float(day.timetuple().tm_yday)
        values = np.concatenate(
            [self._parcels(number, weather, sun_zenith), self._covers(number, weather, sun_zenith)], axis=1
        )
        if snow and weather.snow > 0:
            values = spectra.mix(self.snow_cover(weather.snow), spectra.SNOW, values)
        return values.astype(np.float32)

    def soil(self, brightness: Array | float, wetness: Array | float) -> Array:
        """Bare soil (…, band): the library's dry and wet spectra mixed; crumbs at the top never get quite wet."""
        spectrum = spectra.mix(0.65 * np.asarray(wetness), self.canopy.wet_soil, self.canopy.dry_soil)
        return np.asarray(np.asarray(brightness)[..., None] * spectrum)

    def _parcels(self, day: float, weather: Day, sun_zenith: float) -> Array:
        t = self.traits
        now = state(t, day, weather.shift)
        # a poor spot has thinner stands on paler, drier soil
        lai = now.lai * np.exp(0.4 * LEVELS)
        wetness = np.clip(weather.wetness * (1.15 - 0.6 * t.drainage) + 0.08 * LEVELS, 0, 1)
        soil = self.soil(0.72 * t.soil * np.exp(-0.12 * LEVELS), wetness)
        ground = spectra.mix(np.broadcast_to(now.straw, lai.shape), spectra.STRAW * 0.9, soil)
        shape = lai.shape
        green = self.canopy.reflectance(
            lai, np.broadcast_to(now.chlorophyll, shape) * np.exp(0.06 * LEVELS), np.broadcast_to(now.brown, shape),
            np.broadcast_to(t.angle, shape), sun_zenith, ground,
        )  # fmt: skip
        stand = spectra.mix(np.full(shape, 0.05), ground, green)  # tramlines and gaps
        ripe = spectra.mix(np.broadcast_to(now.ripe, shape), spectra.STRAW * 0.85, stand)
        return spectra.mix(np.broadcast_to(now.flower, shape), spectra.FLOWERS, ripe)

    def _covers(self, day: float, weather: Day, sun_zenith: float) -> Array:
        """Everything that is no parcel, (3, cover, band)."""
        kind, early, dense = self._kind, self._early, self._dense
        shape = (3, len(kind))
        leaves = logistic(0.13 * (day - weather.shift - 118 - early)) * logistic(-0.12 * (day - 303 - early))
        autumn = logistic(0.15 * (day - 288 - early))
        grass = 0.7 + 1.9 * logistic(0.07 * (day - weather.shift - 105)) * logistic(-0.03 * (day - 280))
        lai = np.select([kind == "conifer", kind == "broadleaf"], [4.2 * dense, 0.25 + 4.8 * dense * leaves], grass)
        chlorophyll = np.where(kind == "conifer", 52.0, 40.0) * np.where(kind == "broadleaf", 1 - 0.7 * autumn, 1.0)
        brown = np.select([kind == "conifer", kind == "broadleaf"], [0.12, 0.15 + 0.7 * autumn], 0.25)
        angle = np.where((kind == "conifer") | (kind == "broadleaf"), 50.0, 60.0)
        litter = 0.45 * spectra.STRAW + 0.25 * self.soil(0.6, weather.wetness)
        plants = self.canopy.reflectance(
            np.broadcast_to(lai, shape) * np.exp(0.3 * LEVELS), np.broadcast_to(chlorophyll, shape),
            np.broadcast_to(brown, shape), np.broadcast_to(angle, shape), sun_zenith,
            np.broadcast_to(litter, (*shape, len(litter))),
        )  # fmt: skip
        # crowns shade each other, the more the lower the sun and the rougher the forest (Li & Strahler 1992,
        # IEEE Trans. Geosci. Remote Sens. 30:276-292); here as one factor
        low = np.tan(np.radians(min(sun_zenith, 75.0)))
        light = np.select([kind == "conifer", kind == "broadleaf"], [0.62 - 0.07 * low, 0.88 - 0.09 * low], 1.0)
        plants = plants * (np.broadcast_to(light, shape) * np.exp(0.14 * LEVELS))[..., None]

        garden = plants * 0.8
        town = 0.35 * spectra.ASPHALT + 0.4 * spectra.ROOF_TILES + 0.25 * spectra.CONCRETE
        paved = np.broadcast_to(0.35 + 0.35 * LEVELS, shape)
        built = spectra.mix(paved, town * np.exp(0.35 * LEVELS)[..., None], garden)
        road = np.broadcast_to(0.8 * spectra.ASPHALT + 0.2 * spectra.CONCRETE, plants.shape)
        track = 0.55 * (0.6 * spectra.CONCRETE + 0.4 * self.soil(0.7, weather.wetness)) + 0.45 * plants
        lake = spectra.WATER * np.exp(0.1 * LEVELS)[..., None] * np.ones((1, len(kind), 1))
        choose = {"built": built, "road": road, "track": track, "water": lake}
        values = plants.copy()
        for name, spectrum in choose.items():
            values[:, kind == name] = spectrum[:, kind == name]
        return values

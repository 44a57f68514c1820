"""Clouds above the landscape and their shadows.

Cover: the share of sky that is cloudy is U-shaped, mostly nothing or all, and follows a beta distribution (Falls
1974, J. Geophys. Res. 79:1261-1264); its mean over Central Europe is lower in summer than in winter (CM SAF: Karlsson
et al. 2017, Atmos. Chem. Phys. 17:5809-5828; for Sentinel-2: Sudmanns et al. 2020, Int. J. Digit. Earth 13:768-784).
Acquisitions, three days or more apart, are independent.

Shape: a fractal field (see `fractal`) above a threshold; how far above gives the optical thickness, so that edges are
thin. Kinds differ in size, height and thickness (Rossow & Schiffer 1999, Bull. Am. Meteorol. Soc. 80:2261-2287).
Cirrus is a layer of its own.

Light: reflectance of a layer by the two-stream approximation of Coakley & Chýlek 1975 (J. Atmos. Sci. 32:409-418), R
= βτ/μ / (1 + βτ/μ) with β = (1 - g)/2, g = 0.85. What is transmitted without being scattered out of the forward peak,
exp(-(1 - g²) τ / μ) (delta scaling, Joseph, Wiscombe & Weinman 1976, J. Atmos. Sci. 33:2452-2459), casts shadows and
shows detail; the rest is diffuse and spreads over the scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import expit, logit, ndtri

from .acquisitions import Acquisition
from .fractal import block_mean, fractal

Field = NDArray[np.float32]

ASYMMETRY = 0.85
BACKWARD = (1 - ASYMMETRY) / 2
FORWARD = 1 - ASYMMETRY**2
THICKEST = 80.0
CELL = 20  # m, pixels of cloud fields
DOMAIN = 10240  # m, least period of cloud fields: shadows that leave it on one side come in on the other
GLOW_RADIUS = 600.0  # m, how far clouds light up what is beside them
SHARPNESS = 0.7  # sum of the two parameters of the beta distribution: below 2 it is U-shaped
CIRRUS_DAYS, CIRRUS_COVER = 0.3, 0.45  # share of days with cirrus, mean cover on these


@dataclass(frozen=True)
class Kind:
    """A kind of clouds.

    Attributes
    ----------
    outer: size of the largest clouds in metres.
    slope: of the field's spectrum.
    thickness: optical thickness one deviation above the threshold.
    height: lowest and highest in km.
    ice: share of ice in the absorption, 0 to 1.
    """

    outer: float
    slope: float
    thickness: float
    height: tuple[float, float]
    ice: float


KINDS = {
    "cumulus": Kind(1600.0, 3.2, 15.0, (1.0, 2.2), 0.1),
    "stratus": Kind(5000.0, 3.3, 7.0, (0.5, 1.8), 0.1),
    "alto": Kind(7000.0, 3.5, 3.5, (3.0, 5.5), 0.5),
    "veil": Kind(8000.0, 3.7, 1.1, (3.5, 6.0), 0.7),
    "cirrus": Kind(8000.0, 3.4, 0.35, (8.5, 11.0), 1.0),
}


@dataclass(frozen=True)
class Layer:
    """One cloud layer.

    Attributes
    ----------
    thickness: optical thickness, float32 (rows, columns) on the periodic domain at `CELL`.
    height: in km.
    ice: share of ice in the absorption, 0 to 1.
    """

    thickness: Field
    height: float
    ice: float


@dataclass(frozen=True)
class Sky:
    """The clouds of an acquisition over the landscape.

    Attributes
    ----------
    layers: main clouds and cirrus (thickness zero where there are none), on the periodic domain.
    side: rows and columns of the landscape in pixels of `CELL`.
    acquisition: for the sun's position.
    """

    layers: tuple[Layer, Layer]
    side: int
    acquisition: Acquisition

    def view(self, layer: Layer) -> Field:
        """Optical thickness of a layer as the satellite sees it, on the landscape at `CELL`."""
        return layer.thickness[: self.side, : self.side]

    def shade(self, layer: Layer, height: float = 1.0) -> Field:
        """Optical thickness between sun and ground; `height` multiplies the layer's height (for masks that err)."""
        down, right = displacement(self.acquisition, layer.height * height)
        return np.roll(layer.thickness, (down, right), axis=(0, 1))[: self.side, : self.side]


def displacement(acquisition: Acquisition, height: float) -> tuple[int, int]:
    """Rows and columns of `CELL` from a cloud at `height` (km) to its shadow: h tan(zenith), away from the sun."""
    distance = height * 1000 * np.tan(np.radians(acquisition.sun_zenith)) / CELL
    azimuth = np.radians(acquisition.sun_azimuth)
    return round(float(distance * np.cos(azimuth))), round(float(-distance * np.sin(azimuth)))


def mean_cover(cloudiness: float, day: int) -> float:
    """Mean cover on a day of the year, with the mean `cloudiness` over the year."""
    if cloudiness <= 0:
        return 0.0
    return float(expit(logit(cloudiness) + 0.5 * np.cos(2 * np.pi * (day - 5) / 365.25)))


def make_sky(acquisition: Acquisition, cloudiness: float, size: int, rng: np.random.Generator) -> Sky:
    """Draw the clouds of an acquisition over a landscape of `size` metres."""
    side = size // CELL
    domain = max(DOMAIN, size + 2000) // CELL
    domain += domain % 2
    day = acquisition.time.timetuple().tm_yday
    cirrus_share = CIRRUS_DAYS * CIRRUS_COVER * min(1.0, cloudiness / 0.5)
    main = max(0.0, 1 - (1 - mean_cover(cloudiness, day)) / (1 - cirrus_share))
    cover = float(rng.beta(SHARPNESS * main, SHARPNESS * (1 - main))) if main > 0 else 0.0
    kind = _kind(cover, day, rng)
    veiled = rng.random() < CIRRUS_DAYS * min(1.0, cloudiness / 0.5)
    above = float(rng.beta(0.9, 0.9 * (1 - CIRRUS_COVER) / CIRRUS_COVER)) if veiled else 0.0
    layers = (_layer(KINDS[kind], cover, domain, rng), _layer(KINDS["cirrus"], above, domain, rng, stretch=3))
    return Sky(layers, side, acquisition)


def _kind(cover: float, day: int, rng: np.random.Generator) -> str:
    warm = 105 < day < 275
    if cover > 0.85:
        shares = {"stratus": 0.62, "alto": 0.26, "veil": 0.12}
    elif warm:
        shares = {"cumulus": 0.6, "stratus": 0.15, "alto": 0.15, "veil": 0.1}
    else:
        shares = {"cumulus": 0.2, "stratus": 0.4, "alto": 0.25, "veil": 0.15}
    return str(rng.choice(list(shares), p=list(shares.values())))


def _layer(kind: Kind, cover: float, domain: int, rng: np.random.Generator, stretch: int = 1) -> Layer:
    """A layer that covers a share of its domain; streaks if `stretch` is more than 1."""
    height = float(rng.uniform(*kind.height))
    thickness = kind.thickness * float(rng.lognormal(0, 0.3))
    if cover < 0.005:
        return Layer(np.zeros((domain, domain), dtype=np.float32), height, kind.ice)
    field = fractal(rng, (domain, domain), float(CELL), kind.outer, kind.slope)
    if stretch > 1:
        # fibres along the wind: smoothing along the diagonal of a sheared field
        field = np.asarray(gaussian_filter(field, (0.7, 3.0 * stretch), mode="wrap"))
        rows = np.arange(domain)
        field = field[rows[:, None], (np.arange(domain)[None, :] + rows[:, None]) % domain]
        field /= field.std()
    excess = np.maximum(field - np.float32(np.clip(ndtri(1 - cover), -3.2, 3.2)), 0)
    return Layer(np.minimum(thickness * excess**1.2, THICKEST).astype(np.float32), height, kind.ice)


def reflected(thickness: Field, cosine: float) -> Field:
    """Two-stream reflectance of a layer for light from a zenith with the given cosine."""
    x = thickness * np.float32(BACKWARD / cosine)
    return np.asarray(x / (1 + x), dtype=np.float32)


def unscattered(thickness: Field, cosine: float) -> Field:
    """Share of light that passes a layer in its direction, forward peak included."""
    return np.exp(thickness * np.float32(-FORWARD / cosine))


@dataclass(frozen=True)
class Light:
    """What clouds do to light in each pixel of one grid, float32 (rows, columns).

    Attributes
    ----------
    low, high: reflectance of the main layer (seen through the cirrus) and of the cirrus.
    detail: share of the ground's detail that is seen.
    blurred: share of the ground's light that reaches the satellite without its detail.
    sunlit: direct light at the ground, 1 without clouds.
    glow: light that clouds scatter into their surroundings (Marshak et al. 2008, J. Geophys. Res. 113:D14S17).
    """

    low: Field
    high: Field
    detail: Field
    blurred: Field
    sunlit: Field
    glow: Field

    def coarse(self, factor: int) -> Light:
        """Means of blocks of factor × factor pixels."""
        return Light(*(block_mean(getattr(self, name), factor) for name in self.__dataclass_fields__))

    def fine(self) -> Light:
        """On pixels of half the side, by bilinear interpolation."""
        return Light(*(fine(getattr(self, name)) for name in self.__dataclass_fields__))


def light(sky: Sky) -> Light:
    """The light of a sky on the landscape, at `CELL`."""
    sun = float(np.cos(np.radians(sky.acquisition.sun_zenith)))
    main, cirrus = sky.layers
    below, above = sky.view(main), sky.view(cirrus)
    both = below + above
    high = reflected(above, sun)
    low = reflected(below, sun) * (1 - high) * (1 - reflected(above, 1.0))
    detail = unscattered(both, 1.0)
    blurred = (1 - reflected(both, 1.0)) - detail
    shade = sky.shade(main) + sky.shade(cirrus)
    direct = unscattered(shade, sun)
    # diffuse light of all clouds around
    sunlit = direct + np.float32(np.mean((1 - reflected(shade, sun)) - direct))
    around = gaussian_filter(block_mean(low + high, 3), GLOW_RADIUS / (3 * CELL), mode="nearest")
    glow = np.repeat(np.repeat(around, 3, 0), 3, 1) * (1 - low - high)
    return Light(low, high, detail, blurred, sunlit, glow)


def fine(field: Field) -> Field:
    """Bilinear interpolation to half the pixel side."""
    padded = np.pad(field, 1, mode="edge")
    rows = np.empty((2 * field.shape[0], padded.shape[1]), dtype=np.float32)
    rows[::2] = 0.75 * padded[1:-1] + 0.25 * padded[:-2]
    rows[1::2] = 0.75 * padded[1:-1] + 0.25 * padded[2:]
    fine = np.empty((2 * field.shape[0], 2 * field.shape[1]), dtype=np.float32)
    fine[:, ::2] = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, :-2]
    fine[:, 1::2] = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, 2:]
    return fine

"""What stands on each parcel on a day of the year.

Leaf area grows and decays as a product of two logistic curves (Zhang et al. 2003, Remote Sens. Environ. 84:471-475;
Beck et al. 2006, Remote Sens. Environ. 100:321-334) between events that end a canopy at once: mowing, harvest,
tillage. Calendars are those of `crops`; every parcel draws its own variation around them (`Traits`), large enough
for classes to overlap. Farming around the crop: stubble and straw until tillage, then bare soil, a catch crop or the
next winter crop; before spring crops bare soil or the remains of a catch crop.

Each year is like the next: a parcel carries its crop in every year, only the season is early or late as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .crops import ALL, NEVER, Crop

Array = NDArray[np.float64]
MOST_CUTS = 5


@dataclass(frozen=True)
class Traits:
    """How each parcel's crop is grown: every attribute an array (parcel,), days of the year, units as in `crops.Crop`.

    Attributes
    ----------
    greenup, greenup_rate, senescence, senescence_rate, harvest, peak, winter, chlorophyll, angle: as in `Crop`.
    ripens, flower, flower_day, flower_width: as in `Crop`.
    seedbed: day of spring tillage, up to which remains of the previous year stand; 0 for crops sown in autumn.
    remains: leaf area index of these remains (a catch crop, volunteers, weeds).
    tillage: day after the harvest on which straw and stubble are buried.
    sequel, sequel_day: leaf area index and inflection day of what is sown after the harvest.
    straw: cover of straw and stubble right after the harvest.
    cuts: (parcel, `MOST_CUTS`) days of mowing; `NEVER` where there are fewer.
    soil: brightness of the parcel's soil relative to the spectral library's.
    drainage: 0..1, how fast the parcel's soil dries.
    """

    greenup: Array
    greenup_rate: Array
    senescence: Array
    senescence_rate: Array
    harvest: Array
    peak: Array
    winter: Array
    chlorophyll: Array
    angle: Array
    ripens: Array
    flower: Array
    flower_day: Array
    flower_width: Array
    seedbed: Array
    remains: Array
    tillage: Array
    sequel: Array
    sequel_day: Array
    straw: Array
    cuts: Array
    soil: Array
    drainage: Array


@dataclass(frozen=True)
class State:
    """What stands on each parcel, arrays (parcel,).

    Attributes
    ----------
    lai: leaf area index of green leaves.
    chlorophyll: µg/cm² of leaf.
    brown: brown pigments of PROSPECT, 0 to about 1.
    ripe: share of the canopy that has turned to standing straw.
    flower: cover of flowers.
    straw: share of the ground that straw and stubble cover.
    """

    lai: Array
    chlorophyll: Array
    brown: Array
    ripe: Array
    flower: Array
    straw: Array


def logistic(x: Array | float) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def draw_traits(crops: tuple[str, ...], rng: np.random.Generator) -> Traits:
    """Traits of parcels with the given crops, varied by weather exposure, soil, variety and the farmer's habits."""
    table: dict[str, Crop] = {crop.name: crop for crop in ALL}
    of = [table[name] for name in crops]
    count = len(of)

    def mean(field: str) -> Array:
        return np.array([getattr(crop, field) for crop in of], dtype=float)

    spread = mean("spread")
    early = rng.normal(0, 1, count) * spread
    harvested = mean("harvest") < NEVER
    autumn_sown = mean("winter") > 0
    harvest = np.where(harvested, mean("harvest") + 0.5 * early + rng.normal(0, 0.8, count) * spread, NEVER)
    greenup = mean("greenup") + early + rng.normal(0, 3, count)
    vigour = rng.lognormal(-0.02, 0.2, count)

    after = rng.choice(3, count, p=[0.4, 0.3, 0.3])  # bare soil, catch crop, winter crop
    late = harvest > 240
    tillage = harvest + np.where(late, rng.gamma(2, 8, count), 8 + rng.gamma(2, 12, count))
    catch = (after == 1) & ~late
    sown = (after == 2) | ((after == 1) & late)
    sequel = np.where(
        catch, rng.uniform(0.8, 3.0, count), np.where(sown, rng.uniform(0.2, 0.9, count), rng.uniform(0, 0.15, count))
    )
    sequel_day = np.where(
        catch, tillage + rng.uniform(22, 40, count), np.maximum(tillage + 25, rng.normal(303, 10, count))
    )

    cover_crop = rng.random(count) < 0.3
    remains = np.where(cover_crop, rng.uniform(0.3, 1.3, count), rng.gamma(1.0, 0.07, count))
    return Traits(
        greenup=greenup,
        greenup_rate=mean("greenup_rate") * rng.lognormal(0, 0.15, count),
        senescence=mean("senescence") + 0.6 * early + rng.normal(0, 0.6, count) * spread,
        senescence_rate=mean("senescence_rate") * rng.lognormal(0, 0.15, count),
        harvest=harvest,
        peak=np.clip(mean("peak") * vigour, 1.0, 7.0),
        winter=mean("winter") * rng.lognormal(-0.05, 0.4, count),
        chlorophyll=np.clip(mean("chlorophyll") * rng.lognormal(0, 0.12, count), 18, 68),
        angle=np.clip(mean("angle") + rng.normal(0, 4, count), 40, 70),
        ripens=np.clip(mean("ripens") * rng.uniform(0.75, 1.1, count), 0, 0.95),
        flower=mean("flower") * rng.uniform(0.6, 1.2, count),
        flower_day=mean("flower_day") + 0.6 * early + rng.normal(0, 2, count),
        flower_width=mean("flower_width") * rng.uniform(0.8, 1.2, count),
        seedbed=np.where(autumn_sown, 0.0, np.minimum(greenup - 38 + rng.normal(0, 6, count), greenup - 20)),
        remains=np.where(autumn_sown, 0.0, remains),
        tillage=tillage,
        sequel=sequel,
        sequel_day=sequel_day,
        straw=np.where(harvested, rng.uniform(0.45, 0.85, count) * np.where(mean("ripens") > 0.2, 1, 0.35), 0.0),
        cuts=_cuts(of, early, rng),
        soil=rng.lognormal(-0.05, 0.16, count),
        drainage=rng.beta(3, 3, count),
    )


def _cuts(crops: list[Crop], early: Array, rng: np.random.Generator) -> Array:
    """Days of mowing: the more cuts the earlier the first, in May to July, then every five to seven weeks."""
    days = np.full((len(crops), MOST_CUTS), NEVER)
    for i, crop in enumerate(crops):
        fewest, most = crop.cuts
        if most == 0:
            continue
        number = int(rng.integers(fewest, most + 1))
        first = rng.normal(178 - 10 * number, 7) + 0.4 * early[i]
        gaps = rng.normal(52 - 4 * number, 5, max(number - 1, 0))
        dates = first + np.concatenate([[0.0], np.cumsum(gaps)])[:number]
        days[i, :number] = np.where(dates < 300, dates, NEVER)
    return days


def state(traits: Traits, day: float, shift: float = 0.0) -> State:
    """What stands on each parcel.

    Parameters
    ----------
    traits: of the parcels.
    day: day of the year, 1 = 1 January.
    shift: days by which the whole season is late; it acts on growth and harvests until August.
    """
    t = traits
    d = float(day)
    grown = d - shift if d < 240 else d
    growth = logistic(t.greenup_rate * (grown - t.greenup))
    decay = logistic(-t.senescence_rate * (grown - t.senescence))
    standing = grown < t.harvest

    crop = np.maximum(t.peak * growth * decay, t.winter * logistic(0.15 * (t.harvest - 25 - grown)))
    cut = np.min(np.where(grown < t.cuts, 1.0, 0.12 + 0.88 * logistic((grown - t.cuts - 17) / 4.5)), axis=1)
    crop = crop * cut
    before = np.where(d < t.seedbed, t.remains, 0.02)
    emerged = np.where(t.seedbed > 0, logistic(0.5 * (grown - t.seedbed - 12)), 1.0)
    lai_standing = np.where(t.seedbed > 0, before + crop * emerged, crop)
    lai_after = 0.06 * (d < t.tillage) + t.sequel * logistic(0.13 * (d - t.sequel_day))
    lai = np.where(standing, lai_standing, lai_after)

    aging = 1.0 - decay
    ripe = np.where(standing, t.ripens * logistic(0.2 * (grown - t.senescence - 3)), 0.0)
    # remains of a catch crop freeze and brown; swards are weathered in winter
    frozen = np.where(d < t.seedbed, 0.5, 0.0) * (t.remains > 0.25)
    weathered = np.where(t.seedbed == 0, 0.28 * (1 - growth) * (d < 150), 0.0)
    brown = np.where(standing, np.clip(0.75 * aging + frozen + weathered, 0, 1), 0.05)
    chlorophyll = np.where(
        standing, t.chlorophyll * (1 - 0.6 * aging) * (1 - 0.35 * (frozen > 0)), 0.85 * t.chlorophyll
    )
    flower = np.where(standing, t.flower * np.exp(-0.5 * ((grown - t.flower_day) / t.flower_width) ** 2), 0.0)

    mown = np.max(np.where((grown >= t.cuts) & (grown < t.cuts + 30), np.exp(-(grown - t.cuts) / 9.0), 0.0), axis=1)
    stubble = np.where(standing, 0.0, t.straw * (d < t.tillage) * np.exp(-np.maximum(d - t.harvest, 0) / 120.0))
    mulch = 0.25 * (d < t.seedbed) * (t.remains > 0.25)
    straw = np.clip(stubble + 0.35 * mown + mulch + np.where(d >= t.tillage, 0.15 * t.straw, 0.0), 0, 1)
    return State(lai=lai, chlorophyll=chlorophyll, brown=brown, ripe=ripe, flower=flower, straw=straw)

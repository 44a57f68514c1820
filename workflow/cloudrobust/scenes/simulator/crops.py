"""The crops of the simulated landscape: how common they are and how they live through the year.

Shares follow roughly the areas of Bavaria's agricultural statistics (Bayerisches Landesamt für Statistik,
"Bodennutzung der landwirtschaftlichen Betriebe in Bayern", C I 1, 2020 to 2022: permanent grassland about a
third of the farmed area; of the arable land about a quarter winter wheat, a quarter maize, an eighth winter
barley, 5 % each of spring barley and rapeseed, 3 to 4 % sugar beet, 2 % potatoes, 1 to 2 % soybean). They are
approximate, and the arable crops are given more weight than their area, as on the loess of Lower and Upper
Bavaria.

Dates follow the mean dates for southern Germany of the phenological network of the German weather service
(Kaspar, Zimmermann & Polte-Rudolf 2014, Adv. Sci. Res. 11:93-99) and the BBCH stages (Meier 2018, Julius Kühn-
Institut): green-up is the middle of stem elongation or leaf development (BBCH 30 to 39), senescence the middle
of ripening (BBCH 80 to 89), both as inflection points of logistic curves. Peak leaf area indices are those
customary for Central Europe (for example Asner, Scurlock & Hicke 2003, Glob. Ecol. Biogeogr. 12:191-205; Breuer,
Eckhardt & Frede 2003, Ecol. Model. 169:237-293).
"""

from __future__ import annotations

from dataclasses import dataclass

NEVER = 999.0
"""A day of the year that never comes."""


@dataclass(frozen=True)
class Crop:
    """A crop's mean calendar (days of the year) and canopy.

    Attributes
    ----------
    name: label in the parcel file.
    share: share of the parcels.
    greenup, greenup_rate: inflection point (day) and rate (1/day) of growth.
    senescence, senescence_rate: the same of the decay.
    harvest: day on which the canopy goes; `NEVER` for permanent crops.
    spread: deviation in days by which a parcel's calendar is early or late.
    peak: leaf area index of the full canopy.
    winter: leaf area index that stands from January to green-up (sown in autumn, or permanent).
    chlorophyll: µg/cm² of a healthy leaf.
    angle: average leaf inclination in degrees (0 = horizontal).
    ripens: share of the canopy that turns to straw before the harvest.
    flower, flower_day, flower_width: cover of flowers at their peak, the day of it, its deviation in days.
    cuts: fewest and most mowings a year.
    """

    name: str
    share: float
    greenup: float
    greenup_rate: float
    senescence: float
    senescence_rate: float
    harvest: float
    spread: float
    peak: float
    winter: float
    chlorophyll: float
    angle: float
    ripens: float = 0.0
    flower: float = 0.0
    flower_day: float = NEVER
    flower_width: float = 8.0
    cuts: tuple[int, int] = (0, 0)


CROPS: tuple[Crop, ...] = (
    Crop("grassland", 0.19, 92, 0.07, 310, 0.05, NEVER, 8, 4.2, 1.1, 42, 58, cuts=(1, 5)),
    Crop("winter wheat", 0.19, 102, 0.08, 194, 0.12, 213, 7, 5.3, 0.5, 50, 62, ripens=0.85),
    Crop("maize", 0.18, 166, 0.11, 264, 0.09, 270, 9, 4.8, 0.0, 48, 55, ripens=0.25),
    Crop("winter barley", 0.10, 95, 0.08, 174, 0.12, 191, 7, 4.9, 0.7, 45, 60, ripens=0.85),
    Crop("winter rapeseed", 0.07, 84, 0.09, 184, 0.10, 203, 6, 4.8, 1.1, 46, 47, 0.6, 0.55, 121, 8),
    Crop("spring barley", 0.06, 122, 0.11, 190, 0.12, 207, 7, 4.4, 0.0, 44, 61, ripens=0.85),
    Crop("sugar beet", 0.06, 155, 0.10, 320, 0.05, 285, 10, 4.6, 0.0, 44, 45),
    Crop("potato", 0.045, 153, 0.12, 232, 0.08, 258, 11, 4.3, 0.0, 41, 44, flower=0.05, flower_day=182),
    Crop("clover grass", 0.04, 90, 0.08, 305, 0.05, NEVER, 8, 4.6, 1.2, 47, 50, cuts=(3, 5)),
    Crop("soybean", 0.035, 172, 0.10, 252, 0.13, 271, 8, 4.9, 0.0, 45, 42, ripens=0.5),
    Crop("fallow", 0.03, 112, 0.06, 250, 0.04, NEVER, 15, 2.8, 0.7, 35, 57, ripens=0.3, cuts=(0, 1)),
)
"""The crops that share the parcels; shares sum to 1."""

RARE = Crop("hops", 0.0, 156, 0.09, 262, 0.08, 247, 6, 3.2, 0.0, 46, 50)
"""A class of `RARE_COUNT` parcels only, too few to be learned: reports have to say so."""
RARE_COUNT = 3

ALL = (*CROPS, RARE)

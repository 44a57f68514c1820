"""Colours with a fixed meaning, the same in every figure.

The first seven colours of `PALETTE` are those of Okabe & Ito (2008, "Color Universal Design"). The others were added
one by one, each the colour farthest, in OKLab (Ottosson 2020), from all before it, seen both normally and with
deuteranopia (matrix of Machado et al. 2009, IEEE TVCG 15:1291-1298). No 36 colours are all safe for everyone, so
figures with many classes name them in text as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

PALETTE = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#751c36", "#0f0ff5",
    "#4f1c9c", "#69690f", "#0fdb9c", "#8f75f5", "#8f4f75", "#f5a8f5", "#424f75", "#cf36b5", "#8fa869",
    "#9c0ff5", "#f5c282", "#0f4fc2", "#0f6942", "#cf3642", "#c2f5a8", "#f582cf", "#b5db0f", "#c269db",
    "#1c0fc2", "#821c9c", "#6975cf", "#69b50f", "#1c824f", "#8fcf69", "#9cdbcf", "#8f290f", "#690f75",
)  # fmt: skip

RAW, PREPROCESSED = "#d55e00", "#0072b2"
"""The two branches of the comparison."""

OTHER_BRANCHES = ("#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#424f75", "#69690f")

RIGHT, WRONG = "#0072b2", "#d55e00"

CLOUD = "#c3c8d1"
"""Everything that marks a cloud: strips in series, frames of chips."""

UNKNOWN: dict[str, Any] = {"facecolor": "none", "edgecolor": CLOUD, "hatch": "......", "lw": 0}
"""A strip where it is unknown whether there was a cloud, as keywords of a patch."""

INK, FAINT, GROUND = "#222222", "#8a8a8a", "#e6e6e6"
"""Text and lines; what is secondary; parcels that are not the point of a map."""

BANDS = {
    # Wavelength order: visible in its own colours, red edge to infrared from orange to purple, short-wave browns;
    # greys for the two bands that see the atmosphere. Neighbours differ in lightness too.
    "B01": "#8fb8de",
    "B02": "#1f5fbf",
    "B03": "#2e9f5b",
    "B04": "#d7191c",
    "B05": "#f28e2b",
    "B06": "#edc240",
    "B07": "#b9c23c",
    "B08": "#7b3294",
    "B8A": "#c51b8a",
    "B09": "#5c5c5c",
    "B10": "#a9a9a9",
    "B11": "#8c510a",
    "B12": "#4a2a06",
}
"""Sentinel-2 bands in the order of their wavelength."""

MODELS = {
    "lstm": "#0072b2",
    "transformer": "#d55e00",
    "msresnet": "#009e73",
    "tempcnn": "#cc79a7",
    "ltae": "#751c36",
    "inceptiontime": "#56b4e9",
    "omniscale": "#e69f00",
    "starrnn": "#8f75f5",
    "gru": "#0f0ff5",
    "forest": "#69690f",
    "boosted": "#8fa869",
}

CROPS = {
    "maize": "#e69f00",
    "corn": "#e69f00",
    "silage maize": "#cf3642",
    "grassland": "#69b50f",
    "permanent grassland": "#69b50f",
    "meadow": "#69b50f",
    "pasture": "#8fcf69",
    "temporary grassland": "#8fcf69",
    "winter wheat": "#f5c282",
    "wheat": "#f5c282",
    "spring wheat": "#c2f5a8",
    "winter barley": "#56b4e9",
    "barley": "#56b4e9",
    "spring barley": "#0072b2",
    "winter rye": "#8f4f75",
    "rye": "#8f4f75",
    "winter triticale": "#6975cf",
    "triticale": "#6975cf",
    "winter spelt": "#424f75",
    "spelt": "#424f75",
    "oats": "#9cdbcf",
    "spring oats": "#9cdbcf",
    "winter rapeseed": "#f0e442",
    "rapeseed": "#f0e442",
    "oilseed rape": "#f0e442",
    "sugar beet": "#cc79a7",
    "beet": "#cc79a7",
    "potato": "#751c36",
    "potatoes": "#751c36",
    "sunflower": "#d55e00",
    "soybean": "#0fdb9c",
    "soya": "#0fdb9c",
    "pea": "#b5db0f",
    "peas": "#b5db0f",
    "faba bean": "#1c824f",
    "beans": "#1c824f",
    "clover": "#009e73",
    "clover grass": "#009e73",
    "alfalfa": "#0f6942",
    "lucerne": "#0f6942",
    "hops": "#821c9c",
    "asparagus": "#cf36b5",
    "strawberries": "#f582cf",
    "fallow": "#8f290f",
    "orchard": "#4f1c9c",
    "vineyard": "#690f75",
    "vines": "#690f75",
}
"""Colours that common crops always have."""


def class_colours(classes: Iterable[str]) -> dict[str, str]:
    """A colour for each class, the same whichever other classes there are.

    Common crops have fixed colours. Any other name asks for the colour that its checksum picks and takes the next
    free one if another class has it; names ask in the order of their checksums. So a class that is added leaves the
    colours of the others alone, except where it stood before another one that wants the same colour. Colours repeat
    only with more classes than the palette has (36).
    """
    return _assign(classes, CROPS, PALETTE)


def model_colours(models: Iterable[str]) -> dict[str, str]:
    """A colour for each model; those that the project knows have fixed ones."""
    return _assign(models, MODELS, PALETTE)


def band_colour(band: str) -> str:
    """The colour of a band, also for derived ones such as indices."""
    return BANDS.get(band) or _assign([band], {}, PALETTE)[band]


def branch_colours(branches: Iterable[str], raw: str, preprocessed: str) -> dict[str, str]:
    """Colours of branches: two fixed ones for the comparison, the others in their order."""
    others = [branch for branch in branches if branch not in (raw, preprocessed)]
    colours = {preprocessed: PREPROCESSED, raw: RAW}
    return colours | {branch: OTHER_BRANCHES[n % len(OTHER_BRANCHES)] for n, branch in enumerate(others)}


def _assign(names: Iterable[str], known: Mapping[str, str], palette: tuple[str, ...]) -> dict[str, str]:
    ordered = list(dict.fromkeys(names))
    colours: dict[str, str] = {}
    taken: set[str] = set()
    for name in ordered:
        colour = known.get(_plain(name))
        if colour is not None and colour not in taken:
            colours[name] = colour
            taken.add(colour)
    waiting = sorted((name for name in ordered if name not in colours), key=lambda name: (_checksum(name), name))
    for name in waiting:
        start = _checksum(name) % len(palette)
        wishes = palette[start:] + palette[:start]
        colours[name] = next((colour for colour in wishes if colour not in taken), wishes[0])
        taken.add(colours[name])
    return {name: colours[name] for name in ordered}


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def _checksum(name: str) -> int:
    """A number that is the same in every process (`hash` is not)."""
    return zlib.crc32(_plain(name).encode())

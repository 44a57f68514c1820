"""The page itself: one file, nothing fetched, every library and number inside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...atomic import atomic
from . import vendor
from .packing import packed
from .pictures import Picture

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """Everything that the page shows.

    Attributes
    ----------
    title, question, answer, details, cautions
        Words of `report.summary` and `report.verdict`: the answer stands first, what is known of each model below it,
        how sure all of this is only after the forest plot.
    forest
        Of `sections.answer.verdict_rows`.
    tables
        By section ("answer", "models", "why", "robustness", "price", "explanations", "predictions", "ledger",
        "provenance"), tables as HTML, of `tables.html_table`.
    pictures
        Of `pictures.collect`.
    parcels, series, attention
        Of `content`.
    configuration
        The configuration as text.
    """

    title: str
    question: str
    answer: str
    cautions: Sequence[str]
    tables: dict[str, Sequence[Markup]]
    pictures: Sequence[Picture]
    parcels: dict[str, Any]
    series: dict[str, Any]
    attention: dict[str, Any] = field(default_factory=dict)
    configuration: str = ""
    details: str = ""
    forest: Markup = field(default_factory=Markup)


def render(page: Page) -> str:
    """The page as HTML text."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("index.html").render(
        page=page,
        sections=_sections(page),
        short=SHORT,
        styles=[Markup(vendor.text(name)) for name in vendor.STYLES] + [Markup((HERE / "page.css").read_text())],
        libraries=[packed(vendor.text(name)) for name in vendor.SCRIPTS],
        script=Markup((HERE / "page.js").read_text()),
        parcels=packed(page.parcels),
        series=packed(page.series),
        attention=packed(page.attention),
    )


SHORT = {
    "data": "Series",
    "models": "Models",
    "why": "For whom",
    "robustness": "Clouds",
    "price": "Price",
    "explanations": "Explanations",
    "predictions": "Predictions",
    "ledger": "Parcels",
    "provenance": "Origin",
}
"""Names of sections in the navigation, which is one line on a screen of 1400 pixels."""


def _sections(page: Page) -> list[tuple[str, str, str]]:
    """Anchor, heading and introduction of the sections that have something to show."""
    known = [
        ("data", "What the models see", "One parcel through the year, and where all of them lie."),
        ("models", "Model by model", "Classes, confusions and places."),
        ("why", "Why, and for whom", "Which part of preprocessing makes the difference, and for which parcels."),
        ("robustness", "Steps and clouds", "Which preprocessing step matters, and what clouds cost."),
        ("price", "At what price", "What each branch took: computing, downloads, energy, and the time to a series."),
        (
            "explanations",
            "Why the networks decide as they do",
            "What they look at, whether that is clouds, and whether the explanation can be believed: a faithful one "
            "names dates whose deletion makes the score fall faster than deletion at random.",
        ),
        (
            "predictions",
            "Predictions to take away",
            "An answer for every parcel lies in results/predictions as GeoPackage (which opens coloured in QGIS), "
            "GeoParquet and CSV. Declared parcels are answered out of fold, by a model that never saw their labels; "
            "each answer says by which.",
        ),
        ("ledger", "What became of every parcel", "None is dropped without a reason."),
        ("provenance", "Where this comes from", "Data, versions, seeds, configuration and time."),
    ]
    filled = {picture.section for picture in page.pictures} | {name for name, tables in page.tables.items() if tables}
    return [entry for entry in known if entry[0] in filled or (entry[0] == "provenance" and page.configuration)]


def write_page(page: Page, path: str | Path) -> None:
    """Write the page; it appears whole or not at all."""
    with atomic(path) as part:
        part.write_text(render(page), encoding="utf-8")

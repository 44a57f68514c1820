"""The figures of the report, small enough for a page, with words for those who cannot see them."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ..numbers import model_name

PHOTOGRAPHS = ("chips",)
WIDTH = 1100
COLOURS = 64
"""Of a drawing's palette; shades of a colour map and of smoothed edges are fewer."""
LOSSY = 60
"""Quality of WebP with loss."""

KINDS: tuple[tuple[str, str, str, str], ...] = (
    (r"comparison", "answer", "Scores of all models in both branches",
     "Dots with bars: mean score and deviation over seeds of each model on raw and on preprocessed series."),
    (r"confidence", "answer", "How sure the difference is",
     "Difference preprocessed minus raw of each model with three intervals of 95 %: over seeds, parcels and blocks."),
    (r"series", "data", "One parcel through the year, raw and preprocessed",
     "Reflectance of all bands against the date; above raw with its cloudy dates shaded, below preprocessed."),
    (r"chips", "data", "The same parcel in pictures", "Image chips of one parcel through the year, clouds and all."),
    (r"parcels", "data", "Parcels by crop, and by part of the split",
     "Two maps of all parcels: coloured by crop, and by training, validation and test part."),
    (r"split-distance", "data", "How far the parts of the split lie apart",
     "Cumulative share of parcels against the distance to the nearest parcel of another part, beside a random split."),
    (r"reliability", "models", "Do probabilities say how often they are right?",
     "Share of right answers against confidence for each model and branch, before and after temperature scaling."),
    (r"classes-(?P<model>.+)", "models", "Scores of each class: {model}",
     "F1 of each class on raw and preprocessed series, largest classes first."),
    (r"confusion-(?P<model>.+)", "models", "Confusions: {model}",
     "Two matrices of true against predicted class, one for each branch."),
    (r"waterfall", "why", "From raw to preprocessed, one change at a time",
     "A bar for every change between the accuracy of raw and of preprocessed, for each model; below, what a placebo, "
     "the true sky and the true ground would change, with intervals."),
    (r"mask-errors", "why", "How good a mask must be",
     "Accuracy against the share of cloudy dates that a mask misses and of clear dates that it removes, with the "
     "levels of raw series and of no mask, and where real masks stand."),
    (r"for-whom", "why", "For whom preprocessing helps",
     "Difference of accuracy by class, size, clear dates and clouds of the parcels, plain and shrunk, with intervals; "
     "right of zero preprocessing helps."),
    (r"learning-curve", "why", "With fewer labels",
     "Accuracy of both branches, and their difference, against the number of labelled training parcels."),
    (r"ablation", "robustness", "What each step does",
     "Effect of each preprocessing step on accuracy and kappa with its interval, a mark for each model; right of zero "
     "the step helps."),
    (r"price", "price", "Scores against their price",
     "Accuracy of each branch and model against what it takes, with Pareto's front; and the difference preprocessed "
     "minus raw of each model against what preprocessing takes more."),
    (r"price-steps", "price", "Steps against their price",
     "Effect of each step on accuracy with its interval against what the step takes more; and every combination of "
     "steps with Pareto's front."),
    (r"split-claims", "answer", "What a random split would have claimed",
     "Accuracy of each model and branch on the study's split and on a random split of the same parcels."),
    (r"cross-validation", "answer", "Every fold as the test part",
     "Accuracy on raw and preprocessed series of each fold, joined by a line, for each model."),
    (r"robustness", "robustness", "Fewer clear dates, more clouds, an earlier end",
     "Accuracy of each model and branch against the share of clear dates lost, or covered by clouds that no mask sees, "
     "and against the last day that is seen, with bands of 95 %."),
    (r"robustness-parcels", "robustness", "Parcels by their clear dates",
     "Accuracy of each model and branch by a parcel's number of clear dates and its share of cloudy ones, with bands."),
    (r"robustness.*|cloudiness.*|steps.*", "robustness", "{stem}",
     "Scores against the steps or the cloudiness."),
    (r"faithfulness", "explanations", "Can the explanations be believed?",
     "Probability of the first answer against the share of deleted dates, for each explanation and at random; an "
     "explanation is faithful where its curve falls faster than the random one."),
    (r"on-clouds", "explanations", "What falls on clouds",
     "Share of importance that falls on cloudy or filled in dates minus the share of such dates, with intervals; left "
     "of zero they are avoided."),
    (r"gradients-(?P<branch>[^-]+)-(?P<model>.+)", "explanations", "When and by which bands: {model}, {branch}",
     "Two matrices: mean size of integrated gradients by class and date, and by class and band."),
    (r"(?P<where>[^/]+)/attention-matrix-(?P<parcel>.+)", "explanations", "Attention as a matrix: {where}",
     "Attention weights of one parcel, output against input dates, a panel for each layer and head."),
    (r"(?P<where>[^/]+)/attention-graph-(?P<parcel>.+)-layer-1", "explanations", "Attention as a graph: {where}",
     "Lines from input dates to the output dates that look at them, a panel for each head of the first layer."),
    (r"(?P<where>[^/]+)/attention-(?!graph|matrix)(?P<parcel>.+)", "explanations", "Attention in its context: {where}",
     "For each head the series with the most attended dates marked, and lines from these to all output dates."),
    (r"(?P<where>[^/]+)/gates-(?P<parcel>.+)", "explanations", "Gates of the LSTM: {where}",
     "The series, and below it input, forget and output gate, cell candidate and cell state of each hidden unit."),
    (r"(?P<where>[^/]+)/gradients-(?P<parcel>.+)", "explanations", "Gradients of one parcel: {where}",
     "The series, and below it the gradient of the highest score and integrated gradients by band and date."),
)  # fmt: skip
"""Pattern of a figure's name, its section, title, and description; `where` is "model, branch"."""


@dataclass(frozen=True)
class Picture:
    """A figure inside the page: section, title, description, data URI, width and height in pixels."""

    section: str
    title: str
    alt: str
    source: str
    width: int
    height: int

    @property
    def heading(self) -> str:
        """The title as a sentence."""
        return self.title if self.title.endswith("?") else f"{self.title}."


def collect(files: Sequence[tuple[str, Path]]) -> list[Picture]:
    """The figures in the order of `KINDS`; those of no known kind come last, in the section of models.

    `files` are pairs of a name, as `KINDS` knows it, and the PNG.
    """
    found: list[tuple[int, Picture]] = []
    for name, file in files:
        for position, (pattern, section, title, alt) in enumerate(KINDS):
            match = re.fullmatch(pattern, name)
            if match:
                words = {key: model_name(value) for key, value in match.groupdict().items()} | {"stem": name}
                found.append((position, _picture(file, section, title.format(**words), alt)))
                break
        else:
            # The graphs of deeper layers stay files, and so do maps of what the page's own map shows.
            if "attention-graph" not in name and not name.startswith("predictions-"):
                found.append((len(KINDS), _picture(file, "models", name, f"Figure {name}.")))
    return [picture for _, picture in sorted(found, key=lambda pair: pair[0])]


def _picture(file: Path, section: str, title: str, alt: str) -> Picture:
    with Image.open(file) as opened:
        image = opened.convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    source = f"data:image/webp;base64,{base64.b64encode(_encoded(image, file)).decode()}"
    return Picture(section, title, alt, source, *image.size)


def _encoded(image: Image.Image, file: Path) -> bytes:
    """WebP: of a drawing the smaller of a palette without loss and a lossy one; of a photograph lossy.

    A palette keeps flat areas exact, so a legend's colours stay those of the map; drawings of many shades are
    smaller with loss, at a quality that moves a flat colour by a few levels of 255.
    """
    forms: list[tuple[Image.Image, dict[str, Any]]] = [(image, {"quality": LOSSY})]
    if not file.stem.startswith(PHOTOGRAPHS):
        few = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
        forms.append((few, {"lossless": True}))
    found = []
    for form, how in forms:
        out = io.BytesIO()
        form.save(out, "WEBP", method=4, **how)
        found.append(out.getvalue())
    return min(found, key=len)

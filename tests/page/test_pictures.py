from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from cloudrobust.report.page.pictures import collect


def test_figures_keep_the_colours_of_their_legends_and_get_words(tmp_path: Path) -> None:
    drawing = np.full((400, 600, 3), 255, np.uint8)
    colours = np.random.default_rng(0).integers(0, 256, (40, 3), dtype=np.uint8)
    for number, colour in enumerate(colours):  # flat areas, as in a map and its legend
        drawing[10 + number // 8 * 70 :][:60, 10 + number % 8 * 70 :][:, :60] = colour
    for name in ("classes-lstm", "comparison", "unheard-of"):
        Image.fromarray(drawing).save(tmp_path / f"{name}.png")
    found = collect([(file.stem, file) for file in sorted(tmp_path.glob("*.png"))])
    assert [(p.section, p.title) for p in found] == [
        ("answer", "Scores of all models in both branches"),
        ("models", "Scores of each class: LSTM"),
        ("models", "unheard-of"),
    ]
    assert all(p.alt for p in found)
    stored = Image.open(io.BytesIO(base64.b64decode(found[0].source.partition(",")[2]))).convert("RGB")
    centres = np.asarray(stored)[40:390:70, 40:600:70].reshape(-1, 3)[:40]
    assert np.abs(centres.astype(int) - colours).max() <= 6
    assert (found[2].heading, found[0].heading[-1]) == ("unheard-of.", ".")

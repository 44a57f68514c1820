from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from cloudrobust.report.page.pictures import collect


def test_figures_keep_their_exact_colours_and_get_words(tmp_path: Path) -> None:
    random = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    for name in ("classes-lstm", "comparison", "unheard-of"):
        Image.fromarray(random).save(tmp_path / f"{name}.png")
    found = collect([(file.stem, file) for file in sorted(tmp_path.glob("*.png"))])
    assert [(p.section, p.title) for p in found] == [
        ("answer", "Scores of all models in both branches"),
        ("models", "Scores of each class: LSTM"),
        ("models", "unheard-of"),
    ]
    assert all(p.alt for p in found)
    stored = Image.open(io.BytesIO(base64.b64decode(found[0].source.partition(",")[2]))).convert("RGB")
    assert np.array_equal(np.asarray(stored), random)

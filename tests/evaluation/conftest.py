"""Small predictions whose scores can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Make = Callable[..., pd.DataFrame]


@pytest.fixture
def predictions() -> Make:
    """A function that makes predictions: `make({seed: "predicted letters"}, true="letters")`, one letter a class."""

    def make(
        answers: dict[int, str],
        true: str,
        parts: str | None = None,
        names: list[str] | None = None,
        classes: str = "abc",
    ) -> pd.DataFrame:
        words = {"t": "test", "r": "train", "v": "validation"}
        frames = []
        for seed, answer in answers.items():
            frame = pd.DataFrame(
                {
                    "parcel": names or [f"p{n}" for n in range(len(true))],
                    "class": list(true),
                    "part": [words[letter] for letter in (parts or "t" * len(true))],
                    "seed": seed,
                    "predicted": list(answer),
                    "probability": np.float32(0.9),
                }
            )
            for letter in classes:
                frame[f"p:{letter}"] = (frame["predicted"] == letter).astype("float32")
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    return make

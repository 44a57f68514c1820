"""How scores are written: as in the study's tables, `.842 ± .0043`."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "–"

MODEL_NAMES = {
    "lstm": "LSTM",
    "transformer": "Transformer",
    "msresnet": "MS-ResNet",
    "tempcnn": "TempCNN",
    "ltae": "L-TAE",
    "inceptiontime": "InceptionTime",
    "omniscale": "OmniScaleCNN",
    "starrnn": "StarRNN",
    "gru": "GRU",
    "forest": "Random forest",
    "boosted": "Boosted trees",
}

METRIC_NAMES = {
    "accuracy": "Overall accuracy",
    "kappa": "Cohen's kappa",
    "macro_f1": "Macro F1",
    "macro_precision": "Macro precision",
    "balanced_accuracy": "Balanced accuracy",
    "ece": "Calibration error",
    "ece_scaled": "Calibration error, scaled",
    "log_loss": "Logarithmic loss",
    "log_loss_scaled": "Logarithmic loss, scaled",
    "f1": "F1",
}


def model_name(model: str) -> str:
    """A model's name as its paper writes it; other names stay as they are."""
    return MODEL_NAMES.get(model, model)


def score(value: float, decimals: int = 3) -> str:
    """A score without its leading zero: `.842`, `−.012`, `1.000`; `–` if missing."""
    if value is None or math.isnan(value):
        return MISSING
    text = f"{abs(value):.{decimals}f}"
    sign = "−" if value < 0 and float(text) else ""
    return sign + (text[1:] if text.startswith("0.") else text)


def deviation(value: float) -> str:
    """A deviation: four decimals below .01 and three above, which are two significant digits or about that."""
    return score(value, 4 if value < 0.00995 else 3)


def with_deviation(mean: float, spread: float) -> str:
    """`.842 ± .0043`; `.842 ± –` where the deviation is unknown, as with one seed."""
    return MISSING if math.isnan(mean) else f"{score(mean)} ± {deviation(spread)}"


def signed(value: float) -> str:
    """A difference with its sign: `+.003`, `−.038`, `.000`."""
    text = score(value)
    positive = not math.isnan(value) and value > 0 and float(text) != 0
    return f"+{text}" if positive else text


def signed_with_deviation(difference: float, spread: float) -> str:
    """`+.003 ± .0040`."""
    return MISSING if math.isnan(difference) else f"{signed(difference)} ± {deviation(spread)}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

"""What is searched: for each kind of model its hyperparameters and their ranges.

Those of LSTM, MS-ResNet, TempCNN and Transformer are the study's own, from `src/tune.py` of the authors' repository
(https://github.com/MarcCoru/crop-type-mapping). It searched them with HyperOpt, separately for the raw and the
preprocessed data set, by the kappa of the validation part. Of the Transformer it drew a learning rate, too, which its
final training does not use, because a warm-up schedule sets the rate; here that is a factor on the schedule, and its
range is ours. The inner width was four times `width`, and is here. All other spaces are ours: those of recurrent
networks follow the study's LSTM, the others reach from about a quarter of the published value to twice as much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol


class Suggests(Protocol):
    """The part of `optuna.Trial` that is used here."""

    def suggest_categorical(self, name: str, choices: Any, /) -> Any: ...

    def suggest_float(self, name: str, low: float, high: float, /, *, log: bool = False) -> float: ...


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[int, ...]

    def draw(self, trial: Suggests, name: str) -> int:
        value: int = trial.suggest_categorical(name, self.values)
        return value

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, uniform or uniform in its logarithm."""

    low: float
    high: float
    log: bool = False

    def draw(self, trial: Suggests, name: str) -> float:
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def __str__(self) -> str:
        return f"{self.low:.2g} to {self.high:.2g}{', logarithmic' if self.log else ''}"


Space = dict[str, Choice | Range]

# hp.loguniform(-8, -1) and hp.loguniform(-12, -1) of the study, whose bounds are natural logarithms.
_RATE = Range(math.exp(-8), math.exp(-1), log=True)
_DECAY = Range(math.exp(-12), math.exp(-1), log=True)
_DROPOUT = Range(0.0, 0.99)  # the study: up to 1, which leaves nothing to learn from
_WIDTHS = Choice((16, 32, 64, 128, 256))

STUDY: dict[str, Space] = {
    "lstm": {
        "layers": Choice((1, 2, 3, 4, 5, 6, 7)),
        "hidden": _WIDTHS,
        "dropout": _DROPOUT,
        "weight_decay": _DECAY,
        "learning_rate": _RATE,
    },
    "msresnet": {"hidden": _WIDTHS, "weight_decay": _DECAY, "learning_rate": _RATE},
    "tempcnn": {
        "kernel": Choice((3, 5, 7)),
        "hidden": _WIDTHS,
        "dropout": _DROPOUT,
        "weight_decay": _DECAY,
        "learning_rate": _RATE,
    },
    "transformer": {
        "width": _WIDTHS,
        "heads": Choice((1, 2, 3, 4, 5, 6, 7, 8)),
        "layers": Choice((1, 2, 3, 4, 5, 6, 7, 8)),
        "warmup": Choice((1, 10, 100, 1000)),
        "dropout": _DROPOUT,
        "weight_decay": _DECAY,
        "learning_rate": Range(0.05, 2.0, log=True),
    },
}
"""Spaces of the 2019 study."""

OURS: dict[str, Space] = {
    "gru": STUDY["lstm"],
    "starrnn": STUDY["lstm"],
    "ltae": {
        "width": Choice((64, 128, 256, 512)),
        "heads": Choice((4, 8, 16, 32)),
        "keys": Choice((2, 4, 8, 16)),
        "dropout": Range(0.0, 0.5),
        "weight_decay": _DECAY,
        "learning_rate": Range(1e-4, 1e-2, log=True),
    },
    "inceptiontime": {
        "filters": Choice((8, 16, 32, 64)),
        "depth": Choice((3, 6, 9)),
        "kernel": Choice((10, 20, 40)),
        "weight_decay": _DECAY,
        "learning_rate": Range(1e-4, 1e-2, log=True),
    },
    "omniscale": {
        "first": Choice((256, 512, 1024, 2048)),
        "second": Choice((57_344, 114_688, 229_376)),
        "weight_decay": _DECAY,
        "learning_rate": Range(1e-4, 1e-2, log=True),
    },
    "boosted": {
        "leaves": Choice((3, 7, 15, 31, 63)),
        "minimum": Choice((2, 5, 10, 20)),
        "learning_rate": Range(0.02, 0.3, log=True),
        "parcels": Range(0.5, 1.0),
        "features": Range(0.1, 1.0),
        "penalty": Range(1e-3, 10.0, log=True),
    },
}
"""Spaces that no publication gives."""

SPACES = STUDY | OURS


def suggest(trial: Suggests, kind: str) -> dict[str, Any]:
    """A trial's hyperparameters, as keys of the model's configuration."""
    drawn: dict[str, Any] = {name: space.draw(trial, name) for name, space in SPACES[kind].items()}
    if kind == "transformer":
        drawn["inner"] = 4 * drawn["width"]
    return drawn


def table() -> str:
    """All spaces as a Markdown table, as docs/tuning.md shows it."""
    lines = ["| model | hyperparameter | searched | source |", "| --- | --- | --- | --- |"]
    for kind, space in SPACES.items():
        for name, values in space.items():
            published = kind in STUDY and (kind, name) != ("transformer", "learning_rate")
            lines.append(f"| `{kind}` | `{name}` | {values} | {'study' if published else 'ours'} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())

"""Names of what is explained, as figures and tables write them."""

from __future__ import annotations

GATES = ("i", "f", "g", "o", "c")
"""Gates of an LSTM and its cell state, in the order of every array."""

GATE_NAMES = {"i": "input gate", "f": "forget gate", "g": "cell candidate", "o": "output gate", "c": "cell state"}

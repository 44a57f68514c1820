"""Boosted decision trees in flat arrays, evaluated fast and to the last bit as LightGBM does.

Every split compares one feature with one of few thresholds (at most 253 in the model of s2cloudless, because
LightGBM bins each feature to 255 values). A pixel's value is therefore replaced once by its rank among the
thresholds of that feature, a byte; a split then compares two bytes. A node is one 32-bit word, the two
children of a node are neighbours, so that the comparison itself is the last bit of the address of the next
node. Eight pixels walk down a tree together: while one waits for its word to arrive, the others move on. The
values of the leaves are added in the order of the trees in double precision, as LightGBM adds them.

Word of a node: bits 0-7 rank of its threshold, 8-11 feature, 12-30 position of the left child, 31 leaf. A
leaf is its own left child and compares with 255, which no rank exceeds: a pixel that has arrived stays.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..machine_code import compiled

BUCKETS = 8192
"""Entries of the table that leads from a value to the first rank that it can have."""
PER_UNIT = 4096.0
"""Buckets for a feature's unit. A power of two, so that no rounding moves a value to the next bucket."""
_FEATURES = 16  # bytes for the ranks of one pixel
_LARGEST_RANK = 254


@dataclass(frozen=True, eq=False)
class Trees:
    """A model as arrays.

    Attributes
    ----------
    words
        (tree, node) uint32, see above.
    values
        (tree, node) float64; the value of a leaf, 0 elsewhere.
    cuts
        (feature, 256) float64, the thresholds of each feature in ascending order, then infinity.
    first
        (feature, bucket) uint8, the number of thresholds below the bucket.
    """

    words: NDArray[np.uint32]
    values: NDArray[np.float64]
    cuts: NDArray[np.float64]
    first: NDArray[np.uint8]

    @classmethod
    def from_lightgbm(cls, path: Path) -> Trees:
        """Read LightGBM's own text format.

        Raises
        ------
        ValueError
            If the file is no such model, or one with more than this evaluation knows: categories, missing
            values with a direction of their own, linear leaves, several classes, more than 254 thresholds or
            16 features.
        """
        header, separator, body = path.read_text().partition("\nTree=")
        facts = dict(line.partition("=")[::2] for line in header.splitlines())
        if not separator or facts.get("num_class") != "1" or facts.get("objective") != "binary sigmoid:1":
            raise ValueError(f"{path}: is no LightGBM model of two classes")
        texts = body.partition("\nend of trees")[0].split("\nTree=")
        parsed = [dict(line.partition("=")[::2] for line in text.splitlines()[1:]) for text in texts]
        return _flattened(path, parsed, int(facts["max_feature_idx"]) + 1)

    def probability(self, features: NDArray[Any], threads: int = 1) -> NDArray[np.float32]:
        """The probability of the second class, 1 / (1 + exp(-sum of leaves)).

        Parameters
        ----------
        features
            (feature, …) float32 or float64. They are compared with the thresholds in double precision.
        threads
            Threads that share the work.

        Returns
        -------
        float32 of the shape of one feature; NaN where a feature is NaN.
        """
        shape = features.shape[1:]
        kind = features.dtype if features.dtype in (np.float32, np.float64) else np.float64
        rows = np.ascontiguousarray(features, kind).reshape(len(features), -1)
        if len(rows) != len(self.cuts):
            raise ValueError(f"the model needs {len(self.cuts)} features, not {len(rows)}")
        out = np.empty(rows.shape[1], np.float32)
        edges = np.linspace(0, len(out), max(1, threads) + 1).astype(int).tolist()
        arrays = (self.words, self.values, self.cuts, self.first)
        if threads <= 1:
            _evaluate(rows, *arrays, 0, len(out), out)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(lambda part: _evaluate(rows, *arrays, *part, out), pairwise(edges)))
        return out.reshape(shape)


def _flattened(path: Path, trees: list[dict[str, str]], features: int) -> Trees:
    def numbers(name: str, kind: type) -> list[NDArray[Any]]:
        return [np.array(tree[name].split(), dtype=kind) for tree in trees]

    splits, thresholds = numbers("split_feature", np.int64), numbers("threshold", np.float64)
    lefts, rights = numbers("left_child", np.int64), numbers("right_child", np.int64)
    leaves, kinds = numbers("leaf_value", np.float64), numbers("decision_type", np.int64)
    # 2: numerical, no missing values (bit 1 is the direction that those would take)
    plain = all((kind == 2).all() for kind in kinds) and all(tree.get("is_linear", "0") == "0" for tree in trees)
    all_splits, all_thresholds = np.concatenate(splits), np.concatenate(thresholds)
    cuts = [np.unique(all_thresholds[all_splits == feature]) for feature in range(features)]
    if not plain or features > _FEATURES or max(map(len, cuts)) > _LARGEST_RANK:
        raise ValueError(f"{path}: is a LightGBM model of a kind that is not evaluated here")

    size = 2 * max(map(len, leaves)) - 1
    position = np.arange(size, dtype=np.uint32)
    words = np.tile(np.uint32(1 << 31) | (position << np.uint32(12)) | np.uint32(255), (len(trees), 1))
    values = np.zeros((len(trees), size))
    for number, (split, threshold, left, right, leaf) in enumerate(
        zip(splits, thresholds, lefts, rights, leaves, strict=True)
    ):
        # The children of inner node n lie at 2n + 1 and 2n + 2; a negative child is a leaf.
        at = np.zeros(len(split), dtype=np.int64)
        for side, children in enumerate((left, right)):
            place = 2 * np.arange(len(split)) + 1 + side
            inner = children >= 0
            at[children[inner]] = place[inner]
            values[number, place[~inner]] = leaf[~children[~inner]]
        rank = np.empty(len(split), dtype=np.int64)
        for feature in range(features):
            own = split == feature
            rank[own] = np.searchsorted(cuts[feature], threshold[own])
        words[number, at] = ((2 * np.arange(len(split)) + 1) << 12) | (split << 8) | rank

    padded = np.full((features, 256), np.inf)
    for feature, cut in enumerate(cuts):
        padded[feature, : len(cut)] = cut
    lower = np.arange(BUCKETS) / PER_UNIT
    first = np.stack([np.searchsorted(cut, lower) for cut in cuts]).astype(np.uint8)
    first[:, 0] = 0  # everything negative starts there, too
    return Trees(words, values, padded, first)


_LEAF = np.uint64(1 << 31)
_RANK, _FEATURE, _CHILD = np.uint64(255), np.uint64(15), np.uint64(0x7FFFF)
_BLOCK = 256


@compiled()
def _next(word, ranks, pixel):  # type: ignore[no-untyped-def]
    """The position that a pixel, whose ranks begin at `pixel`, goes to from a node.

    Everything is unsigned here: numba would else look out for negative indices.
    """
    rank = ranks[pixel + ((word >> np.uint64(8)) & _FEATURE)]
    return ((word >> np.uint64(12)) & _CHILD) + np.uint64(rank > (word & _RANK))


@compiled()
def _evaluate(features, words, values, cuts, first, start, stop, out):  # type: ignore[no-untyped-def]
    """Write the probabilities of the pixels from `start` to `stop` to `out`."""
    ranks = np.zeros(_BLOCK * _FEATURES, np.uint8)
    total = np.zeros(_BLOCK, np.float64)
    last_bucket = first.shape[1] - 1.0
    for begin in range(start, stop, _BLOCK):
        count = min(_BLOCK, stop - begin)
        for feature in range(features.shape[0]):
            for pixel in range(count):
                value = np.float64(features[feature, begin + pixel])
                rank = np.uint64(0)
                if value > 0.0:
                    rank = np.uint64(first[feature, np.uint64(min(value * PER_UNIT, last_bucket))])
                while cuts[feature, rank] < value:
                    rank += np.uint64(1)
                ranks[pixel * _FEATURES + feature] = rank
        total[:] = 0.0
        for tree in range(words.shape[0]):
            word, leaf = words[tree], values[tree]
            root = np.uint64(word[0])
            for group in range((count + 7) // 8):
                p0 = np.uint64(group * 8 * _FEATURES)
                p1, p2, p3 = p0 + np.uint64(16), p0 + np.uint64(32), p0 + np.uint64(48)
                p4, p5, p6, p7 = p0 + np.uint64(64), p0 + np.uint64(80), p0 + np.uint64(96), p0 + np.uint64(112)
                w0 = w1 = w2 = w3 = w4 = w5 = w6 = w7 = root
                n0 = n1 = n2 = n3 = n4 = n5 = n6 = n7 = np.uint64(0)
                while (w0 & w1 & w2 & w3 & w4 & w5 & w6 & w7) < _LEAF:
                    for _ in range(2):
                        n0, n1 = _next(w0, ranks, p0), _next(w1, ranks, p1)
                        n2, n3 = _next(w2, ranks, p2), _next(w3, ranks, p3)
                        n4, n5 = _next(w4, ranks, p4), _next(w5, ranks, p5)
                        n6, n7 = _next(w6, ranks, p6), _next(w7, ranks, p7)
                        w0, w1 = np.uint64(word[n0]), np.uint64(word[n1])
                        w2, w3 = np.uint64(word[n2]), np.uint64(word[n3])
                        w4, w5 = np.uint64(word[n4]), np.uint64(word[n5])
                        w6, w7 = np.uint64(word[n6]), np.uint64(word[n7])
                pixel = group * 8
                total[pixel] += leaf[n0]
                total[pixel + 1] += leaf[n1]
                total[pixel + 2] += leaf[n2]
                total[pixel + 3] += leaf[n3]
                total[pixel + 4] += leaf[n4]
                total[pixel + 5] += leaf[n5]
                total[pixel + 6] += leaf[n6]
                total[pixel + 7] += leaf[n7]
        for pixel in range(count):
            missing = False
            for feature in range(features.shape[0]):
                missing |= np.isnan(features[feature, begin + pixel])
            out[begin + pixel] = np.nan if missing else np.float32(1.0 / (1.0 + np.exp(-total[pixel])))

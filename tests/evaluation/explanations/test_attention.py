from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cloudrobust.evaluation.explanations.attention import attention, attention_on_clouds, received
from cloudrobust.models import create
from cloudrobust.models.transformer import sinusoids

from .made import dataset, whole


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(3)
    return create("transformer", bands=3, classes=2, dates=10, width=8, heads=2, layers=2, inner=16).eval()


def test_the_first_layer_is_softmax_of_q_kt_over_root_d_computed_by_hand(network) -> None:
    what = whole(dataset(), np.array([0, 1]))  # parcel 0 lacks date 2
    found = attention(network, what)
    weights = {name: value.detach().double().numpy() for name, value in network.state_dict().items()}

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    for parcel in range(2):
        shown = what.mask[parcel].numpy()
        x = what.x[parcel].double().numpy()
        x = norm(x, "normalise_bands") @ weights["embed.weight"].T + weights["embed.bias"]
        x = norm(x, "normalise_embedding") + sinusoids(11, 8).double().numpy()[np.cumsum(shown)]
        product = x @ weights["attentions.0.project.weight"].T + weights["attentions.0.project.bias"]
        for head in range(2):
            q, k = product[:, 4 * head : 4 * head + 4], product[:, 8 + 4 * head : 8 + 4 * head + 4]
            scores = q @ k.T / math.sqrt(4)
            scores[:, ~shown] = -np.inf
            by_hand = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(found[parcel, 0, head][shown], by_hand[shown], atol=1e-5)
            assert np.isnan(found[parcel, 0, head][~shown]).all()


def test_what_dates_receive_sums_to_one_and_missing_dates_receive_nothing(network) -> None:
    what = whole(dataset(), np.arange(6))
    each = received(attention(network, what))
    np.testing.assert_allclose(each.sum(axis=-1), 1, atol=1e-5)
    assert (each[~np.broadcast_to(what.mask.numpy()[:, None, None], each.shape)] == 0).all()


def test_a_head_that_looks_at_all_dates_alike_neither_seeks_nor_avoids_clouds() -> None:
    weights = np.zeros((4, 1, 2, 5))
    weights[:, 0, 0] = 0.2
    weights[:, 0, 1, 0] = 1.0
    marked = np.tile([1.0, 1.0, 0.0, 0.0, np.nan], (4, 1))
    table = attention_on_clouds(weights, marked, np.array(["a", "a", "b", "b"]), resamples=100)
    table = table.set_index(["head", "class"])
    assert table.loc[(1, "all"), "difference"] == pytest.approx(0)
    assert table.loc[(2, "all"), "on_marked"] == 1
    assert table.loc[(2, "b"), ["reference", "low", "high", "parcels"]].tolist() == [0.5, 0.5, 0.5, 2]

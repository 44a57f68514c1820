"""What holds for every network behind the registry."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from cloudrobust import models

DATES, BANDS, CLASSES = 12, 4, 3
# Small, and without dropout, so that a few steps show what they can.
SMALL: dict[str, dict[str, object]] = {
    "lstm": {"hidden": 12, "layers": 2, "dropout": 0.0},
    "transformer": {"width": 24, "layers": 2, "inner": 32, "dropout": 0.0},
    "msresnet": {"hidden": 4},
    "tempcnn": {"hidden": 8, "dropout": 0.0},
    "ltae": {"width": 32, "heads": 4, "embedding": 16, "decoder": (8,), "dropout": 0.0},
    "inceptiontime": {"filters": 4, "kernel": 8, "depth": 3},
    "omniscale": {"first": 16, "second": 300},
    "starrnn": {"hidden": 16, "layers": 2, "dropout": 0.0},
    "gru": {"hidden": 12, "layers": 2, "dropout": 0.0},
}


def create(name: str) -> nn.Module:
    torch.manual_seed(1)
    return models.create(name, bands=BANDS, classes=CLASSES, dates=DATES, **SMALL[name])


def batch(size: int = 18) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Noise without meaning, with gaps: what can be learned of it is learned by heart."""
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(size, DATES, BANDS, generator=generator)
    mask = torch.rand(size, DATES, generator=generator) < 0.7
    mask[:, 4] = True
    day = torch.arange(20, 20 + 9 * DATES, 9).expand(size, -1)
    return x.masked_fill(~mask.unsqueeze(-1), torch.nan), mask, day, torch.arange(size) % CLASSES


@pytest.fixture(autouse=True)
def random_state_of_its_own():
    with torch.random.fork_rng(devices=[]):
        yield


def test_every_network_is_tested_here() -> None:
    assert set(SMALL) == set(models.available())


@pytest.mark.parametrize("name", SMALL)
def test_a_tiny_set_is_learned_by_heart(name: str) -> None:
    network = create(name).train()
    x, mask, day, label = batch()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(120):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(x, mask, day), label).backward()
        optimiser.step()
    with torch.no_grad():
        assert (network.eval()(x, mask, day).argmax(dim=1) == label).all()


@pytest.mark.parametrize("name", SMALL)
def test_the_order_of_the_batch_does_not_matter(name: str) -> None:
    network = create(name).eval()
    x, mask, day, _ = batch()
    order = torch.randperm(len(x))
    with torch.no_grad():
        torch.testing.assert_close(network(x[order], mask[order], day[order]), network(x, mask, day)[order])


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("gaps", [False, True])
def test_gradients_reach_every_parameter_and_are_finite(name: str, gaps: bool) -> None:
    network = create(name).train()
    x, mask, day, label = batch()
    x, given = (x, mask) if gaps else (x.nan_to_num(), None)
    nn.functional.cross_entropy(network(x, given, day), label).backward()
    for what, parameter in network.named_parameters():
        assert parameter.grad is not None, what
        assert parameter.grad.isfinite().all(), what
        assert parameter.grad.any(), what


@pytest.mark.parametrize("name", SMALL)
def test_what_training_keeps_of_a_batch_does_not_depend_on_unobserved_dates(name: str) -> None:
    """Batch normalisation's statistics and the gradients, with other values at the gaps."""
    x, mask, day, label = batch()
    found = []
    for filling in (torch.nan, 7.0):
        network = create(name).train()
        torch.manual_seed(2)
        logits = network(torch.where(mask.unsqueeze(-1), x, filling), mask, day)
        nn.functional.cross_entropy(logits, label).backward()
        found.append([*network.buffers(), *(p.grad for p in network.parameters())])
    for first, second in zip(*found, strict=True):
        assert torch.equal(first, second)

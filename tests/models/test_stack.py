"""A network in a stack is the network alone. This is the way that a GPU trains; here it runs on the CPU."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from cloudrobust import models
from cloudrobust.learning.lockstep import NOT_STACKED
from cloudrobust.models.dropout import Dropout, Noise, noise
from cloudrobust.models.stack import Stack

NAMES = [name for name in models.available() if name not in NOT_STACKED]
SMALL = {"transformer": {"width": 12, "inner": 8, "layers": 2}, "msresnet": {"hidden": 4}}
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread_and_seed():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        yield
    torch.set_num_threads(before)


def networks(name: str, dropout: bool) -> list[nn.Module]:
    made = [models.create(name, bands=4, classes=3, dates=20, **SMALL.get(name, {})) for _ in range(3)]
    for network in made if not dropout else []:
        for module in network.modules():
            if isinstance(module, Dropout):
                module.p = 0.0
    return made


def series(masked: bool) -> tuple[Tensor, Tensor | None, Tensor]:
    return torch.randn(3, 6, 20, 4), torch.rand(3, 6, 20) < 0.7 if masked else None, torch.arange(20).expand(3, 6, 20)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_logits_gradients_and_statistics_are_those_of_each_network_alone(name, masked):
    made = networks(name, dropout=False)
    x, mask, day = series(masked)
    stack = Stack(made)
    together = stack(x, mask, day)
    together.square().sum().backward()
    for number, network in enumerate(made):
        alone = network(x[number], None if mask is None else mask[number], day[number])
        alone.square().sum().backward()
        torch.testing.assert_close(together[number], alone, atol=1e-5, rtol=1e-4)
        for key, parameter in network.named_parameters():
            stacked = stack.parameters[key].grad
            torch.testing.assert_close(stacked[number], parameter.grad, atol=1e-4, rtol=1e-3)
        for key, buffer in network.named_buffers():
            torch.testing.assert_close(stack.buffers[key][number], buffer, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_dropout_does_not_depend_on_the_others_in_the_stack(name):
    made = networks(name, dropout=True)
    x, mask, day = series(masked=True)
    with noise([Noise(seed, CPU) for seed in (5, 6, 7)]):
        many = Stack(made)(x, mask, day)
    with noise([Noise(6, CPU)]):
        one = Stack(made[1:2])(x[1:2], mask[1:2], day[1:2])
    torch.testing.assert_close(many[1], one[0], atol=1e-5, rtol=1e-4)
    if any(isinstance(module, Dropout) for module in made[0].modules()):
        with noise([Noise(8, CPU)]):
            assert not torch.allclose(one, Stack(made[1:2])(x[1:2], mask[1:2], day[1:2]), atol=1e-3)


def test_unstacking_gives_trained_parameters_and_statistics_back():
    made = networks("tempcnn", dropout=True)
    stack = Stack(made)
    stack(*series(masked=False)).sum().backward()
    with torch.no_grad():
        for parameter in stack.parameters.values():
            parameter -= 0.1 * parameter.grad
    stack.unstack()
    for number, network in enumerate(made):
        for key, value in network.state_dict().items():
            stacked = stack.parameters[key] if key in stack.parameters else stack.buffers[key]
            assert torch.equal(value, stacked[number])
    assert not torch.equal(made[0].classify.weight, made[1].classify.weight)
    assert made[0].convolutions[0][1].running_mean.abs().sum() > 0


@pytest.mark.parametrize("name", NAMES)
def test_mixed_precision_stays_close_to_full_precision(name):
    made = networks(name, dropout=False)
    stack, (x, mask, day) = Stack(made), series(masked=False)
    full = stack(x, mask, day)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = stack(x, mask, day)
    mixed.float().square().sum().backward()
    torch.testing.assert_close(mixed.float(), full, atol=0.1, rtol=0.1)
    assert not torch.equal(mixed.float(), full)
    assert all(parameter.grad.isfinite().all() for parameter in stack.parameters.values())

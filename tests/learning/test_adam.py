"""Our Adam is torch's."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
from sklearn.metrics import cohen_kappa_score
from torch import nn

from cloudrobust.config.models import Lstm, Transformer
from cloudrobust.learning.evaluate import kappa
from cloudrobust.learning.schedule import optimiser, rate


@pytest.mark.parametrize("config", [Lstm(weight_decay=0.01), Transformer(warmup=3)])
def test_steps_are_those_of_torch(config):
    torch.manual_seed(0)
    mine, x = nn.Linear(5, 3), torch.randn(8, 5)
    theirs = nn.Linear(5, 3)
    theirs.load_state_dict(mine.state_dict())
    betas, eps = ((0.9, 0.98), 1e-9) if config.schedule == "warmup" else ((0.9, 0.999), 1e-8)
    oracle = torch.optim.Adam(theirs.parameters(), betas=betas, eps=eps, weight_decay=config.weight_decay, fused=True)
    ours = optimiser(dict(mine.named_parameters()), config)
    for number in range(1, 6):
        oracle.param_groups[0]["lr"] = rate(config, number)
        oracle.zero_grad()
        ours.forget_gradients()
        for network in (mine, theirs):
            network(x).square().sum().backward()
        oracle.step()
        ours.step(number, rate(config, number))
    for key, value in theirs.state_dict().items():
        assert torch.equal(mine.state_dict()[key], value)


@pytest.mark.parametrize("classes", [2, 5])
def test_kappa_is_that_of_scikit_learn(classes):
    torch.manual_seed(classes)
    label = torch.randint(0, classes, (60,))
    answer = torch.where(torch.rand(60) < 0.6, label, torch.randint(0, classes, (60,)))
    expected = cohen_kappa_score(label.numpy(), answer.numpy(), labels=range(classes))
    assert kappa(label, answer, classes) == pytest.approx(expected)
    assert kappa(label, label, classes) == pytest.approx(1.0)
    assert math.isnan(kappa(label * 0, label * 0, classes))


def test_training_a_network_imports_neither_the_compiler_nor_scikit_learn():
    """Together they take longer than many a training."""
    program = """
import sys
import numpy as np, pandas as pd
import cloudrobust.learning.run
from cloudrobust.config.models import TempCnn
from cloudrobust.config.training import Training
from cloudrobust.learning import train
from cloudrobust.learning.dataset import Dataset
label = np.arange(24) % 2
data = Dataset(
    x=np.random.default_rng(0).normal(size=(24, 6, 2)).astype(np.float32),
    time=np.datetime64("2018-01-01", "ns") + np.arange(6) * np.timedelta64(10, "D"),
    bands=("B02", "B03"), label=label, classes=("a", "b"), part=np.array(["train", "validation"] * 12),
    parcel=np.arange(24).astype(str), ineligible=pd.DataFrame(),
)
train(data, TempCnn(hidden=4), Training(seeds=(0,), epochs=1, device="cpu"))
print(*(name for name in ("torch._dynamo", "sympy", "sklearn", "lightgbm", "tensorboard") if name in sys.modules))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []

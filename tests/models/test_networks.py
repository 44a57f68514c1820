"""The networks are the study's, and read nothing but observed dates."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from cloudrobust import models

NAMES = models.available()
BANDS, CLASSES = 13, 34


@pytest.fixture(autouse=True)
def one_thread_and_seed():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        yield
    torch.set_num_threads(before)


def network(name: str, dates: int = 20, **hyperparameters: object) -> nn.Module:
    """A network whose batch normalisation has statistics, in evaluation mode; positions are places in the order."""
    if name == "ltae":
        hyperparameters = {"positions": "order", **hyperparameters}
    made = models.create(name, bands=BANDS, classes=CLASSES, dates=dates, **hyperparameters)
    with torch.no_grad():
        made(torch.randn(32, dates, BANDS))
    return made.eval()


@pytest.mark.parametrize(
    ("name", "dates", "count"),
    [
        ("lstm", 70, 94_524),
        ("transformer", 70, 598_408),
        ("msresnet", 70, 2_141_410),
        ("tempcnn", 23, 432_034),
        ("tempcnn", 70, 1_202_082),
    ],
)
def test_networks_have_the_parameters_of_the_study(name, dates, count):
    made = models.create(name, bands=BANDS, classes=CLASSES, dates=dates)
    assert sum(p.numel() for p in made.parameters() if p.requires_grad) == count


def test_unknown_name_raises_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'transformer'"):
        models.create("transfomer", bands=3, classes=2, dates=5)
    with pytest.raises(ValueError, match="valid are lstm"):
        models.create("xyz", bands=3, classes=2, dates=5)


@pytest.mark.parametrize("name", ["lstm", "msresnet", "tempcnn"])
@pytest.mark.parametrize("dates", [23, 70])
def test_logits_equal_those_of_breizhcrops(name, dates):
    peers = pytest.importorskip("breizhcrops.models")
    peer = {
        "lstm": lambda: peers.LSTM(BANDS, CLASSES, 32, 4, 0.71, use_layernorm=True),
        "msresnet": lambda: peers.MSResNet(BANDS, num_classes=CLASSES, hidden_dims=64),
        "tempcnn": lambda: peers.TempCNN(BANDS, CLASSES, dates, 5, 64, 0.5),
    }[name]()
    ours = models.create(name, bands=BANDS, classes=CLASSES, dates=dates)
    x = torch.randn(5, dates, BANDS)
    with torch.no_grad():
        peer(torch.randn(64, dates, BANDS))  # moves batch normalisation's statistics away from 0 and 1
    mine, theirs = ours.state_dict(), list(peer.state_dict().values())
    assert [v.shape for v in mine.values()] == [v.shape for v in theirs]
    ours.load_state_dict(dict(zip(mine, theirs, strict=True)))
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(x).log_softmax(-1), peer.eval()(x), atol=1e-5, rtol=1e-5)


def test_training_step_of_convolutional_networks_equals_that_of_breizhcrops():
    """Gradients, and the statistics that batch normalisation keeps."""
    peers = pytest.importorskip("breizhcrops.models")
    peer = peers.MSResNet(BANDS, num_classes=CLASSES, hidden_dims=8)
    ours = models.create("msresnet", bands=BANDS, classes=CLASSES, dates=30, hidden=8)
    ours.load_state_dict(dict(zip(ours.state_dict(), peer.state_dict().values(), strict=True)))
    x, y = torch.randn(16, 30, BANDS), torch.randint(0, CLASSES, (16,))
    nn.functional.cross_entropy(ours(x), y).backward()
    nn.functional.nll_loss(peer(x), y).backward()
    for mine, theirs in zip(ours.parameters(), peer.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, atol=2e-5, rtol=1e-3)
    for mine, theirs in zip(ours.buffers(), peer.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_mask_that_is_true_everywhere_changes_nothing(name):
    made, x = network(name), torch.randn(4, 20, BANDS)
    with torch.no_grad():
        assert torch.equal(made(x), made(x, torch.ones(4, 20, dtype=torch.bool)))


@pytest.mark.parametrize("name", NAMES)
def test_values_at_unobserved_dates_do_not_matter(name):
    made, x = network(name), torch.randn(6, 20, BANDS)
    mask = torch.rand(6, 20) < 0.6
    mask[:, 0] = False
    mask[5, 1:] = True
    other = torch.where(mask.unsqueeze(-1), x, torch.randn_like(x) * 9)
    missing = torch.where(mask.unsqueeze(-1), x, torch.nan)
    with torch.no_grad():
        logits = made(x, mask)
        assert torch.equal(logits, made(other, mask))
        assert torch.equal(logits, made(missing, mask))
        assert not torch.allclose(logits, made(x + 0.5, mask))


@pytest.mark.parametrize("name", NAMES)
def test_padding_at_the_end_does_not_change_logits(name):
    """A short series alone, and the same beside longer ones."""
    made = network(name)
    short, beside = torch.randn(3, 14, BANDS), torch.randn(2, 20, BANDS)
    padded = torch.cat([torch.cat([short, torch.full((3, 6, BANDS), 5.0)], dim=1), beside])
    mask = torch.ones(5, 20, dtype=torch.bool)
    mask[:3, 14:] = False
    with torch.no_grad():
        torch.testing.assert_close(made(padded, mask)[:3], made(short), atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(made(padded, mask)[3:], made(beside), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "tempcnn"])
def test_networks_of_any_length_see_the_sequence_of_observed_dates(name):
    """Where the gaps lie makes no difference: gaps removed by hand give the same logits."""
    made, x = network(name), torch.randn(1, 20, BANDS)
    mask = torch.ones(1, 20, dtype=torch.bool)
    mask[0, [0, 3, 4, 11, 19]] = False
    with torch.no_grad():
        torch.testing.assert_close(made(x, mask), made(x[:, mask[0]]), atol=2e-5, rtol=1e-4)


def test_tempcnn_reads_an_unobserved_date_as_zeros_in_its_place():
    made, x = network("tempcnn"), torch.randn(2, 20, BANDS)
    mask = torch.rand(2, 20) < 0.5
    mask[:, 3] = True
    with torch.no_grad():
        assert torch.equal(made(x, mask), made(x * mask.unsqueeze(-1)))


@pytest.mark.parametrize("name", NAMES)
def test_series_without_an_observed_date_gives_finite_logits(name):
    x = torch.randn(2, 20, BANDS)
    x[0] = torch.nan
    mask = torch.zeros(2, 20, dtype=torch.bool)
    mask[1] = True
    with torch.no_grad():
        assert network(name)(x, mask).isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_the_input_are_zero_at_unobserved_dates_only(name):
    made = network(name)
    x = torch.randn(2, 20, BANDS, requires_grad=True)
    mask = torch.ones(2, 20, dtype=torch.bool)
    mask[:, 5:9] = False
    made(x, mask).max(dim=1).values.sum().backward()
    assert x.grad is not None
    assert (x.grad[:, 5:9] == 0).all()
    assert (x.grad[:, 9:].abs().sum(dim=(1, 2)) > 0).all()


def test_tempcnn_refuses_what_it_cannot_take():
    with pytest.raises(ValueError, match="20 dates; got 21"):
        network("tempcnn")(torch.randn(1, 21, BANDS))
    with pytest.raises(ValueError, match="kernel must be odd"):
        models.create("tempcnn", bands=3, classes=2, dates=5, kernel=4)


def _by_hand(x: Tensor, lstm: nn.LSTM) -> Tensor:
    _, (_, c) = lstm(x.transpose(0, 1))
    return c.transpose(0, 1).reshape(len(x), -1)


def test_lstm_gates_lead_to_its_logits():
    """The recorded cell states are those of torch's own LSTM, also with gaps."""
    made, x = network("lstm"), torch.randn(3, 20, BANDS)
    mask = torch.ones(3, 20, dtype=torch.bool)
    mask[1, :6] = False
    states = made.states(x, mask)
    assert len(states) == 4
    assert states[0]["c"].shape == (2, 3, 20, 32)
    assert states[2]["g"][:, 1, 14:].isnan().all()
    for row, length in ((0, 20), (1, 14)):
        observed = made.normalise_bands(x[row : row + 1, mask[row]])
        with torch.no_grad():
            expected = _by_hand(observed, made.cells)
        last = torch.cat([torch.cat([s["c"][0, row, length - 1], s["c"][1, row, 0]]) for s in states])
        torch.testing.assert_close(last.unsqueeze(0), expected, atol=1e-5, rtol=1e-4)
        first = states[0]
        c_then = first["f"][0, row, 1] * first["c"][0, row, 0] + first["i"][0, row, 1] * first["g"][0, row, 1]
        torch.testing.assert_close(first["c"][0, row, 1], c_then)


def test_attention_weights_sum_to_one_over_observed_dates():
    made, x = network("transformer"), torch.randn(2, 20, BANDS)
    mask = torch.ones(2, 20, dtype=torch.bool)
    mask[0, 12:] = False
    with torch.no_grad():
        logits, attention = made.return_attention(x, mask)
        torch.testing.assert_close(logits, made(x, mask), atol=2e-5, rtol=1e-4)
    assert [a.shape for a in attention] == [(2, 3, 20, 20)] * 3
    torch.testing.assert_close(attention[1].sum(dim=-1), torch.ones(2, 3, 20))
    assert (attention[2][0, :, :, 12:] == 0).all()


def test_transformer_positions_are_the_published_sinusoids():
    from cloudrobust.models.transformer import sinusoids

    table = sinusoids(50, 128)
    assert table[7, 0] == pytest.approx(torch.sin(torch.tensor(7.0)).item())
    assert table[7, 65] == pytest.approx(torch.cos(torch.tensor(7.0 / 10000 ** (64 / 128))).item(), abs=1e-6)


def test_transformer_can_take_the_day_of_the_year_as_position():
    made, x = network("transformer"), torch.randn(2, 20, BANDS)
    by_day = models.create("transformer", bands=BANDS, classes=CLASSES, dates=20, positions="day").eval()
    by_day.load_state_dict(made.state_dict())
    days = torch.arange(1, 21).expand(2, -1)
    with torch.no_grad():
        torch.testing.assert_close(by_day(x, day=days), made(x))
        assert not torch.allclose(by_day(x, day=days * 10), made(x))
    with pytest.raises(ValueError, match="needs the argument day"):
        by_day(x)


def test_transformer_takes_more_dates_than_it_was_made_for():
    made = network("transformer", dates=5)
    with torch.no_grad():
        assert made(torch.randn(1, 400, BANDS)).isfinite().all()

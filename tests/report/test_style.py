"""One style, and files that are the same every time."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from cloudrobust.report.style import STYLE, panel_letter, save, shorten, styled


@styled
def line() -> Figure:
    figure = Figure(figsize=(2, 2))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    axes.set_title("two parts")
    panel_letter(axes, "a")
    return figure


def test_figures_are_written_as_png_and_pdf(tmp_path):
    assert save(line(), tmp_path / "new" / "a.b") == (tmp_path / "new" / "a.b.png", tmp_path / "new" / "a.b.pdf")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["a.b.pdf", "a.b.png"]


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    first, second = save(line(), tmp_path / "a"), save(line(), tmp_path / "b")
    again = save(again_figure := line(), tmp_path / "c"), save(again_figure, tmp_path / "d")
    for other in (second, *again):
        assert [path.read_bytes() for path in other] == [path.read_bytes() for path in first]


def test_files_bear_no_date(tmp_path):
    png, pdf = save(line(), tmp_path / "a")
    assert b"CreationDate" not in pdf.read_bytes()
    assert b"Software" not in png.read_bytes()


def test_png_has_200_dots_per_inch(tmp_path):
    png, _ = save(line(), tmp_path / "a")
    assert int.from_bytes(png.read_bytes()[16:20], "big") == 400


def test_users_own_settings_do_not_matter(tmp_path):
    expected = save(line(), tmp_path / "a")[0].read_bytes()
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "savefig.facecolor": "red"}):
        assert save(line(), tmp_path / "b")[0].read_bytes() == expected


def test_nothing_is_left_of_a_figure_that_fails(tmp_path, monkeypatch):
    figure = line()

    def fails(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", fails)
    with pytest.raises(OSError, match="disk full"):
        save(figure, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_the_style_keeps_text_as_text():
    assert mpl.rc_params_from_file(STYLE)["pdf.fonttype"] == 42


@pytest.mark.parametrize(("text", "short"), [("maize", "maize"), ("a b, c", "a b…"), ("  a\n b ", "a b")])
def test_long_names_are_cut(text, short):
    assert shorten(text, 5) == short

"""Several studies side by side: each has a folder by the name of its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cloudrobust.config import Paths, load, parse, with_folder
from cloudrobust.config.paths import FOLDERS
from cloudrobust.errors import InputError

VALUES = {
    "period": {"start": "2022-01-01", "end": "2022-12-31"},
    "source": {"kind": "simulator"},
    "tiles": ["32UPU"],
    "branches": {"raw": {"level": "L1C"}, "preprocessed": {"level": "L2A"}},
    "models": {"forest": {}},
}


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        (["config.yaml"], "results"),
        (["valley.yaml"], "results/valley"),
        (["studies/valley.yml"], "results/valley"),
        (["valley/config.yaml"], "results/valley"),
        (["config/config.yaml"], "results"),
        (["config.yaml", "mine.yaml"], "results"),
        (["valley.yaml", "more-seeds.yaml"], "results/valley"),
        ([], "results"),
    ],
)
def test_a_study_has_a_folder_by_its_first_file(files: list[str], folder: str) -> None:
    assert parse(with_folder(VALUES, files)).results == Path(folder)


def test_a_folder_that_is_named_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "valley.yaml"
    file.write_text(yaml.safe_dump(VALUES | {"results": "elsewhere"}))
    assert load(file).results == Path("elsewhere")
    file.write_text(yaml.safe_dump(VALUES))
    assert load(file).results == Path("results/valley")


def test_a_file_called_like_a_part_of_the_results_is_refused() -> None:
    with pytest.raises(InputError, match=r"series\.yaml: results/series belongs to the results of config\.yaml"):
        with_folder(VALUES, ["series.yaml"])
    assert with_folder(VALUES | {"results": "mine"}, ["series.yaml"])["results"] == "mine"


def test_every_part_of_the_results_is_known() -> None:
    paths = Paths(parse(VALUES))
    made = []
    for name in dir(Paths):
        if name.startswith("_") or name == "root":
            continue
        member = getattr(paths, name)
        made.append(member("a") if callable(member) else member)
    # A method that takes a part of the way starts with the folder that it stands for, or with that part itself.
    first = {Path(one).parts[1] for one in made}
    assert first - {"dataset.json"} <= set(FOLDERS)

from __future__ import annotations

import logging

import pytest
import shapely

from cloudrobust.config.sources import Parcels
from cloudrobust.errors import InputError
from cloudrobust.parcels import read_parcels
from cloudrobust.parcels.labels import label_parcels, read_mapping
from cloudrobust.parcels.read import load_parcels, write_parcels


@pytest.fixture
def mapping(tmp_path):
    def write(text: str):
        path = tmp_path / "classes.csv"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def labelled(make_parcels):
    """A function that makes parcels with codes."""

    def make(codes):
        parcels = make_parcels([shapely.box(0, 0, 100, 100)] * len(codes))
        parcels["code"] = codes
        parcels["class"] = None
        bare = parcels["code"].isna()
        parcels.loc[bare, ["status", "reason"]] = ["unlabelled", "no label"]
        return parcels

    return make


def test_codes_become_classes_and_the_rest_is_excluded(labelled, mapping, caplog):
    codes = ["1", "2"] * 3 + ["3"] * 2 + ["9", None, "fallow"]
    config = Parcels(classes=mapping("code,class\n1,cereal\n2,cereal\n3,maize\nfallow,\n"), minimum_class_size=3)
    with caplog.at_level(logging.INFO, "cloudrobust"):
        parcels = label_parcels(labelled(codes), config)
    assert parcels["class"].tolist() == ["cereal"] * 6 + ["maize"] * 2 + [None] * 3
    assert parcels["status"].tolist() == ["usable"] * 6 + ["excluded"] * 3 + ["unlabelled", "excluded"]
    assert parcels["reason"].tolist() == [""] * 6 + ["class 'maize' has only 2 parcels"] * 2 + [
        "label '9' is in no class mapping",
        "no label",
        "label 'fallow' is left out by the class mapping",
    ]
    assert "6 parcels in 1 classes: cereal 6" in caplog.text
    assert "2 parcels excluded: class 'maize' has only 2 parcels" in caplog.text
    assert "1 parcel without a label, kept for prediction" in caplog.text


def test_without_a_mapping_each_code_is_a_class(labelled):
    parcels = label_parcels(labelled(["a"] * 3 + ["b"] * 3), Parcels(minimum_class_size=3))
    assert parcels["class"].tolist() == ["a"] * 3 + ["b"] * 3


def test_excluded_parcels_stay_excluded_and_do_not_count(labelled):
    parcels = labelled(["a"] * 4 + ["b"] * 3)
    parcels.loc[[0, 4], "status"] = "excluded"
    parcels.loc[[0, 4], "reason"] = "no geometry"
    result = label_parcels(parcels, Parcels(minimum_class_size=3))
    assert result["status"].tolist() == ["excluded"] + ["usable"] * 3 + ["excluded"] * 3
    assert result["reason"].tolist()[4:] == ["no geometry"] + ["class 'b' has only 2 parcels"] * 2
    assert parcels["class"].isna().all()  # the frame given is left as it was


def test_parcels_without_any_label_are_all_kept_for_prediction(labelled):
    assert label_parcels(labelled([None] * 3), Parcels())["status"].tolist() == ["unlabelled"] * 3


def test_real_parcels_are_mapped(real_data, mapping):
    config = Parcels(
        file=real_data / "france-lpis-parcels.gpkg",
        id="id_parcel",
        label="code_cultu",
        classes=mapping(
            "code,class\nMIS,maize\nMIE,maize\nBTH,wheat\nPPH,grass\nPTR,grass\nJ6S,\nCZH,rapeseed\nSOJ,soya\n"
        ),
        minimum_class_size=9,
    )
    parcels = label_parcels(read_parcels(config), config)
    assert len(parcels) == 193
    sizes = parcels.loc[parcels["status"] == "usable", "class"].value_counts()
    assert set(sizes.index) <= {"maize", "wheat", "grass", "rapeseed", "soya"}
    assert sizes.min() >= 9
    assert sizes["maize"] <= 59 + 3
    assert (parcels["status"] == "usable").sum() + (parcels["status"] == "excluded").sum() == 193
    assert (parcels.loc[parcels["status"] == "excluded", "reason"] != "").all()
    assert "label 'J6S' is left out by the class mapping" in set(parcels["reason"])


def test_parcels_read_back_from_their_file_are_labelled_alike(labelled, mapping, tmp_path):
    codes = ["1", "2"] * 3 + ["3"] * 2 + ["9", None]
    config = Parcels(classes=mapping("code,class\n1,cereal\n2,cereal\n3,maize\n"), minimum_class_size=3)
    parcels = labelled(codes)
    write_parcels(parcels, tmp_path / "parcels.parquet")
    direct, stored = label_parcels(parcels, config), label_parcels(load_parcels(tmp_path / "parcels.parquet"), config)
    for column in ("parcel", "code", "class", "status", "reason"):
        assert stored[column].isna().tolist() == direct[column].isna().tolist()
        assert stored[column].dropna().tolist() == direct[column].dropna().tolist()


# -- what the user may get wrong -----------------------------------------------------------------


def complaint(path) -> str:
    with pytest.raises(InputError) as caught:
        read_mapping(path)
    return str(caught.value)


def test_mapping_mistakes(mapping, tmp_path):
    assert "gone.csv: there is no such class mapping; mend parcels.classes" in complaint(tmp_path / "gone.csv")
    assert "classes.csv: has no column 'code'; did you mean 'codes'?" in complaint(mapping("codes,class\n1,a\n"))
    assert "classes.csv: has no column 'class'" in complaint(mapping("code,klass\n1,a\n"))
    assert "classes.csv: maps code '1' to 'a' and 'b'; keep one of the lines" in complaint(
        mapping("code,class\n1,a\n2,a\n1,b\n")
    )
    assert "classes.csv: line 3 has no code" in complaint(mapping("code,class\n1,a\n,b\n"))
    assert "classes.csv: cannot be read as CSV" in complaint(mapping(""))


def test_a_mapping_may_repeat_itself_and_hold_spaces(mapping):
    assert read_mapping(mapping("class, code, note\n wheat , 1, x\nwheat,1,y\n,2,z\n")) == {"1": "wheat", "2": ""}


def test_a_mapping_that_fits_no_parcel(labelled, mapping):
    with pytest.raises(
        InputError, match=r"classes\.csv: leaves no labelled parcel usable \(the parcels' codes are 'x'"
    ):
        label_parcels(labelled(["x"] * 5), Parcels(classes=mapping("code,class\n1,a\n")))


def test_classes_that_are_all_too_rare(labelled):
    with pytest.raises(InputError, match="every class has fewer than 10 usable parcels, the largest 'x' has 5; lower"):
        label_parcels(labelled(["x"] * 5 + ["y"]), Parcels())

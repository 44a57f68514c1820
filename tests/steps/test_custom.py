"""A user's own step: loaded with checks, held to its word, its code hashed by meaning."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from cloudrobust.config.steps import Custom
from cloudrobust.errors import InputError
from cloudrobust.steps import apply

from .made import as_pixels, cloudy_series

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "custom-step.md"


def write(folder: Path, body: str, signature: str = "cube") -> Path:
    file = folder / "my_step.py"
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    file.write_text(f"import numpy as np\n\n\ndef apply({signature}):\n{lines}\n")
    return file


def step(file: Path, **more: Any) -> dict[str, Any]:
    return {"do": "custom", "file": str(file), **more}


def test_the_documented_example_runs_as_it_stands(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    assert code is not None
    assert len(code[1].strip().splitlines()) <= 12
    file = tmp_path / "my_step.py"
    file.write_text(code[1])
    cube = cloudy_series(1)
    result = apply(cube, step(file, function="without_haze", parameters={"blue": 0.2}))
    hazy = cube["reflectance"].values[:, :, 0] > 0.2
    assert 0 < hazy.sum() < np.isfinite(cube["reflectance"].values[:, :, 0]).sum()
    np.testing.assert_array_equal(result["reflectance"], np.where(hazy[:, :, None], np.nan, cube["reflectance"].values))
    np.testing.assert_array_equal(result["observed"], cube["observed"].values * ~hazy)


def test_parameters_reach_the_function_and_all_else_is_kept(tmp_path: Path) -> None:
    file = write(
        tmp_path, "cube['reflectance'] = cube['reflectance'].astype(float) * factor\nreturn cube", "cube, factor"
    )
    cube = cloudy_series(2)
    result = apply(cube, step(file, parameters={"factor": 2}))
    np.testing.assert_allclose(result["reflectance"], 2 * cube["reflectance"], rtol=1e-6)
    assert result["reflectance"].dtype == np.float32
    assert result["reflectance"].attrs == cube["reflectance"].attrs
    assert result.attrs | cube.attrs == result.attrs
    np.testing.assert_array_equal(result["observed"], cube["observed"])


def test_the_function_cannot_change_the_cube_that_it_is_given(tmp_path: Path) -> None:
    cube = cloudy_series(3)
    before = cube.copy(deep=True)
    apply(cube, step(write(tmp_path, "cube['reflectance'][:] = 0\nreturn cube")))
    xr.testing.assert_identical(cube, before)


def test_lost_attributes_coordinates_and_order_are_put_back(tmp_path: Path) -> None:
    body = (
        "import xarray as xr\n"
        "values = cube['reflectance'].transpose('band', 'time', 'parcel').isel(parcel=slice(None, None, -1))\n"
        "bare = xr.DataArray(values.values, dims=values.dims)\n"
        "return xr.Dataset({'reflectance': bare}, {d: values[d].values for d in values.dims})"
    )
    cube = cloudy_series(4)
    result = apply(cube, step(write(tmp_path, body)))
    assert result["reflectance"].dims == ("parcel", "time", "band")
    np.testing.assert_array_equal(result["reflectance"], cube["reflectance"])
    assert result["parcel"].values.tolist() == cube["parcel"].values.tolist()
    assert result["reflectance"].attrs == cube["reflectance"].attrs
    assert result["scene"].values.tolist() == cube["scene"].values.tolist()
    assert result.attrs["chain"] == cube.attrs["chain"]
    np.testing.assert_array_equal(result["observed"], cube["observed"])


def test_what_is_not_finite_is_missing(tmp_path: Path) -> None:
    result = apply(cloudy_series(5), step(write(tmp_path, "cube['reflectance'][1] = np.inf\nreturn cube")))
    assert np.isnan(result["reflectance"].values[1]).all()


def test_pixels_are_served_as_well(tmp_path: Path) -> None:
    file = write(tmp_path, "cube['reflectance'] = cube['reflectance'].clip(0, 0.3)\nreturn cube")
    pixels = as_pixels(cloudy_series(6, parcels=6), 2, 3)
    result = apply(pixels, step(file))
    assert result["reflectance"].dims == ("time", "band", "y", "x")
    lost = step(write(tmp_path, "return cube.isel(x=[0])"))
    with pytest.raises(InputError, match="returns 1 along x, not 3; keep them all"):
        apply(pixels, lost)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return cube['reflectance']", "returns DataArray, not an xarray.Dataset"),
        ("return None", "returns NoneType"),
        ("return cube.rename(reflectance='values')", "without the variable 'reflectance'"),
        ("return cube.mean('band')", "returns reflectance over (parcel, time), not over (parcel, time, band)"),
        ("return cube.rename(parcel='field')", "returns reflectance over (field, time, band)"),
        ("return cube.isel(parcel=[0, 1])", "loses parcel 'P002'; keep them all"),
        ("return cube.isel(parcel=[0, 1, 1, *range(2, 7)])", "returns parcel 'P001' twice"),
        (
            "return cube.assign_coords(parcel=[f'Q{n}' for n in range(7)])",
            "returns parcel 'Q0', which it was not given",
        ),
        ("return cube.isel(time=slice(None, None, -1))", "dates that do not ascend"),
        ("return cube.isel(time=[0, 0, 1])", "twice; keep one"),
        ("return cube.isel(time=[])", "without any time"),
        ("return cube.isel(band=[0, 0])", "returns band B02 twice"),
        ("return cube.isel(time=[1, 2]).drop_vars('observed')", "changes the dates and returns no 'observed'"),
        ("return cube.assign(observed=cube['reflectance'])", "returns observed over (parcel, time, band)"),
        ("return cube.assign(reflectance=cube['reflectance'].astype(str))", "return numbers"),
        ("return cube.drop_vars('parcel')", "without the coordinate 'parcel'"),
        ("return 1 / 0", "failed (ZeroDivisionError: division by zero)"),
    ],
)
def test_what_breaks_its_word_is_one_sentence(tmp_path: Path, body: str, sentence: str) -> None:
    file = write(tmp_path, body)
    with pytest.raises(InputError) as caught:
        apply(cloudy_series(7), step(file))
    assert sentence in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "more", "sentence"),
    [
        ("def apply(cube:\n", {}, "line 1 is no valid Python"),
        ("import there_is_no_such_module\n", {}, "fails when it is loaded (ModuleNotFoundError"),
        ("def aply(cube):\n    return cube\n", {}, "has no function 'apply'"),
        ("apply = 3\n", {}, "has no function 'apply'"),
        ("def apply():\n    return 1\n", {}, "cannot be called as apply(cube)"),
        ("def apply(cube, factor):\n    return cube\n", {}, "cannot be called as apply(cube): missing"),
        (
            "def apply(cube, factor):\n    return cube\n",
            {"parameters": {"factr": 1}},
            "cannot be called as apply(cube, factr=…)",
        ),
        ("def apply(cube):\n    return cube\n", {"function": "a.b"}, "'a.b' is no name of a function"),
        ("def apply(cube):\n    return cube\n", {"parameters": {"a b": 1}}, "'a b' is no name of a keyword argument"),
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path: Path, text: str, more: dict, sentence: str) -> None:
    file = tmp_path / "my_step.py"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        apply(cloudy_series(8), step(file, **more))
    assert sentence in str(caught.value)


def test_an_edited_file_is_run_anew(tmp_path: Path) -> None:
    import os

    cube = cloudy_series(9)
    file = write(tmp_path, "cube['reflectance'] = cube['reflectance'] * 0\nreturn cube")
    assert apply(cube, step(file))["reflectance"].max() == 0
    write(tmp_path, "cube['reflectance'] = cube['reflectance'] * 0 + 1\nreturn cube")
    os.utime(file, ns=(1, 1))
    assert apply(cube, step(file))["reflectance"].max() == 1


def test_a_file_that_is_no_python_is_named(tmp_path: Path) -> None:
    (tmp_path / "my_step.txt").write_text("def apply(cube):\n    return cube\n")
    with pytest.raises(InputError, match=r"is no Python file; name one that ends in \.py"):
        apply(cloudy_series(9), step(tmp_path / "my_step.txt"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*absent\.py; check the path"):
        apply(cloudy_series(9), step(tmp_path / "absent.py"))


def test_the_hash_follows_the_meaning_of_the_code(tmp_path: Path) -> None:
    from cloudrobust.config import code

    def hashed(text: str) -> str:
        for cached in (code._tree, code._meaning, code._imports):
            cached.cache_clear()
        file = tmp_path / "my_step.py"
        file.write_text(text)
        return Custom(file=file).code()

    first = hashed("def apply(cube):\n    return cube\n")
    assert hashed('# why\ndef apply(cube):\n    """Nothing."""\n    return (cube)\n') == first
    assert hashed("def apply(cube):\n    return cube * 2\n") != first


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import sys; sys.exit(0)", "apply failed (SystemExit: 0)"),
        ("exit()", "apply failed (SystemExit"),
        ("cube.attrs['x'] = {'a': 1}\nreturn cube", "gives the cube the attribute 'x' of type dict"),
        ("cube.attrs['x'] = None\nreturn cube", "gives the cube the attribute 'x' of type NoneType"),
        ("cube['reflectance'].attrs['f'] = len\nreturn cube", "gives 'reflectance' the attribute 'f'"),
        ("cube.attrs['a/b'] = 1\nreturn cube", "the attribute 'a/b' of type int"),
        ("return cube.assign({'a/b': cube['observed']})", "returns the variable 'a/b', which NetCDF cannot name"),
        (
            "def late(x):\n    raise ValueError('too late')\n"
            "lazy = cube['reflectance'].chunk()\n"
            "lazy.data = lazy.data.map_blocks(late, dtype=float, meta=np.zeros((0, 0, 0)))\n"
            "return cube.assign(reflectance=lazy)",
            "apply failed (ValueError: too late)",
        ),
    ],
)
def test_what_would_fail_later_is_said_here(tmp_path: Path, body: str, sentence: str) -> None:
    file = write(tmp_path, body)
    with pytest.raises(InputError) as caught:
        apply(cloudy_series(1), step(file))
    assert sentence in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_lazy_result_is_computed(tmp_path: Path) -> None:
    cube = cloudy_series(1)
    result = apply(cube, step(write(tmp_path, "return cube.chunk(time=2)")))
    assert isinstance(result["reflectance"].data, np.ndarray)
    np.testing.assert_array_equal(result["reflectance"], cube["reflectance"])


def test_a_file_that_exits_when_it_is_loaded_is_named(tmp_path: Path) -> None:
    file = tmp_path / "my_step.py"
    file.write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(InputError, match="fails when it is loaded"):
        apply(cloudy_series(1), step(file))

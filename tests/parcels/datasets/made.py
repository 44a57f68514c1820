"""Small files in exactly the formats of the published data sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

BAVARIAN = ["B1", "B10", "B11", "B12", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9"]
"""Order of the bands in the CSV files, and in the real parcels."""
L1C = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12", "QA10", "QA20", "QA60", "doa"]
L2A = ["doa", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12", "CLD", "EDG", "SAT"]


@dataclass(frozen=True)
class Bavaria:
    """What was written.

    `x` (parcel, date, band in the order `BAVARIAN`) reflectance, `days` (date,), `ids`, `label` class id, `region`
    and `part` by parcel, `names` of the classes by id.
    """

    folder: Path
    engine: Path
    x: NDArray[np.float32]
    days: NDArray[np.datetime64]
    ids: list[str]
    label: NDArray[np.int64]
    region: list[str]
    part: list[str]
    names: dict[int, str]


def write_bavaria(real: Path, folder: Path, regions: tuple[str, ...] = ("holl", "krum", "nowa")) -> Bavaria:
    """BavarianCrops from the 100 real parcels; their dates are made, for the real file has none.

    Codes are 100 + class id. The two classes of few parcels and many are both kept; parts alternate 3:1:1.
    """
    x, label = np.load(real / "x.npy"), np.load(real / "y.npy")
    ids = [str(number) for number in np.load(real / "meta.npy")]
    table = pd.read_csv(real / "classnames.csv")
    names = dict(zip(table["y"].tolist(), table["classname"].tolist(), strict=True))
    days = np.datetime64("2018-01-02") + np.arange(x.shape[1]) * 7
    region = [regions[number % len(regions)] for number in range(len(ids))]
    part = [("train", "train", "train", "valid", "test")[number // len(regions) % 5] for number in range(len(ids))]
    for number, parcel in enumerate(ids):
        write_parcel(folder / "csv" / region[number] / f"{parcel}.csv", parcel, x[number], days, 100 + label[number])
    for name in regions:
        for ending in ("train", "valid", "test"):
            chosen = [p for p, r, e in zip(ids, region, part, strict=True) if (r, e) == (name, ending)]
            write_lines(folder / "ids" / "blocks" / f"{name}_{ending}.txt", chosen)
            random = [
                p
                for p, r, e in zip(ids, region, part, strict=True)
                if r == name and (e == "test") == (ending == "test")
            ]
            if ending != "valid":
                write_lines(folder / "ids" / "random" / f"{name}_{ending}.txt", random)
    rows = [(number, 100 + number, f"class {number}", name) for number, name in names.items()]
    mapping = pd.DataFrame(rows, columns=["id", "nutzcode", "classname", "klassenname"])
    for classes in ("12", "23"):
        mapping.to_csv(folder / f"classmapping{classes}.csv")
    engine = folder.parent / "engine"
    for name in regions:
        chosen_rows = [number for number in range(len(ids)) if region[number] == name]
        write_engine(engine / f"test_train_{name}.h5", [ids[n] for n in chosen_rows], x[chosen_rows])
    endings = {"train": "train", "valid": "validation", "test": "test"}
    return Bavaria(folder, engine, x, days, ids, label, region, [endings[p] for p in part], names)


def write_parcel(
    file: Path, parcel: str, x: NDArray[np.float32], days: NDArray[np.datetime64], code: float
) -> pd.DataFrame:
    """One parcel's CSV: an index of product ids, the bands, three quality bands, doa, label, id."""
    stamps = [f"{str(day).replace('-', '')}T102421_{str(day).replace('-', '')}T102420_T32UPA" for day in days]
    table = pd.DataFrame(x.astype(np.float64) * 1e4, columns=BAVARIAN, index=stamps)
    table["QA10"], table["QA20"], table["QA60"] = 0.0, 0.0, 1024.0
    table["doa"], table["label"], table["id"] = [str(day) for day in days], code, parcel
    file.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(file)
    return table


def write_lines(file: Path, lines: list[str]) -> None:
    """One id a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines))


def write_engine(file: Path, ids: list[str], x: NDArray[np.float32]) -> None:
    """The preprocessed series, as pandas itself writes them: 23 equal dates, half of the parcels in each frame."""
    places = np.linspace(0, x.shape[1] - 1, 23).round().astype(int)
    days = pd.date_range("2018-01-05", periods=23, freq="16D")
    bands = ["B2", "B3", "B4", "B5", "B6", "B7", "B8", "B11", "B12", "B8A"]
    columns = {
        f"S2/{band if len(band) == 3 else band.replace('B', 'B0')}_{day:%Y-%m-%d}_median": values
        for band in bands
        for day, values in zip(days, x[:, places, BAVARIAN.index(band)].T.astype(np.float64) * 1e4, strict=True)
    }
    more = {"S2/NDVI_2018-01-05_median": np.zeros(len(ids)), "S2/B02_median_annual_mean": np.zeros(len(ids))}
    table = pd.DataFrame(columns | more)
    table["ID"] = [int(parcel) for parcel in ids]
    table["CRPGRPSTM"], table["STMNAME"] = 7, pd.Series(["Winterweizen"] * len(ids), dtype=object)
    table["coordx_lon"], table["coordy_lat"] = 11.3, 49.97
    file.parent.mkdir(parents=True, exist_ok=True)
    half = len(ids) // 2
    table.iloc[:half].to_hdf(file, key="train_data", mode="w")
    table.iloc[half:].to_hdf(file, key="test_data", mode="a")


CROPS = (("barley", "ORH"), ("barley", "ORP"), ("wheat", "BTH"), ("corn", "MIS"), ("permanent meadows", "PPH"))
"""Class name and code, as in BreizhCrops' class mapping."""


def write_breizh(
    folder: Path, regions: tuple[str, ...] = ("frh01", "frh02", "frh03", "frh04"), parcels: int = 24, seed: int = 0
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """BreizhCrops: `parcels` a region at both levels; returns the series by level and parcel.

    Every class has its own spectrum that changes through the year, so that networks find something to learn. The
    length of a series differs from parcel to parcel (one orbit, or two).
    """
    generator = np.random.default_rng(seed)
    written: dict[str, dict[str, NDArray[np.float64]]] = {"L1C": {}, "L2A": {}}
    folder.mkdir(parents=True, exist_ok=True)
    classes = {name: number for number, name in enumerate(dict.fromkeys(name for name, _ in CROPS))}
    rows = [(number, classes[name], name, code) for number, (name, code) in enumerate(CROPS)]
    pd.DataFrame(rows, columns=["", "id", "classname", "code"]).to_csv(folder / "classmapping.csv", index=False)
    pd.DataFrame({"CODE": [code for _, code in CROPS], "Libelle": "?"}).to_csv(
        folder / "codes.csv", sep=";", index=False
    )
    for place, region in enumerate(regions):
        numbers = [6_000_000 + 1000 * place + number for number in range(parcels)]
        chosen = {number: CROPS[number % len(CROPS)][1] for number in numbers}
        dates = {number: _dates(generator, number) for number in numbers}
        for level, columns in (("L1C", L1C), ("L2A", L2A)):
            made = {n: _series(generator, columns, chosen[n], dates[n]) for n in numbers}
            write_region(folder, level, region, made, chosen)
            written[level] |= {str(number): values for number, values in made.items()}
    return written


def _dates(generator: np.random.Generator, number: int) -> NDArray[np.int64]:
    """Nanoseconds since 1970: every ten days, and a second orbit for every other parcel."""
    days = np.arange(0, 360, 10)
    if number % 2:
        days = np.sort(np.concatenate([days, np.arange(3, 360, 10)]))
    kept = days[generator.random(len(days)) > 0.1]
    start = np.datetime64("2017-01-03", "ns").astype(np.int64)
    return start + kept * np.int64(86_400_000_000_000)


def _series(
    generator: np.random.Generator, columns: list[str], code: str, dates: NDArray[np.int64]
) -> NDArray[np.float64]:
    number = [c for _, c in CROPS].index(code)
    phase = (dates - dates[0]) / 86_400_000_000_000 / 365 * 2 * np.pi
    values = np.zeros((len(dates), len(columns)))
    for place, column in enumerate(columns):
        if column == "doa":
            values[:, place] = dates
        elif column.startswith("B"):
            values[:, place] = (
                2000 + 900 * np.sin(phase + number * 1.2 + place * 0.3) + generator.normal(0, 60, len(dates))
            )
    return values


def write_region(
    folder: Path, level: str, region: str, series: dict[int, NDArray[np.float64]], codes: dict[int, str]
) -> None:
    """A region's index and HDF5 file."""
    place = folder / "2017" / level
    place.mkdir(parents=True, exist_ok=True)
    paths = {number: f"data/2017/{level}/{region}/csv/{number}.csv" for number in series}
    index = pd.DataFrame(
        {
            "CODE_CULTU": [codes[number] for number in series],
            "path": [paths[number] for number in series],
            "meanQA60" if level == "L1C" else "meanCLD": 0.0,
            "id": list(series),
            "idx": range(len(series)),
            "sequencelength": [len(values) for values in series.values()],
        }
    )
    index.to_csv(place / f"{region}.csv", index=False)
    with h5py.File(place / f"{region}.h5", "w") as file:
        for number, values in series.items():
            file.create_dataset(paths[number], data=values)

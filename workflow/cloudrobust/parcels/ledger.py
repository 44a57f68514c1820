"""The account of parcels: every parcel that was read has one row, one status, and a reason if it is not used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import geopandas as gpd
import pandas as pd

from .split import PARTS

COLUMNS = ("parcel", "code", "class", "status", "reason", "note", "tile", "part")
STATUSES = ("usable", "unlabelled", "excluded", "set aside")


def ledger(
    parcels: gpd.GeoDataFrame,
    split: pd.DataFrame | None = None,
    owned: Mapping[str, str] | pd.Series | None = None,
    aside: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row a parcel.

    Parameters
    ----------
    parcels
        After `labels.label_parcels`.
    split
        As `split.split` gives it; without one, no parcel has a part.
    owned
        Tile by parcel id (`tiles.assign_tiles`); None where there are no tiles. A parcel that was not excluded
        but that no tile owns is excluded here.
    aside
        Usable parcels that the split sets aside: `parcel`, `reason` (`split.divide`).

    Returns
    -------
    Columns parcel, code, class, status, reason, note, tile, part, in the order of `parcels`; empty text where
    there is nothing to say.
    """
    table = pd.DataFrame(parcels.reindex(columns=["parcel", "code", "class", "status", "reason", "note"]))
    table = table.astype(object).where(table.notna(), "").reset_index(drop=True)
    if owned is None:
        table["tile"] = ""
    else:
        tiles = owned if isinstance(owned, pd.Series) else pd.Series(dict(owned), dtype=object)
        table["tile"] = table["parcel"].map(tiles).astype(object).fillna("")
        lost = (table["tile"] == "") & (table["status"] != "excluded")
        table.loc[lost, ["status", "reason"]] = ["excluded", "in no tile"]
    if aside is not None and len(aside):
        why = table["parcel"].map(aside.set_index("parcel")["reason"])
        table.loc[why.notna(), "status"] = "set aside"
        table.loc[why.notna(), "reason"] = why[why.notna()]
    parts = pd.Series(dtype=object) if split is None else split.set_index("parcel")["part"]
    table["part"] = table["parcel"].map(parts).astype(object).fillna("")
    return table[list(COLUMNS)]


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """Columns what, reason, parcels: how many parcels were read, and what became of them.

    Rows: read; excluded and set aside, once for each reason, the commonest first; unlabelled; usable; and the parts
    of usable.
    """
    rows: list[tuple[str, str, int]] = [("read", "", len(table))]
    for status in ("excluded", "set aside"):
        reasons = table.loc[table["status"] == status, "reason"].value_counts()
        rows += [(status, str(reason), int(number)) for reason, number in reasons.items()]
    rows += [(status, "", int((table["status"] == status).sum())) for status in ("unlabelled", "usable")]
    rows += [(part, "", int((table["part"] == part).sum())) for part in PARTS]
    return pd.DataFrame(rows, columns=["what", "reason", "parcels"])


def reconcile(table: pd.DataFrame, parcels: Iterable[str], observed: Iterable[str] | None = None) -> None:
    """Check that no parcel was lost, doubled or left without a reason.

    Parameters
    ----------
    table
        A ledger.
    parcels
        Ids of the parcels that were read.
    observed
        Ids in the series; each must be one that is not excluded, and each of those must be there.

    Raises
    ------
    RuntimeError
        If anything does not add up; it names the first parcel at fault. This is a fault of the program.
    """
    ids, read = list(table["parcel"]), [str(parcel) for parcel in parcels]
    _none(set(read) - set(ids), "was read but is not in the ledger")
    _none(set(ids) - set(read), "is in the ledger but was never read")
    if len(ids) != len(set(ids)):
        _none(table.loc[table["parcel"].duplicated(), "parcel"], "is in the ledger twice")
    _none(table.loc[~table["status"].isin(STATUSES), "parcel"], "has no valid status")
    excluded, usable = table["status"] == "excluded", table["status"] == "usable"
    _none(table.loc[excluded & (table["reason"] == ""), "parcel"], "is excluded without a reason")
    aside = table["status"] == "set aside"
    _none(table.loc[aside & (table["reason"] == ""), "parcel"], "is set aside without a reason")
    _none(table.loc[usable & (table["reason"] != ""), "parcel"], "is usable but has a reason not to be")
    _none(table.loc[~usable & (table["part"] != ""), "parcel"], "is not usable but belongs to a part")
    if (table["part"] != "").any():
        _none(table.loc[usable & ~table["part"].isin(PARTS), "parcel"], "is usable but belongs to no part")
    if observed is not None:
        seen, expected = {str(parcel) for parcel in observed}, set(table.loc[~excluded, "parcel"])
        _none(expected - seen, "is not excluded but is not in the series")
        _none(seen - expected, "is in the series but excluded or unknown")
    summary = totals(table)
    ends = summary.loc[summary["what"].isin(STATUSES), "parcels"].sum()
    if ends != len(read):
        raise RuntimeError(f"{len(read)} parcels were read, but {ends} are accounted for")


def _none(parcels: Iterable[str], fault: str) -> None:
    found = sorted(map(str, parcels))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise RuntimeError(f"parcel {found[0]!r}{more} {fault}")

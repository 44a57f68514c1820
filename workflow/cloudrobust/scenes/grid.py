"""The pixel grids of a tile: one GeoBox for each band."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from affine import Affine
from odc.geo.geobox import GeoBox

from ..atomic import atomic
from ..errors import InputError
from .bands import BANDS


@dataclass(frozen=True)
class Grid:
    """The full product grids of one MGRS tile.

    Grids may have any north-up or rotated affine: neither whole metres nor square pixels are assumed.

    Attributes
    ----------
    tile: name of the MGRS tile, for example 32UPU.
    geoboxes: a `GeoBox` (CRS, affine, shape) for each band, and for the scene classification "SCL"
        where the tile has Level-2A products.
    """

    tile: str
    geoboxes: dict[str, GeoBox]

    def groups(self, bands: Iterable[str] | None = None) -> list[tuple[GeoBox, tuple[str, ...]]]:
        """Bands that share a grid, finest grid first.

        Parameters
        ----------
        bands: names to group; by default every spectral band of the grid (so not "SCL").

        Returns
        -------
        Pairs of a grid and the names of its bands, in the order of `BANDS`.
        """
        names = [n for n in BANDS if n in self.geoboxes] if bands is None else list(bands)
        groups: dict[GeoBox, list[str]] = {}
        for name in names:
            groups.setdefault(self.geoboxes[name], []).append(name)
        pairs = [(geobox, tuple(members)) for geobox, members in groups.items()]
        return sorted(pairs, key=lambda pair: abs(pair[0].affine.determinant))

    def check(self, geoboxes: Mapping[str, GeoBox], origin: str) -> None:
        """Raise an `InputError` that names `origin` if any band of `geoboxes` lies on another grid than here."""
        for name, geobox in geoboxes.items():
            expected = self.geoboxes.get(name)
            if expected is not None and geobox != expected:
                raise InputError(
                    f"{origin}: band {name} has the grid {_describe(geobox)}, but tile {self.tile} has "
                    f"{_describe(expected)}; remove the product, or give it a store of its own"
                )

    def to_json(self, path: str | Path) -> None:
        """Write the grid; floats keep every bit, so that `from_json` gives an equal grid."""
        content = {
            "tile": self.tile,
            "geoboxes": {
                name: {
                    "crs": str(geobox.crs),
                    "affine": list(geobox.affine)[:6],
                    "shape": [int(n) for n in geobox.shape],
                }
                for name, geobox in self.geoboxes.items()
            },
        }
        with atomic(path) as part:
            part.write_text(json.dumps(content, indent=1) + "\n")

    @classmethod
    def from_json(cls, path: str | Path) -> Grid:
        """Read what `to_json` wrote.

        Raises
        ------
        InputError
            If the file is missing or is no grid.
        """
        try:
            content = json.loads(Path(path).read_text())
            geoboxes = {
                name: GeoBox(tuple(box["shape"]), Affine(*box["affine"]), box["crs"])
                for name, box in content["geoboxes"].items()
            }
            return cls(content["tile"], geoboxes)
        except FileNotFoundError:
            raise InputError(f"{path}: there is no such grid file; run the rule that makes it") from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: is no grid file ({error}); delete it and run again") from error


def _describe(geobox: GeoBox) -> str:
    a, (height, width) = geobox.affine, geobox.shape
    return f"{height} x {width} pixels of {a.a:g} x {-a.e:g} m from ({a.c:.10g}, {a.f:.10g}) in {geobox.crs}"

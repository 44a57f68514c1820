"""Sentinel Hub, and the Copernicus Data Space's deployment of it, as a source of scenes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from sentinelhub import CRS, BBox, SentinelHubCatalog, SHConfig

from ...config.sources import SentinelHubSource as SentinelHubSourceConfig
from ...errors import InputError
from ...log import logger
from ..area import Area
from ..cost import Cost
from ..failures import Refused, SceneFailure
from ..grid import Grid
from ..images import geotiff
from ..mgrs import geoboxes_of, tile_box
from ..radiometry import OFFSET, SCALE, Statement, stated_by_baseline
from ..remote.assemble import darkness_of, settle
from ..remote.item import FoundItem
from ..remote.source import RemoteSource, record_of
from ..safe.names import ProductName
from ..source import Found
from ..store.folder import Part, grown
from ..store.record import Layer, SceneRecord
from .answer import check, collection_of, fingerprint, read, request_of
from .client import PatientClient
from .cost import cost_of
from .plan import Piece, groups, pieces

DEPLOYMENTS = {
    "sentinelhub": (
        "https://services.sentinel-hub.com",
        "https://services.sentinel-hub.com/auth/realms/main/protocol/openid-connect/token",
    ),
    "cdse": (
        "https://sh.dataspace.copernicus.eu",
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",
    ),
}
"""Address of the service, and where it grants tokens."""

UNITS = "x-processingunits-spent"
LONGEST_DATATAKE = timedelta(hours=2)


class FoundTile(FoundItem):
    """A scene in the service's catalogue, which also tells the grids of its tile."""

    @property
    def geoboxes(self) -> dict[str, GeoBox]:
        """The grids of the tile: where the catalogue says, else where ESA's tiling puts it."""
        properties = self.item["properties"]
        box, code = properties.get("proj:bbox"), properties.get("proj:epsg")
        if box is None or code is None:
            return geoboxes_of(*tile_box(self.tile))
        left, bottom, right, top = (float(value) for value in box)
        return geoboxes_of(f"EPSG:{code}", left, bottom, right, top)


class SentinelHubSource(RemoteSource[SentinelHubSourceConfig, FoundTile]):
    """Scenes of Sentinel Hub; credentials come from sentinelhub-py's profile or the environment.

    Attributes
    ----------
    spent: processing units that the service says it has charged so far.
    """

    kind = FoundTile

    def __init__(self, config: SentinelHubSourceConfig, area: Area | None = None) -> None:
        super().__init__(config, area, threads=config.connections)
        self.spent = 0.0

    @cached_property
    def settings(self) -> SHConfig:
        """sentinelhub-py's configuration: the user's, with this deployment's addresses.

        Raises
        ------
        InputError
            If there is no such profile, or it has no credentials.
        """
        base, token = DEPLOYMENTS[self.config.deployment]
        try:
            settings = SHConfig(self.config.profile)
        except KeyError as error:
            raise InputError(
                f"source.profile: sentinelhub-py has no profile {self.config.profile!r}; make it with "
                f"'sentinelhub.config --profile {self.config.profile} --sh_client_id ... --sh_client_secret ...'"
            ) from error
        settings.sh_base_url = (self.config.url or base).rstrip("/")
        settings.sh_token_url = self.config.token_url or token
        if not settings.sh_client_id or not settings.sh_client_secret:
            raise InputError(
                "source: there are no credentials for Sentinel Hub; set SH_CLIENT_ID and SH_CLIENT_SECRET, or name a "
                "profile of sentinelhub-py under source.profile"
            )
        return settings

    @cached_property
    def client(self) -> PatientClient:
        """What sends requests; made on first use."""
        return PatientClient(self.settings, self.patience, self.meter)

    def grid(self, tile: str) -> Grid:
        """The grids of a tile, by the catalogue; by ESA's tiling where that has no scene of it."""
        crs, left, bottom, right, top = tile_box(tile)
        box = BBox((left, bottom, right, top), CRS(int(crs.removeprefix("EPSG:")))).transform_bounds(CRS.WGS84)
        for feature in self._features("L2A", box, (date(2017, 1, 1), date.today()), most=500):
            name = ProductName.parse(str(feature["id"]))
            if name is not None and name.tile == tile:
                return Grid(tile, _found(name, feature).geoboxes)
        return Grid(tile, geoboxes_of(crs, left, bottom, right, top))

    def search(self, tile: str, level: str, start: date, end: date) -> list[Found]:
        """Scenes of a tile and level whose datatake began from `start` to `end`, sorted by time, then id."""
        area = self._needed()
        if area.empty:
            logger.info("tile %s holds no parcel: nothing to fetch", tile)
            return []
        box = BBox(area.outline().bounds, CRS.WGS84)
        scenes: list[Found] = []
        for feature in self._features(level, box, (start, end)):
            name = ProductName.parse(str(feature["id"]))
            if name is None:
                logger.warning("%s is left out: its id does not tell which scene it is", feature["id"])
                continue
            found = _found(name, feature)
            # the service compares whole percents only
            wanted = not found.cloud_cover > self.config.max_cloud_cover
            if (found.tile, found.level) == (tile, level) and start <= found.time.date() <= end and wanted:
                scenes.append(found)
        return sorted(scenes, key=lambda scene: (scene.time, scene.id))

    def estimate(self, found: Found, grid: Grid) -> Cost:  # noqa: ARG002
        """What a scene costs, whether the store has it or not; nothing is asked."""
        scene = self._own(found)
        return cost_of(self._pieces(scene, self._windows(scene.geoboxes)))

    def _names(self, level: str) -> list[str]:
        return [name for group in groups(level, self.config.cloud_probability) for name in group.layers]

    def _bring(self, part: Part, scene: FoundTile, former: SceneRecord | None) -> SceneRecord:
        windows = grown(self._windows(scene.geoboxes), former)
        wanted = self._pieces(scene, windows)
        answers = self._each(lambda piece: self._answer(part, scene, piece), wanted)
        files = {piece: path for piece, (path, _) in zip(wanted, answers, strict=True)}
        layers = {name: self._layer(part, scene, name, files, windows[name]) for name in self._names(scene.level)}
        body = sum(path.stat().st_size for path, _ in answers)
        cost = Cost(1, len(wanted), sum(units for _, units in answers), body)
        return self._record(part, scene, layers, cost)

    def _features(
        self, level: str, box: BBox, period: tuple[date, date], most: int | None = None
    ) -> list[Mapping[str, Any]]:
        catalogue = SentinelHubCatalog(self.settings)
        catalogue.client = self.client
        first = datetime.combine(period[0], time.min)
        last = datetime.combine(period[1], time.max) + LONGEST_DATATAKE
        clouds = self.config.max_cloud_cover
        # a whole percent more than wanted: the exact limit is kept by `search`
        text = f"eo:cloud_cover <= {int(clouds) + 1}" if clouds < 100 else None
        found: list[Mapping[str, Any]] = []
        collection = collection_of(level, self.settings.sh_base_url)
        for feature in catalogue.search(collection, bbox=box, time=(first, last), filter=text, limit=100):
            found.append(feature)
            if most is not None and len(found) >= most:
                break
        return found

    def _windows(self, geoboxes: Mapping[str, GeoBox]) -> dict[str, Window]:
        windows = super()._windows(geoboxes)
        return windows | ({"CLD": windows["SCL"]} if "SCL" in windows else {})

    def _pieces(self, scene: FoundTile, windows: Mapping[str, Window]) -> list[Piece]:
        return [
            piece
            for group in groups(scene.level, self.config.cloud_probability)
            for piece in pieces(group, scene.geoboxes[group.bands[0]], windows[group.bands[0]])
        ]

    def _answer(self, part: Part, scene: FoundTile, piece: Piece) -> tuple[Path, float]:
        """The file with the answer for a piece, kept from an earlier run or requested, and the units that it cost."""
        collection = collection_of(scene.level, self.settings.sh_base_url)
        request = request_of(piece, collection, scene.sensed, self.config.harmonize, self.settings)
        mark = fingerprint(request)
        kept = part.finished_piece(piece.name, mark)
        if kept is not None:
            return kept[0], float(kept[1]["units"])

        def accept(response: Any) -> tuple[bytes, float]:
            headers = {name.lower(): value for name, value in response.headers.items()}
            units = float(headers.get(UNITS, 0.0))
            with self._lock:  # also an answer that is of no use was paid for
                self.spent += units
            check(response.content, headers.get("content-type", ""), piece)
            return response.content, units

        try:
            body, units = self.client.ask(request, accept)
        except Refused as refused:
            raise SceneFailure(scene.id, f"{piece.name}: {refused.reason}") from refused
        return part.keep_piece(piece.name, body, mark, {"units": units}), units

    def _layer(self, part: Part, scene: FoundTile, name: str, files: Mapping[Piece, Path], window: Window) -> Layer:
        """One layer, put together from its pieces."""
        own = [piece for piece in files if name in piece.group.layers]
        geobox = own[0].geobox
        rows, columns = window.toslices()
        is_band = name in own[0].group.bands
        with part.writing(name) as path:
            with geotiff.writing(path, "uint16" if is_band else "uint8", geobox[rows, columns]) as image:
                for piece in own:
                    pixels = read(files[piece], name, piece, self.config.harmonize)
                    inner = Window(
                        piece.window.col_off - window.col_off, piece.window.row_off - window.row_off,
                        piece.window.width, piece.window.height,
                    )  # fmt: skip
                    image.write(pixels, 1, window=inner)
            problem = geotiff.verify(path, (window.height, window.width))
            if problem is not None:
                raise SceneFailure(scene.id, f"{name}: what was written {problem}")
            return part.keep(name, path, Layer(path.name, geobox, window, 0, "", self.settings.sh_base_url))

    def _record(self, part: Part, scene: FoundTile, layers: dict[str, Layer], cost: Cost) -> SceneRecord:
        if self.config.harmonize:
            stated = Statement(OFFSET, SCALE, "harmonizeValues true; stored with 1000 added")
        else:
            stated = stated_by_baseline(scene.baseline, "harmonizeValues false; product name")
        policy = self.config.offset_check
        applied, decided = settle(scene.id, stated, scene.baseline, darkness_of(part, layers), policy)
        offsets = {name: applied.offset for name in layers if name not in ("SCL", "CLD")}
        origin = {"kind": "sentinelhub", "service": self.settings.sh_base_url, "radiometry": decided}
        return record_of(scene, layers, applied, offsets, cost, origin)


def _found(name: ProductName, feature: Mapping[str, Any]) -> FoundTile:
    return FoundTile(
        str(name), name.tile, name.level, name.time, name.baseline, name.platform, name.orbit, None, feature
    )

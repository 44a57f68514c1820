"""A double of Sentinel Hub's protocol on loopback, as far as sentinelhub-py speaks it: token, Catalog, Process.

It is fed from `.SAFE` products. A Process request is answered from the products of its collection and time span,
the newest baseline first, with what the evalscript asks for, cut out at the pixels of the box.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.windows import Window
from shapely.geometry import box, mapping

from cloudrobust.scenes.radiometry import NODATA, SATURATED
from cloudrobust.scenes.safe.scene import SafeScene

from .faulty import Answer, FaultyServer

CLIENT, SECRET = "some-client", "some-secret"


class SentinelHubDouble(FaultyServer):
    """The service.

    Parameters
    ----------
    products: `.SAFE` folders that it has.
    page: scenes on a page of the catalogue.

    Attributes
    ----------
    tokens: those that are good now; `expire` makes all of them bad.
    units: processing units charged so far.
    """

    def __init__(self, products: list[Path], page: int = 3) -> None:
        super().__init__()
        self.scenes = [SafeScene(product) for product in products]
        self.page = page
        self.tokens: set[str] = set()
        self.units = 0.0
        self.bodies: list[dict[str, Any]] = []
        self._decoding = threading.Lock()
        self._decoded: dict[tuple[str, str], np.ndarray] = {}

    @property
    def token_url(self) -> str:
        return f"{self.url}/auth/token"

    def expire(self) -> None:
        """From now on no token is accepted that was granted before, long before its stated end."""
        self.tokens.clear()

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if path == "/auth/token":
            return self._token(parse_qs(body.decode()))
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _json(401, {"error": {"status": 401, "message": "You are not authorized"}})
        if (method, path) == ("POST", "/api/v1/catalog/1.0.0/search"):
            return self._search(json.loads(body))
        if (method, path) == ("POST", "/api/v1/process"):
            return self._process(json.loads(body))
        return _json(404, {"error": {"message": "no such endpoint"}})

    def _token(self, form: dict[str, list[str]]) -> Answer:
        given = {name: values[0] for name, values in form.items()}
        if given.get("grant_type") != "client_credentials" or given.get("client_secret") != SECRET:
            return _json(401, {"error": "invalid_client", "error_description": "Invalid client credentials"})
        claims = base64.urlsafe_b64encode(json.dumps({"azp": given["client_id"]}).encode()).decode()
        token = f"head.{claims}.{uuid.uuid4().hex}"
        self.tokens.add(token)
        return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _search(self, query: dict[str, Any]) -> Answer:
        first, last = (_time(text) for text in query["datetime"].split("/"))
        limit = re.fullmatch(r"eo:cloud_cover <= (\d+)", query.get("filter") or "eo:cloud_cover <= 100")
        if limit is None or query["filter-lang"] != "cql2-text":
            return _json(400, {"error": {"message": "can't parse the filter"}})
        area, level = box(*query["bbox"]), query["collections"][0].rpartition("-")[2].upper()
        matching = [
            scene
            for scene in sorted(self.scenes, key=lambda scene: scene.time, reverse=True)
            if scene.level == level
            and first <= scene.time <= last
            and scene.metadata.cloud_cover <= int(limit[1])
            and scene.metadata.footprint.intersects(area)
        ]
        start = int(query.get("next", 0))
        page = matching[start : start + min(query["limit"], self.page)]
        context: dict[str, Any] = {"limit": query["limit"], "returned": len(page)}
        if start + len(page) < len(matching):
            context["next"] = start + len(page)
        features = [_feature(scene) for scene in page]
        return _json(200, {"type": "FeatureCollection", "features": features, "context": context})

    def _process(self, request: dict[str, Any]) -> Answer:
        self.bodies.append(request)
        data, output, bounds = request["input"]["data"][0], request["output"], request["input"]["bounds"]
        width, height = output["width"], output["height"]
        if max(width, height) > 2500:
            return _json(400, {"error": {"message": "at most 2500 pixels"}})
        level = data["type"].rpartition("-")[2].upper()
        span = data["dataFilter"]["timeRange"]
        first, last = _time(span["from"]), _time(span["to"])
        candidates = [scene for scene in self.scenes if scene.level == level and first <= scene.time <= last]
        scenes = sorted(candidates, key=lambda scene: scene.baseline, reverse=True)
        inputs = re.search(r"bands: \[(.*?)\]", request["evalscript"])
        assert inputs is not None
        names = re.findall(r'"(\w+)"', inputs[1])
        harmonize = data.get("processing", {}).get("harmonizeValues", True)
        epsg = int(bounds["properties"]["crs"].rpartition("/")[2])
        layers = _nothing(names, (height, width))
        if scenes:
            rows, columns = _cut(scenes[0], bounds["bbox"], epsg, (height, width)).toslices()
            whole = {name: self._pixels(scenes[0], name) for name in names if name != "dataMask"}
            layers = _layers(scenes[0], {name: pixels[rows, columns] for name, pixels in whole.items()}, harmonize)
        bands = [layers[name] for name in names if name.startswith("B")]
        outputs = {"bands": np.stack(bands), **{name: layers[name][None] for name in names if not name.startswith("B")}}
        units = max(max(width * height / 512**2, 0.01) * (len(names) - 1) / 3, 0.005)
        self.units += units
        headers = {"Content-Type": "application/x-tar", "x-processingunits-spent": str(units)}
        return Answer(200, headers, _tar(outputs))

    def _pixels(self, scene: SafeScene, name: str) -> np.ndarray:
        """A whole layer, decoded once."""
        with self._decoding:
            if (scene.id, name) not in self._decoded:
                special = {"SCL": scene.read_classification, "CLD": scene.read_cloud_probability}
                self._decoded[scene.id, name] = special[name]() if name in special else scene.read_raw(name)
            return self._decoded[scene.id, name]


def _layers(scene: SafeScene, pixels: dict[str, np.ndarray], harmonize: bool) -> dict[str, np.ndarray]:
    """What the service makes of the numbers of a product."""
    layers = {}
    for name, raw in pixels.items():
        layers[name] = raw
        if name.startswith("B"):
            mask = (raw != NODATA).astype(np.uint8)
            if harmonize:
                values = np.clip(raw.astype(np.int32) + scene.metadata.offsets[name], 0, 65535)
                layers[name] = np.where((raw == NODATA) | (raw == SATURATED), raw, values).astype(np.uint16)
    return {**layers, "dataMask": mask}


def _nothing(names: list[str], shape: tuple[int, int]) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, np.uint16 if name.startswith("B") else np.uint8) for name in names}


def _cut(scene: SafeScene, bounds: list[float], epsg: int, shape: tuple[int, int]) -> Window:
    """The pixels of the scene that a box holds: the double can only answer requests for whole pixels."""
    resolution = round((bounds[2] - bounds[0]) / shape[1])
    geobox = next(g for g in scene.geoboxes.values() if round(g.affine.a) == resolution)
    assert geobox.crs is not None
    assert geobox.crs.epsg == epsg
    column, row = ~geobox.affine @ (bounds[0], bounds[3])
    assert (column, row) == (round(column), round(row))
    assert ~geobox.affine @ (bounds[2], bounds[1]) == (column + shape[1], row + shape[0])
    return Window(round(column), round(row), shape[1], shape[0])


def _feature(scene: SafeScene) -> dict[str, Any]:
    geobox = scene.geoboxes["B02"]
    edges = geobox.boundingbox
    assert geobox.crs is not None
    return {
        "type": "Feature",
        "id": f"{scene.id}.SAFE" if scene.level == "L2A" else scene.id,
        "geometry": mapping(scene.metadata.footprint),
        "properties": {
            "datetime": f"{scene.time.isoformat()}Z", "platform": f"sentinel-{scene.platform[1:].lower()}",
            "eo:cloud_cover": scene.metadata.cloud_cover, "proj:epsg": geobox.crs.epsg,
            "proj:bbox": [edges.left, edges.bottom, edges.right, edges.top],
        },
    }  # fmt: skip


def _tar(outputs: Mapping[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, pixels in outputs.items():
            member = tarfile.TarInfo(f"{name}.tif")
            content = _tiff(pixels)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _tiff(pixels: np.ndarray) -> bytes:
    count, height, width = pixels.shape
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=width, height=height, count=count, dtype=pixels.dtype, compress="deflate",
            transform=rasterio.Affine(10, 0, 0, 0, -10, 0),
        ) as image:  # fmt: skip
            image.write(pixels)
        return bytes(memory.read())


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)


def _json(status: int, content: Any) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(content).encode())

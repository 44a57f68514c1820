"""Process requests and what comes back: a tar of one GeoTIFF for each output."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from sentinelhub import (
    CRS,
    BBox,
    DataCollection,
    MimeType,
    MosaickingOrder,
    ResamplingType,
    SentinelHubRequest,
    SHConfig,
)
from sentinelhub.download import DownloadRequest
from sentinelhub.evalscript import generate_evalscript

from ..failures import Trouble
from ..images.tiff import damage
from ..radiometry import OFFSET, SATURATED, encode
from .plan import Piece

BANDS, MASK = "bands", "dataMask"
SPAN = timedelta(hours=1)
"""Around the sensing time of a scene; no other pass over a place comes so close."""

_ONE_THREAD = {"GDAL_NUM_THREADS": "1", "GDAL_PAM_ENABLED": "NO"}


def collection_of(level: str, service: str) -> DataCollection:
    """The data collection of a level at a service's address; the package's own go to the main service always."""
    collection = {"L1C": DataCollection.SENTINEL2_L1C, "L2A": DataCollection.SENTINEL2_L2A}[level]
    name = f"{collection.name}_{hashlib.md5(service.encode()).hexdigest()[:8]}"
    return collection.define_from(name, service_url=service)


def request_of(
    piece: Piece, collection: DataCollection, sensed: datetime, harmonize: bool, config: SHConfig
) -> DownloadRequest:
    """The request for a piece of the scene that was sensed at a time (naive UTC).

    The box is that of whole pixels of the tile's grid, so the service has nothing to resample.
    """
    script = generate_evalscript(
        collection, bands=list(piece.group.bands), meta_bands=[*piece.group.extras, MASK], merged_bands_output=BANDS
    )
    box = piece.ground.boundingbox
    outputs = [BANDS, *piece.group.extras, MASK]
    request = SentinelHubRequest(
        evalscript=script,
        input_data=[
            SentinelHubRequest.input_data(
                collection,
                time_interval=(sensed - SPAN, sensed + SPAN),
                mosaicking_order=MosaickingOrder.MOST_RECENT,
                upsampling=ResamplingType.NEAREST,
                downsampling=ResamplingType.NEAREST,
                other_args={"processing": {"harmonizeValues": harmonize}},
            )
        ],
        responses=[SentinelHubRequest.output_response(name, MimeType.TIFF) for name in outputs],
        bbox=BBox((box.left, box.bottom, box.right, box.top), CRS(piece.geobox.crs.epsg if piece.geobox.crs else None)),
        size=(int(piece.window.width), int(piece.window.height)),
        config=config,
    )
    return request.download_list[0]


def fingerprint(request: DownloadRequest) -> str:
    """What is the same for equal requests."""
    content = json.dumps([request.url, request.post_values], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def check(body: bytes, content_type: str, piece: Piece) -> None:
    """Decode an answer in full.

    Raises
    ------
    Trouble
        If it is not what was asked for.
    """
    if "tar" not in content_type:
        raise Trouble(f"the service answers with {content_type or 'something'} in place of images")
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            names = {Path(member.name).stem: member for member in archive.getmembers() if member.isfile()}
            for output in (BANDS, *piece.group.extras, MASK):
                stream = archive.extractfile(names[output])
                if stream is None:
                    raise KeyError(output)
                content = stream.read()
                if damage(io.BytesIO(content)) is not None:
                    raise Trouble("the answer is truncated or corrupt")
                with rasterio.Env(**_ONE_THREAD), rasterio.MemoryFile(content) as memory, memory.open() as image:
                    _decoded(image, output, piece)
    except (tarfile.TarError, KeyError, EOFError, RasterioError) as error:
        raise Trouble("the answer is truncated or corrupt") from error


def read(path: Path, layer: str, piece: Piece, harmonized: bool) -> NDArray[Any]:
    """One layer of a kept answer, as it is stored: (y, x) uint16 raw numbers, 0 no data; uint8 for extras.

    A pixel that the service marks as measured may be 0 in harmonised numbers; they are stored with 1000 added
    (offset -1000), so that it is not taken for no data.
    """
    if layer in piece.group.extras:
        return _member(path, layer, piece)[0]
    measured = _member(path, MASK, piece)[0] != 0
    numbers = _member(path, BANDS, piece, piece.group.bands.index(layer))[0]
    if not harmonized:
        return np.where(measured, numbers, 0).astype(np.uint16)
    raw = encode(numbers, OFFSET, ~measured)
    raw[measured & (numbers == SATURATED)] = SATURATED
    return raw


def _member(path: Path, output: str, piece: Piece, band: int | None = None) -> NDArray[Any]:
    with tarfile.open(path) as archive:
        member = next(member for member in archive.getmembers() if Path(member.name).stem == output)
        stream = archive.extractfile(member)
        assert stream is not None  # `check` has read it
        with rasterio.Env(**_ONE_THREAD), rasterio.MemoryFile(stream.read()) as memory, memory.open() as image:
            return _decoded(image, output, piece, band)


def _decoded(image: Any, output: str, piece: Piece, band: int | None = None) -> NDArray[Any]:
    count = len(piece.group.bands) if output == BANDS else 1
    dtype = "uint16" if output == BANDS else "uint8"
    shape = (piece.window.height, piece.window.width)
    if (image.count, image.shape, image.dtypes[0]) != (count, shape, dtype):
        raise Trouble(
            f"the answer holds {image.count} bands of {image.shape} pixels ({image.dtypes[0]}) in place of {count} of "
            f"{shape} ({dtype})"
        )
    pixels: NDArray[Any] = image.read(None if band is None else [band + 1])
    return pixels

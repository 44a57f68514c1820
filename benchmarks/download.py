"""Fetching scenes from a STAC catalogue's files, beside a bare concurrent downloader of the same bytes.

    python benchmarks/download.py                              # loopback as fast as it goes
    python benchmarks/download.py --rate 125 --latency 20      # a link of 1 Gbit/s with 20 ms to an answer

Both ask the same server for the same ranges of the same Cloud Optimised GeoTIFFs, in turns, with the same number of
connections, and write them to the same disk. The bare one looks at nothing; this project's checks every tile's
checksum, checks the numbers' offset, puts the window together as a GeoTIFF and takes its SHA-256. The server is a
process of its own. Printed: megabytes a second (best of the turns), their ratio, the client's seconds of CPU for a
gigabyte (without the server's) and what of them inflating alone takes, and the largest memory of a month of one scene
and of all.

A link is filled as long as the machine has CPU left beside it: without a limit, loopback is a race between a sendfile
and a decoder, and the decoder loses.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import resource
import shutil
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import requests
from affine import Affine
from odc.geo.geobox import GeoBox
from requests.adapters import HTTPAdapter
from shapely.geometry import box, mapping

from cloudrobust.config.sources import StacSource as StacSourceConfig
from cloudrobust.scenes.area import Area
from cloudrobust.scenes.bands import BAND, bands_of
from cloudrobust.scenes.images.tiff import inflated
from cloudrobust.scenes.remote.download import Downloader
from cloudrobust.scenes.remote.item import FoundItem
from cloudrobust.scenes.remote.retry import Patience
from cloudrobust.scenes.stac.image import FIRST, RemoteImage
from cloudrobust.scenes.stac.items import read_item
from cloudrobust.scenes.stac.presets import PRESETS
from cloudrobust.scenes.stac.source import StacSource

LEFT, TOP, CRS = 600000, 5400000, "EPSG:32632"


def grid(side: int, resolution: int) -> GeoBox:
    """A square of `side` metres."""
    count = side // resolution
    return GeoBox((count, count), Affine(resolution, 0, LEFT, 0, -resolution, TOP), CRS)


def write_scene(folder: Path, side: int, seed: int) -> None:
    """Twelve bands and a classification as COGs: fields of a few hectares with a sensor's noise."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for layer in (*bands_of("L2A"), "SCL"):
        geobox = grid(side, 20 if layer == "SCL" else BAND[layer].resolution)
        rows, columns = geobox.shape
        fields = np.kron(rng.integers(1200, 4000, (rows // 20 + 1, columns // 20 + 1)), np.ones((20, 20), int))
        pixels = (fields[:rows, :columns] + rng.normal(0, 25, (rows, columns))).astype(np.uint16)
        if layer == "SCL":
            pixels = (pixels % 12).astype(np.uint8)
        with rasterio.open(
            folder / f"{layer}.tif", "w", driver="COG", width=columns, height=rows, count=1, dtype=pixels.dtype,
            crs=CRS, transform=geobox.affine, compress="DEFLATE", predictor=2, blocksize=512, nodata=0,
        ) as image:  # fmt: skip
            image.write(pixels, 1)


def serve(root: str, rate: float, latency: float, port: Any) -> None:
    """A server of ranges that costs as little as possible: bytes go from the disk's cache to the socket."""
    lock, free_at = threading.Lock(), [0.0]

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while True:
                head = b""
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    head += line
                if not head:
                    return
                path = head.split(b" ")[1].decode()
                span = re.search(rb"(?i)range: bytes=(\d+)-(\d+)", head)
                with Path(root, path.lstrip("/")).open("rb") as stream:
                    size = os.fstat(stream.fileno()).st_size
                    first, last = (int(span[1]), min(int(span[2]), size - 1)) if span else (0, size - 1)
                    time.sleep(latency / 1000)
                    self.wfile.write(
                        f"HTTP/1.1 206 Partial Content\r\nContent-Type: image/tiff\r\nETag: {size}\r\nContent-Length: "
                        f"{last - first + 1}\r\nContent-Range: bytes {first}-{last}/{size}\r\n\r\n".encode()
                    )
                    self.wfile.flush()
                    self.send(stream.fileno(), first, last + 1)

        def send(self, file: int, place: int, end: int) -> None:
            while place < end:
                chunk = min(end - place, 1 << 18)
                if rate:
                    with lock:
                        free_at[0] = max(free_at[0], time.monotonic()) + chunk / (rate * 1e6)
                        wait = free_at[0] - time.monotonic()
                    if wait > 0.002:
                        time.sleep(wait)
                place += os.sendfile(self.connection.fileno(), file, place, chunk)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    port.value = server.server_address[1]
    server.serve_forever()


def found(scenes: int, url: str) -> list[FoundItem]:
    """The scenes as a search would find them."""
    items = []
    for number in range(scenes):
        moment = datetime(2022, 5, 1, 10, 20, 31) + timedelta(days=number)
        name = f"S2A_MSIL2A_{moment:%Y%m%dT%H%M%S}_N0400_R065_T32UPU_{moment:%Y%m%dT%H%M%S}"
        numbers = {"raster:bands": [{"scale": 1e-4, "offset": -0.1}]}
        item = {
            "id": name, "geometry": mapping(box(10, 48, 11, 49)), "properties": {"eo:cloud_cover": 0.0},
            "assets": {
                layer: {"href": f"{url}/{number}/{layer}.tif", **numbers} for layer in (*bands_of("L2A"), "SCL")
            },
        }  # fmt: skip
        scene = read_item(item, "L2A", PRESETS["plain"])
        assert scene is not None
        items.append(scene)
    return items


def source(url: str, area: Area, store: Path, connections: int) -> StacSource:
    """This project's source."""
    config = StacSourceConfig(preset="plain", url=url, store=store, margin=0, connections=connections)
    return StacSource(config, area)


def ours(scenes: list[FoundItem], url: str, area: Area, store: Path, connections: int) -> int:
    """Fetch scenes, four at a time as a month does; returns the bytes received."""
    archive = source(url, area, store, connections)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(archive.fetch, scenes))
    return archive.meter.bytes


def ranges(scenes: list[FoundItem], area: Area) -> list[tuple[str, int, int]]:
    """What `ours` asks for: address, offset, length."""
    downloader = Downloader(Patience())
    wanted = []
    for scene in scenes:
        images = {n: RemoteImage(a["href"], downloader) for n, a in scene.item["assets"].items()}
        windows = area.windows(image.geobox for image in images.values())
        for image in images.values():
            wanted.append((image.url, 0, FIRST))
            assert image.tiled is not None
            for start, length in image.tiled.plan(windows[image.geobox]).ranges:
                begin = max(start, FIRST)
                if begin < start + length:
                    wanted.append((image.url, begin, start + length - begin))
    return wanted


def bare(wanted: list[tuple[str, int, int]], folder: Path, connections: int) -> int:
    """Fetch ranges into files; returns the bytes received."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))
    folder.mkdir(parents=True)

    def one(number: int) -> int:
        url, start, length = wanted[number]
        headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        received = 0
        with session.get(url, headers=headers, stream=True) as response, (folder / str(number)).open("wb") as target:
            while chunk := response.raw.read1(1 << 18):
                target.write(chunk)
                received += len(chunk)
        return received

    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(one, range(len(wanted))))


@dataclass(frozen=True)
class Speed:
    """Megabytes a second, bytes, and seconds of CPU for a gigabyte."""

    rate: float
    bytes: int
    cpu: float


def best(turns: int, work: dict[str, Callable[[Path], int]], folder: Path) -> dict[str, Speed]:
    """The fastest of several turns by name."""
    speeds: dict[str, Speed] = {}
    for turn in range(turns):
        for name, function in work.items():
            place = folder / f"{name}-{turn}"
            os.sync()
            start, busy = time.perf_counter(), time.process_time()
            count = function(place)
            took = Speed(
                count / 1e6 / (time.perf_counter() - start), count, (time.process_time() - busy) / (count / 1e9)
            )
            speeds[name] = max(speeds.get(name, took), took, key=lambda speed: speed.rate)
            shutil.rmtree(place)
    return speeds


def inflating(folder: Path) -> float:
    """Seconds of CPU that the checksums of a gigabyte of tiles take, without anything else."""
    files = sorted(folder.rglob("*.tif"))
    busy = time.process_time()
    for file in files:
        with file.open("rb") as stream:
            for _ in inflated(stream) or ():
                pass
    # overviews are in the file but not in its first directory: a quarter of the pixels, not checked
    return (time.process_time() - busy) / (sum(file.stat().st_size for file in files) * 0.75 / 1e9)


def peak(scenes: list[FoundItem], url: str, area: Area, store: Path, connections: int) -> float:
    """Largest memory, in MB, of a process that fetches scenes."""
    context = multiprocessing.get_context("fork")
    result = context.Value("d")

    def child() -> None:
        ours(scenes, url, area, store, connections)
        result.value = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    process = context.Process(target=child)
    process.start()
    process.join()
    return float(result.value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--side", type=int, default=24000, help="metres")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0, help="MB/s that the server sends at most; 0 for no limit")
    parser.add_argument("--latency", type=float, default=0, help="ms before an answer begins")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(options.scenes):
            write_scene(folder / "served" / str(number), options.side, number)
        context = multiprocessing.get_context("fork")
        port = context.Value("i")
        server = context.Process(
            target=serve, args=(str(folder / "served"), options.rate, options.latency, port), daemon=True
        )
        server.start()
        while not port.value:
            time.sleep(0.01)
        url = f"http://127.0.0.1:{port.value}"
        inner = box(LEFT + 700, TOP - options.side + 700, LEFT + options.side - 700, TOP - 700)
        area = Area(gpd.GeoSeries([inner], crs=CRS))
        scenes = found(options.scenes, url)
        wanted = ranges(scenes, area)
        memory = [peak(scenes[:n], url, area, folder / f"memory{n}", options.connections) for n in (1, len(scenes))]
        speeds = best(
            options.turns,
            {
                "bare": lambda place: bare(wanted, place, options.connections),
                "ours": lambda place: ours(scenes, url, area, place, options.connections),
            },
            folder,
        )
        alone = inflating(folder / "served" / "0")
        server.terminate()
    link = f"{options.rate:g} MB/s, {options.latency:g} ms" if options.rate else "no limit"
    received = speeds["bare"].bytes / 1e6
    print(f"{options.scenes} scenes, {received:.0f} MB, {options.connections} connections, link: {link}")
    for who, speed in speeds.items():
        print(f"{who:>6}: {speed.rate:7.1f} MB/s ({speed.bytes / 1e6:.0f} MB, {speed.cpu:.1f} s of CPU a gigabyte)")
    print(f" ratio: {speeds['ours'].rate / speeds['bare'].rate:7.2f}; inflating alone: {alone:.1f} s of CPU a gigabyte")
    print(f"memory: {memory[0]:.0f} MB for one scene, {memory[1]:.0f} MB for {options.scenes}")


if __name__ == "__main__":
    main()

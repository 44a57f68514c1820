"""The store of verified scenes: what lies in it under its own name is whole.

    store/L2A/32UPU/<id>.scene/     a scene: GeoTIFFs and scene.json
    store/.parts/<id>/              one that is being fetched; its finished layers outlive a kill
    store/.locks/<id>.lock          held by the run that fetches it

A lock is one of the operating system: it ends with its process, however that ends. A layer counts as
finished once its note (<layer>.json) stands beside it, which is written after the image was verified;
a scene, once its folder has its name. Both appear by renaming, and both are compared with their checksums before
a later run relies on them, so that not even a power cut leaves a torn file that is taken for whole.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from rasterio.windows import Window

from ...atomic import atomic
from ...errors import InputError
from ...log import logger
from ..area import holds, union
from ..failures import JobFailure
from .record import Layer, SceneRecord
from .scene import is_stored

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Store:
    """A folder of scenes that several runs may use at once.

    Parameters
    ----------
    folder: made where it does not exist.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def place(self, level: str, tile: str, scene: str) -> Path:
        """Where a scene lies, or will lie."""
        return self.folder / level / tile / f"{scene}.scene"

    def find(self, level: str, tile: str, scene: str) -> SceneRecord | None:
        """A scene of the store after its files were compared with their checksums; None if it is not there.

        One that is damaged is logged and counts as not there.
        """
        place = self.place(level, tile, scene)
        if not is_stored(place):
            return None
        try:
            record = SceneRecord.read(place)
        except InputError as error:
            logger.warning("%s; it is fetched again", error)
            return None
        for layer in record.layers.values():
            if not _intact(place, layer):
                logger.warning("%s is missing or damaged; the scene is fetched again", place / layer.file)
                return None
        return record

    @contextmanager
    def part(self, scene: str) -> Iterator[Part]:
        """The unfinished scene, locked against other runs; what was finished before is still in it."""
        locks = self.folder / ".locks"
        with self.watched():
            locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / f"{scene}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except TimeoutError:
            logger.info("%s is being fetched by another run; waiting for it", scene)
            lock.acquire()
        try:
            part = Part(self, self.folder / ".parts" / scene)
            with self.watched():
                part.folder.mkdir(parents=True, exist_ok=True)
            yield part
        finally:
            lock.release()

    def watched(self) -> AbstractContextManager[None]:
        """See `watched`."""
        return watched(self.folder)


class Part:
    """A scene on its way into the store.

    Attributes
    ----------
    folder: where its files lie.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder

    def finished(self, name: str, wanted: Callable[[Layer], bool]) -> Layer | None:
        """A layer that an earlier run has finished, if it is intact and `wanted` accepts it."""
        note = self.folder / f"{name}.json"
        try:
            layer = Layer.from_json(json.loads(note.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return layer if wanted(layer) and _intact(self.folder, layer) else None

    def finished_piece(self, name: str, request: str) -> tuple[Path, dict[str, Any]] | None:
        """The answer to a request that an earlier run has kept, and its note; None if it was another request."""
        path = self.folder / f"{name}.piece"
        try:
            note = json.loads((self.folder / f"{name}.json").read_text())
            whole = note["request"] == request and checksum(path) == note["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (path, note) if whole else None

    def keep_piece(self, name: str, body: bytes, request: str, note: dict[str, Any]) -> Path:
        """Keep the answer to a request until the scene is complete: it may have cost something."""
        path = self.folder / f"{name}.piece"
        with self.store.watched():
            with atomic(path) as part:
                part.write_bytes(body)
            with atomic(self.folder / f"{name}.json") as part:
                part.write_text(json.dumps({**note, "request": request, "sha256": checksum(path)}))
        return path

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """The file to write a layer to; it is removed if the block fails."""
        path = self.folder / f"{name}.fetching"
        with self.store.watched():
            try:
                yield path
            finally:
                path.unlink(missing_ok=True)

    def keep(self, name: str, path: Path, layer: Layer) -> Layer:
        """Take a verified file as a layer; returns `layer` with the file's name, size and checksum."""
        with self.store.watched():
            final = self.folder / f"{name}.tif"
            (self.folder / f"{name}.json").unlink(missing_ok=True)
            path.replace(final)
            layer = Layer(final.name, layer.geobox, layer.window, final.stat().st_size, checksum(final), layer.origin)
            with atomic(self.folder / f"{name}.json") as note:
                note.write_text(json.dumps(layer.to_json()))
        return layer

    def publish(self, record: SceneRecord) -> Path:
        """Give the scene its name; returns its folder. A scene of that name is replaced."""
        place = self.store.place(record.level, record.tile, record.id)
        with self.store.watched():
            known = {layer.file for layer in record.layers.values()}
            for file in self.folder.iterdir():
                if file.name not in known:
                    file.unlink()
            record.write(self.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.exists():
                former = self.folder.with_name(f"{self.folder.name}.former")
                shutil.rmtree(former, ignore_errors=True)
                place.rename(former)
                self.folder.rename(place)
                shutil.rmtree(former)
            else:
                self.folder.rename(place)
        return place


@contextmanager
def watched(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk into an error sentence about `folder`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise JobFailure(
                f"{folder}: the disk is full; free some space and run again: what is finished is kept"
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise JobFailure(f"{folder}: can't be written to; choose another folder for scenes") from error
        raise


def covers(record: SceneRecord, windows: dict[str, Window]) -> bool:
    """Whether a scene holds every layer in the window that is wanted (layer name to `Window`)."""
    return all(name in record.layers and holds(record.layers[name].window, w) for name, w in windows.items())


def grown(windows: dict[str, Window], former: SceneRecord | None) -> dict[str, Window]:
    """`windows` (by layer) widened to what the store holds of the scene.

    A scene only grows, so that runs with different parcels do not take turns at fetching it.
    """
    if former is None:
        return windows
    held = {name: layer.window for name, layer in former.layers.items()}
    return {name: union(window, held[name]) if name in held else window for name, window in windows.items()}


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _intact(folder: Path, layer: Layer) -> bool:
    path = folder / layer.file
    return path.is_file() and path.stat().st_size == layer.bytes and checksum(path) == layer.checksum

"""Opening a scene, whatever it is kept as: a product of ESA, a scene of the store, or parts of one acquisition."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .merged import MergedScene, files_of
from .rasters.scene import RasterScene, is_raster
from .safe.scene import SafeScene
from .scene import Scene
from .store.scene import StoredScene, is_stored


def open_scene(row_or_path: Any, store: str | Path | None = None) -> Scene:
    """Open a scene.

    Parameters
    ----------
    row_or_path: a `.SAFE` folder, a scene of a store (`StoredScene`) or the record of one that lies in rasters
        (`RasterScene`), or a row of a month index (anything with
        a key or an attribute `file`), which may name several products that are parts of one scene (`MergedScene`).
    store: folder that a relative path is relative to.

    Returns
    -------
    The opened scene, with `id`, `level`, `tile`, `time`, `platform`, `orbit`, `baseline`, `geoboxes`,
    `read(band, window)` and the other methods of `SafeScene`.

    Raises
    ------
    InputError
        If there is no such product, or its metadata is unusable.
    """
    if isinstance(row_or_path, str | Path):
        file, offset = row_or_path, None
    elif isinstance(row_or_path, Mapping):
        file, offset = row_or_path["file"], row_or_path.get("offset")
    else:
        file, offset = row_or_path.file, getattr(row_or_path, "offset", None)
    # The index keeps the offset that was configured for products that do not list theirs.
    offset = None if offset is None else int(offset)
    paths = [Path(name) if store is None else Path(store) / name for name in files_of(file)]
    parts = [_opened(path, offset) for path in paths]
    return parts[0] if len(parts) == 1 else MergedScene(parts)


def _opened(path: Path, offset: int | None) -> Scene:
    if is_raster(path):
        return RasterScene(path)
    return StoredScene(path) if is_stored(path) else SafeScene(path, offset)

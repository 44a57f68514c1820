"""Zipped `.SAFE` products: unpacked once, whole or not at all."""

from __future__ import annotations

import errno
import lzma
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from filelock import FileLock

from ...atomic import atomic
from ..failures import SceneFailure
from ..store.folder import watched


def unpack(archive: Path, folder: Path) -> Path:
    """The `.SAFE` folder of a zipped product below `folder`; unpacked if it is not there.

    Every file is compared with its checksum in the archive (CRC-32) on the way.

    Raises
    ------
    SceneFailure
        If the archive is truncated, corrupt or encrypted, or is no product.
    JobFailure
        If the disk is full.
    """
    with watched(folder):
        folder.mkdir(parents=True, exist_ok=True)
    scene = archive.name.removesuffix(".zip").removesuffix(".SAFE")
    with FileLock(folder / f".{scene}.lock"):
        try:
            with zipfile.ZipFile(archive) as content:
                product = _product_name(archive, scene, content)
                place = folder / product
                if not place.is_dir():
                    with watched(folder), atomic(place) as part:
                        _extract(content, product, part)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError) as error:
            raise SceneFailure(scene, f"{archive} is truncated or corrupt; fetch it again") from error
        except OSError as error:
            # Of the archive itself: bzip2 raises a bare OSError, and names may be too long, or both file and folder.
            if error.errno in (None, errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EINVAL):
                raise SceneFailure(scene, f"{archive} is truncated or corrupt; fetch it again") from error
            raise
    return place


def _product_name(archive: Path, scene: str, content: zipfile.ZipFile) -> str:
    """The one folder that everything in the archive lies in."""
    paths = [PurePosixPath(name) for name in content.namelist()]
    roots = {path.parts[0] for path in paths if path.parts}
    if any(member.flag_bits & 0x1 for member in content.infolist()):
        raise SceneFailure(scene, f"{archive} is encrypted; fetch it again without a password")
    # names come from outside: none may lead out of the folder that it is unpacked into
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        raise SceneFailure(scene, f"{archive} holds names that lead out of it; don't use it")
    if len(roots) != 1 or not (root := roots.pop()).endswith(".SAFE"):
        raise SceneFailure(scene, f"{archive} does not hold one .SAFE folder; it is no zipped product")
    return root


def _extract(content: zipfile.ZipFile, product: str, target: Path) -> None:
    for member in content.infolist():
        path = target / PurePosixPath(member.filename).relative_to(product)
        if member.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with content.open(member) as source, path.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)

"""What produced a result: versions of everything that shapes numbers."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = (
    "cloudrobust", "snakemake", "numpy", "xarray", "rasterio", "geopandas", "exactextract",
    "scipy", "scikit-learn", "torch", "prosail", "s2cloudless", "numba", "spyndex", "sentinelhub",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Version of Python and of each package of `PACKAGES` that is installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

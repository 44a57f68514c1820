"""Mask methods: one file each; what they look at is behind `ground.Ground`, so they serve scenes and cubes alike."""

# Method -> its module. Names, not modules: using one method must not import the others.
REGISTRY = {
    "scl": "scl",
    "probability": "probability",
    "s2cloudless": "s2cloudless",
    "parcel": "parcel",
    "shadow": "shadow",
    "snow": "snow",
    "truth": "truth",
    "raster": "raster",
    "random": "dates",
    "degraded": "dates",
}

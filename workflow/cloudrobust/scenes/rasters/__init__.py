"""Scenes in GeoTIFFs that were made elsewhere: found by their names, read where they lie."""

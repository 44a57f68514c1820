"""Image formats: JPEG 2000, GeoTIFF, COG."""

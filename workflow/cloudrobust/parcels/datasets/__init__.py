"""Published data sets of finished series."""

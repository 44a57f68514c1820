"""Tests of the scenes; `real_scenes` and `small_scenes` make products for tests of any room."""

"""Tests of the steps; `made` makes cubes for them."""

"""Tests of the parcels."""

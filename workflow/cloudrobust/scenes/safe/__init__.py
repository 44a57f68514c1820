"""Scenes in the SAFE format of ESA."""

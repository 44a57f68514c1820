"""Explanations of single decisions, and the numbers that say what they are worth."""

"""The tables of the page, a module for each of its sections."""

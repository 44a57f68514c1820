"""The store of verified scenes."""

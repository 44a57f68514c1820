"""One module a figure; each has a function that takes plain data and returns a matplotlib figure."""

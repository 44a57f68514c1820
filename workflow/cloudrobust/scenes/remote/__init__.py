"""What sources that fetch over a network share."""

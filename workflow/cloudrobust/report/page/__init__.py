"""The report's page: one file that holds everything it shows."""

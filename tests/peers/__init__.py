"""What the tests talk to in place of the real services: servers on loopback, started and stopped by fixtures."""

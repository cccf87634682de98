"""Measurements on a whole installation: `make bench` runs all and prints what it saw."""

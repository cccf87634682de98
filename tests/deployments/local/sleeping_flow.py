"""A flow that sleeps, for runs that are cut short."""

import time

from prefect import flow


@flow
def sleeping() -> None:
    """Much longer than any test."""
    time.sleep(600)

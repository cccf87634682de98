"""What the gateway takes at most, in one place: all that a sender can make large has a bound here (R9.3)."""

LARGEST_BODY = 1_000_000
"""Bytes of one request. Alertmanager sends about 1 KB for each alert of a group."""

SMALL_BODY = 20_000
"""Bytes that are read in a millisecond or two."""

MOST_EVENTS = 1_000
"""Events of one request."""

LARGEST_EVENT = 250_000
"""Bytes of one event as JSON. It becomes a parameter of a run, of which Prefect takes half a megabyte."""

DEEPEST = 32
"""Levels of lists and objects in each other."""

MOST_LABELS = 100
LONGEST_LABEL_NAME = 200
LONGEST_LABEL = 1_024
"""Labels of one event; a longer value is cut where rules match it, and whole in the payload."""

LONGEST_NAME = 200
"""Characters of an event's name."""

BODY_SECONDS = 10.0
"""A sender that needs longer for its body is given up."""

STORE_SECONDS = 5.0
"""Alertmanager waits about ten seconds for an answer; one that comes later is no answer."""

LOOK_SECONDS = 5.0
"""An unknown name or token waits so long for the sources to be read anew."""

"""Addresses of pages of the console, as its present pages read them."""

import json
from urllib.parse import parse_qs, urlsplit

from flows.links import deployments_page


def test_the_console_gets_its_filter_as_a_json_list_because_it_drops_any_other() -> None:
    asked = urlsplit(deployments_page("m-1"))
    assert (asked.path.endswith("/v2/deployments"), json.loads(parse_qs(asked.query)["tags"][0])) == (True, ["mission:m-1"])

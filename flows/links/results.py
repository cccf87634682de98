"""Makes the links at which a person opens the whole of a result that the model only saw in part (R4.4)."""

from dataclasses import dataclass
from pathlib import Path

from blueprint.errors import MissionsError
from deployments.local.addresses import read_addresses
from deployments.local.settings import LocalSettings
from flows.links.signing import LoadKey, read_claim, token

PATH = "/result"
_PURPOSE = b"missions: read a result\n"


@dataclass(frozen=True, kw_only=True)
class ResultLinks:
    """Links to files under `home`, signed with the installation's key."""

    home: Path
    load_key: LoadKey

    async def of(self, place: str) -> str:
        """The address of a kept file; empty where nobody serves it or there is no key. It is as good as the file: a secret."""
        try:
            base = service_address(self.home)
            return link(place, await self.load_key(), base) if base else ""
        except MissionsError:
            return ""


def service_address(home: Path) -> str:
    """Where this installation's service, or what stands before it, is reached; empty while that is not known."""
    if public := LocalSettings(home=home).public_url:
        return public
    running = read_addresses(home)
    return running.service_url if running else ""


def link(place: str, secret: bytes, base_url: str) -> str:
    """The address of the file that is kept at `place` of the data directory."""
    return f"{base_url.rstrip('/')}{PATH}/{token(place.encode(), secret, purpose=_PURPOSE)}"


def read_place(given: str, secret: bytes) -> str:
    """Where the file of a link is kept; BadLink when the link is not ours."""
    return read_claim(given, secret, purpose=_PURPOSE).decode()

"""The local settings come from MISSIONS_ variables, with a home where the account can keep things."""

import os
from pathlib import Path

import pytest

from deployments.local.settings import LocalSettings


def test_the_environment_is_read_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISSIONS_HOME", "data")
    monkeypatch.setenv("MISSIONS_PORT", "4300")
    settings = LocalSettings(port=4400)
    assert (settings.home, settings.port) == (Path.cwd() / "data", 4400)


def test_a_database_url_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISSIONS_DATABASE_URL", "postgresql://me:secret@db/missions")
    assert "secret" not in repr(LocalSettings())


@pytest.mark.parametrize(
    ("user", "xdg", "home"),
    [(0, "/xdg", "/var/lib/missions"), (1000, "/xdg", "/xdg/missions"), (1000, "", "/home/me/.local/share/missions")],
)
def test_the_default_home_fits_the_account(monkeypatch: pytest.MonkeyPatch, user: int, xdg: str, home: str) -> None:
    monkeypatch.delenv("MISSIONS_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", xdg)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert LocalSettings().home == Path(home)

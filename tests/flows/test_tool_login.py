"""A tool server that wants a person's login, from the command to the runs that use it."""

import re
import sys
from pathlib import Path
from uuid import uuid4

from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names
from blocks.model_endpoint import ModelEndpoint
from blocks.tool_login import McpLogin
from blueprint.records import RunState
from tests.fakes.everywhere import files, rows
from tests.fakes.guarded import guarded_server
from tests.fakes.installation import Installation, Outcome, task
from tests.fakes.model_server import calls, scripted_model

DONE = calls(("conclude", {"summary": "All seen.", "findings": []}))
SECRET = re.compile(r".{0,60}\b[ar]t[0-9a-f]{32}\b|.{0,60}sk-enrolled-\w+")
BROWSER = "import sys, urllib.request as web; web.build_opener(web.ProxyHandler({})).open(sys.argv[1]).read()"


async def test_runs_use_the_login_that_a_person_made_once_and_say_what_to_do_when_it_has_ended(
    installation: Installation, tmp_path: Path
) -> None:
    name = f"far-{uuid4().hex[:8]}"
    needed = f"a person has to log in with `missions tools login {name}`"
    async with guarded_server() as guarded, scripted_model([calls((f"{name}__whoami", {})), DONE, DONE]) as model:
        await _employ(installation, name, model.url)
        url = ("--url", f"{guarded.address}/mcp", "--oauth", "authorization-code")
        added = await installation.command("tools", "add", name, *url, "--employee", name)
        early = await installation.command("tools", "test", name)
        login = await _log_in(installation, name, tmp_path)
        mission = await installation.launch(task(), employee=name)
        await guarded.do("expire")
        good = await installation.ended(await installation.start(mission))
        grants = await guarded.seen()
        await guarded.do("revoke")
        late = await installation.ended(await installation.start(mission))
        removed = await installation.command("tools", "remove", name)
    assert added.stdout == f"Tool server {name!r} is saved. Next: missions tools login {name}\n", added.stderr
    assert (early.code, f"nobody has logged in to it yet; {needed}" in early.stderr) == (1, True), early.stderr
    assert (login.code, f"{name}.whoami" in login.stdout) == (0, True), login.stderr
    assert (good.state, late.state, grants[-1]) == (RunState.SUCCESS, RunState.SUCCESS, "refresh_token")
    assert needed not in (installation.home / good.report_path).read_text()
    assert needed in (installation.home / late.report_path).read_text()
    assert "client-1 with •••" in str(model.requests), "the model reads a mark in place of the token"
    places = {**await rows(installation), **files(installation.home)}
    assert [(place, words) for place in places for words in SECRET.findall(places[place])] == []
    with installation.chosen():
        assert (removed.code, name in await block_names(McpLogin)) == (0, False)


async def _employ(installation: Installation, name: str, model_url: str) -> None:
    with installation.chosen():
        await ModelEndpoint(base_url=model_url, model="scripted", max_retries=1).asave(name)
        await DigitalEmployee(title=name, role="You test.", model=name).asave(name)


async def _log_in(installation: Installation, server: str, folder: Path) -> Outcome:
    """`missions tools login`, in front of a browser whose owner agrees to everything."""
    browser = folder / "browser.py"
    browser.write_text(BROWSER)
    return await installation.command("tools", "login", server, BROWSER=f"{sys.executable} {browser} %s")

"""`missions doctor reconcile`: is everything as it should be, and putting right what a kill left."""

import typer

from flows.checking import check_installation
from flows.command.output import AsJson, command, session, show, show_json, show_table
from flows.service import reconcile_once
from flows.settings import RunSettings


@command
async def doctor(as_json: AsJson = False) -> None:
    """Check model, tools, server, scheduler, worker and store; say how to mend each."""
    async with session() as here:
        checks = await check_installation(here.store, here.client)
    if as_json:
        show_json(checks)
    else:
        rows = [["ok" if check.is_ok else "FAILS", check.name, check.found] for check in checks]
        show_table(["", "PART", "FOUND"], rows, "Nothing to check.")
        for check in checks:
            if not check.is_ok:
                show(f"\n{check.name}: {check.mend}")
    if not all(check.is_ok for check in checks):
        raise typer.Exit(1)


@command
async def reconcile(as_json: AsJson = False) -> None:
    """Do one round of the reconciler, for those who run the parts themselves."""
    async with session():
        touched = await reconcile_once(RunSettings().home)  # pyright: ignore[reportCallIssue] filled from the environment
    show_json({"touched": touched}) if as_json else show(f"{touched} runs were put right.")

"""`missions doctor reconcile`: is everything as it should be, and putting right what a kill left."""

import typer

from deployments.local.addresses import read_addresses
from flows.command.output import AsJson, command, session, show, show_json, show_table
from flows.doctor.checking import check_installation
from flows.service import reconcile_once
from flows.settings import RunSettings


@command
async def doctor(as_json: AsJson = False) -> None:
    """Check every part, and say how to mend what fails.

    That is models, tools, Digital Employees, scheduler, worker, system flows, store, events, automations and plans.
    Exit code 1 when something fails.
    """
    async with session() as here:
        running = read_addresses(RunSettings().home)  # pyright: ignore[reportCallIssue] filled from the environment
        checks = await check_installation(here.store, here.client, service_url=running.service_url if running else "")
    if as_json:
        show_json(checks)
    else:
        rows = [["ok" if check.is_ok else "FAILS", check.name, check.found] for check in checks]
        show_table(["CHECK", "PART", "FOUND"], rows, "Nothing to check.")
        for check in checks:
            if not check.is_ok:
                whole = f"{check.found}\n" if "\n" in check.found else ""  # the table has one line for it
                show(f"\n{check.name}: {whole}{check.mend}")
    if not all(check.is_ok for check in checks):
        raise typer.Exit(1)


@command
async def reconcile(as_json: AsJson = False) -> None:
    """Put right what a kill left, once.

    `missions up` does this all the time; the command is for those who run the parts themselves.
    """
    async with session():
        touched = await reconcile_once(RunSettings().home)  # pyright: ignore[reportCallIssue] filled from the environment
    show_json({"touched": touched}) if as_json else show(f"{touched} runs were put right.")

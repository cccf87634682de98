"""All commands, gathered."""

import typer

from flows.command import (
    audit,
    channels,
    connections,
    create,
    demonstration,
    employees,
    health,
    inbox,
    lifecycle,
    missions,
    parts,
    plan,
    records,
    replay,
    reports,
    results,
    rules,
    runs,
    say,
    sources,
    templates,
    tool_servers,
    up,
)

app = typer.Typer(
    name="missions",
    help="From a goal in plain language to guarded runs and reports, on Prefect.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.command("up")(up.up)
app.command("demo")(demonstration.demo)
app.command("doctor")(health.doctor)
app.command("reconcile")(health.reconcile)
app.command("prepare")(parts.prepare)
app.command("create")(create.create)
app.command("list")(missions.list_missions)
app.command("templates")(templates.templates)
app.command("show")(missions.show_mission)
app.command("plan")(plan.plan)
app.command("versions")(plan.versions)
app.command("launch")(missions.launch)
app.command("say")(say.say_to)
app.command("disable")(lifecycle.disable)
app.command("enable")(lifecycle.enable)
app.command("delete")(lifecycle.delete)
app.command("run")(runs.run)
app.command("cancel")(runs.cancel)
app.command("runs")(records.list_runs)
app.command("watch")(runs.watch)
app.command("reports")(reports.reports)
app.command("report")(reports.report)
app.command("summary")(reports.summary)
app.command("result")(results.result)
app.command("replay")(replay.replay)
app.command("audit")(audit.audit)
app.command("inbox")(inbox.inbox)
app.command("reply")(inbox.reply_to_run)
app.add_typer(employees.employees, name="employee")
app.add_typer(connections.models, name="model")
app.add_typer(tool_servers.tools, name="tools")
app.add_typer(channels.channels, name="channel")
app.add_typer(rules.rules, name="rules")
app.add_typer(sources.sources, name="sources")

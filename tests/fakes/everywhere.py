"""All that an installation has written anywhere, as text, to be searched for what must not be there."""

from pathlib import Path

from sqlalchemy import text

from tests.fakes.installation import Installation


async def rows(installation: Installation) -> dict[str, str]:
    """Every row of every table, ours and Prefect's, as text."""
    async with installation.store() as store, store.engine.connect() as connection:
        tables = await connection.execute(
            text("select table_schema, table_name from information_schema.tables where table_schema in ('missions', 'public')")
        )
        names = [f'{schema}."{name}"' for schema, name in tables]
        found = {name: await connection.execute(text(f"select t::text from {name} t")) for name in names}
    assert {'missions."journal"', 'missions."requests"', 'public."block_document"', 'public."log"'} <= found.keys()
    return {f"table {name}": "\n".join(rows.scalars()) for name, rows in found.items()}


def files(home: Path) -> dict[str, str]:
    """Every file of the data directory but PostgreSQL's own."""
    database = home / "database"
    paths = [path for path in home.rglob("*") if path.is_file() and not path.is_relative_to(database)]
    assert any(path.suffix == ".html" for path in paths)
    return {str(path): path.read_text(errors="replace") for path in paths}

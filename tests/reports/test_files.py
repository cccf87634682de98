"""Report files: where they lie, whole or not at all."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from reports.files import write_index, write_report

AT = datetime(2026, 11, 21, 23, 30, 5, tzinfo=UTC)


def _write(home: Path, markdown: str = "# A\n", *, mission: str = "host-care", name: str = "disk") -> Path:
    return write_report(home, mission, AT, "Europe/Berlin", name, markdown, "A")


def test_a_report_lies_under_the_day_of_the_missions_zone_with_its_html(tmp_path: Path) -> None:
    path = _write(tmp_path)
    assert path == Path("missions/host-care/artifacts/2026-11/11-22/003005-disk.md")
    assert (tmp_path / path).read_text(encoding="utf-8") == "# A\n"
    assert "<h1>A</h1>" in (tmp_path / path).with_suffix(".html").read_text(encoding="utf-8")
    assert len(list((tmp_path / path).parent.iterdir())) == 2


def test_the_same_report_again_is_the_same_file_and_another_gets_a_number(tmp_path: Path) -> None:
    names = [_write(tmp_path, text).name for text in ("one", "one", "two", "two", "one")]
    assert names == ["003005-disk.md", "003005-disk.md", "003005-disk-2.md", "003005-disk-2.md", "003005-disk.md"]


def test_a_missing_html_is_made_up_for(tmp_path: Path) -> None:
    html = (tmp_path / _write(tmp_path)).with_suffix(".html")
    html.unlink()
    _write(tmp_path)
    assert html.exists()


def test_many_reports_of_one_second_are_all_kept(tmp_path: Path) -> None:
    texts = [f"report {number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(partial(_write, tmp_path), texts))
    assert [(tmp_path / path).read_text(encoding="utf-8") for path in paths] == texts


@pytest.mark.parametrize("bad", ["../x", "a/b", "", ".", "a\0b", "Ä", "x" * 64, "a\n"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="can't be part of a report's path"):
        _write(tmp_path, mission=bad)
    with pytest.raises(ValueError, match="can't be part of a report's path"):
        _write(tmp_path, name=bad)
    assert list(tmp_path.iterdir()) == []


def test_the_index_lists_the_newest_first_by_their_headings_with_links_that_work(tmp_path: Path) -> None:
    for hour, heading in ((1, "Disks \\| of &lt;web&gt;: Failed"), (2, "`nginx`: Success")):
        write_report(tmp_path, "hosts", AT.replace(hour=hour), "UTC", "disks", f"# {heading}\n\nText.\n", "Disks")
    older = write_report(tmp_path, "hosts", AT.replace(month=1), "UTC", "disks", "no heading, <script>\n", "Disks")
    (tmp_path / older).unlink()
    index = write_index(tmp_path, "hosts", "Hosts & <more>")
    html = index.read_text(encoding="utf-8")
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', html)
    assert [name for _, name in links if name != "Markdown"] == ["nginx: Success", "Disks | of &lt;web&gt;: Failed", "disks"]
    assert [(index.parent / url).exists() for url, _ in links] == [True, True, True, True, True, False]
    assert "<h1>Hosts &amp; &lt;more&gt;: reports</h1>" in html

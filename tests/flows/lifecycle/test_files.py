"""The files of a deleted Mission: its own go, of the logs only what it said, and the database's are left to itself."""

from pathlib import Path

import pytest

from flows.lifecycle.files import files_that_name, remove_files

MISSION, RUN = "disks-a1b2c3", "0191-run-12345678"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    files = {
        f"missions/{MISSION}/artifacts/2026-11/11-21/020000-disk.md": "report",
        f"missions/{MISSION}/artifacts/2026-11/11-21/020000-disk.html": "report",
        "missions/other-a1b2c3/artifacts/2026-11/11-21/020000-disk.md": "another's report",
        f"results/{RUN}.bin": "whole result",
        "logs/service.log": f"one\nabout {MISSION}\ntwo\nRun {RUN} ended\nthree",
        "logs/server.log": "nothing of it\n",
        "logs/worker.log": "what a run said\n",
        "logs/worker.log.1": "what a run said before\n",
        "logs/tools/host.log": "what a tool said\n",
        f"logs/tools/{MISSION}/host.log": "what a tool said in its run\n",
        "logs/tools/other-a1b2c3/host.log": "what a tool said in another's run\n",
        "database/cluster/base/1": MISSION,
        "certificates/deleted-1.md": "certificate",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_is_the_mission_s_goes_and_all_else_stays(home: Path) -> None:
    assert remove_files(home, MISSION, [RUN]) == {"files": 4, "lines of logs": 2, "logs emptied": 3}
    left = {str(path.relative_to(home)): path.read_text() for path in home.rglob("*") if path.is_file()}
    assert left == {
        "missions/other-a1b2c3/artifacts/2026-11/11-21/020000-disk.md": "another's report",
        "logs/service.log": "one\ntwo\nthree",
        "logs/server.log": "nothing of it\n",
        "logs/worker.log": "",
        "logs/worker.log.1": "",
        "logs/tools/host.log": "",
        "logs/tools/other-a1b2c3/host.log": "what a tool said in another's run\n",
        "database/cluster/base/1": MISSION,
        "certificates/deleted-1.md": "certificate",
    }
    assert files_that_name(home, MISSION) == ([], 7)
    assert remove_files(home, MISSION, [RUN]) == {"files": 0, "lines of logs": 0, "logs emptied": 0}


def test_a_file_that_names_it_is_found_wherever_its_name_stands(home: Path) -> None:
    (home / "notes").write_bytes(b"x" * ((1 << 20) - 4) + MISSION.encode())
    remove_files(home, MISSION, [])
    assert files_that_name(home, MISSION)[0] == ["notes"]


def test_who_writes_a_log_goes_on_at_its_end(home: Path) -> None:
    with (home / "logs" / "service.log").open("a") as service, (home / "logs" / "worker.log").open("a") as worker:
        remove_files(home, MISSION, [RUN])
        service.write("\nfour")
        worker.write("after")
    assert (home / "logs" / "service.log").read_text() == "one\ntwo\nthree\nfour"
    assert (home / "logs" / "worker.log").read_text() == "after"

"""Skills: found in folders, told by name and description, read as data, and never more than their own files (R8.2)."""

from pathlib import Path

import pytest

from agent.skills import MAX_BYTES, MOST_SKILLS, SkillTools, WithSkills, find_skills
from agent.tools.toolset import ToolListing, ToolResult
from blueprint.policy import ToolCall
from blueprint.stream import Outcome

HEAD = "---\nname: disks\ndescription: >\n  How we look at\n  full disks.\n---\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path / "disks" / "SKILL.md", f"{HEAD}\n# Disks\nRead lvm.md when there is LVM.\n")
    _write(tmp_path / "disks" / "lvm.md", "Use `lvs`.")
    _write(tmp_path / "disks" / "notes" / "raid.txt", "mdadm")
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def _read(folder: Path, **arguments: str) -> ToolResult:
    tools = SkillTools(skills=(await find_skills([str(folder)])).all)
    return await tools.call(ToolCall(id="c00001000", server="skills", tool="read", arguments={**arguments}))


@pytest.mark.parametrize("given", ["", "disks"], ids=["a folder of skills", "the folder of one"])
async def test_a_skill_is_found_with_its_name_description_and_files(given: str, folder: Path) -> None:
    found = await find_skills([str(folder / given)])
    [skill] = found.all
    assert (skill.name, skill.description) == ("disks", "How we look at full disks.")
    assert (skill.files, found.problems) == (("lvm.md", "notes/raid.txt"), {})


async def test_the_body_is_read_with_the_names_of_its_files_and_then_the_files(folder: Path) -> None:
    body = await _read(folder, skill="disks")
    assert body.text.endswith(
        "Read lvm.md when there is LVM.\n\nFiles of this skill, to be read with `file`: lvm.md, notes/raid.txt."
    )
    assert (await _read(folder, skill="disks", file="notes/raid.txt")).text == "mdadm"


@pytest.mark.parametrize("file", ["../secret", "/etc/passwd", "link", "notes", "notes/../../secret", ".hidden", "lvm.md\x00"])
async def test_nothing_but_the_files_of_a_skill_can_be_read(file: str, folder: Path) -> None:
    _write(folder / "secret", "s3cret")
    _write(folder / "disks" / ".hidden", "s3cret")
    (folder / "disks" / "link").symlink_to(folder / "secret")
    result = await _read(folder, skill="disks", file=file)
    assert (result.is_error, result.outcome, "s3cret" in result.text) == (True, Outcome.NOT_DONE, False)
    assert "it has: SKILL.md, lvm.md, notes/raid.txt" in result.text


async def test_an_unknown_skill_is_answered_with_those_that_there_are(folder: Path) -> None:
    assert (await _read(folder, skill="discs")).text == "There is no skill 'discs'; available: disks."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("# No head", "does not begin with a head", id="no head"),
        pytest.param("---\nname: [\n---\n", "head is no YAML", id="broken head"),
        pytest.param("---\nname: x\n---\n", "no description", id="no description"),
        pytest.param("---\n- a\n---\n", "no description", id="head is a list"),
        pytest.param("---\ndescription: x\n---\n\0", "no text", id="binary"),
        pytest.param(f"---\ndescription: x\n---\n{'x' * MAX_BYTES}", "larger than 256 kB", id="too large"),
    ],
)
async def test_a_skill_that_can_not_be_used_is_a_sentence_and_the_others_go_on(text: str, why: str, folder: Path) -> None:
    _write(folder / "broken" / "SKILL.md", text)
    found = await find_skills([str(folder)])
    assert [skill.name for skill in found.all] == ["disks"]
    assert why in found.problems["skill broken"]


async def test_a_folder_without_a_skill_is_named(tmp_path: Path) -> None:
    found = await find_skills([str(tmp_path / "nowhere")])
    assert list(found.problems.values()) == [
        f"There is no SKILL.md in '{tmp_path}/nowhere' or in a folder of it; correct the folder."
    ]


async def test_a_tool_server_with_the_name_of_the_skills_does_not_take_their_calls(folder: Path) -> None:
    found = await find_skills([str(folder)], ["skills", "host"])
    assert (found.all, list(found.problems)) == ((), ["skills"])


async def test_not_more_skills_are_told_than_a_context_can_take(tmp_path: Path) -> None:
    for number in range(MOST_SKILLS + 5):
        _write(tmp_path / f"s{number}" / "SKILL.md", f"---\ndescription: Number {number}.\n---\n")
    assert len((await find_skills([str(tmp_path)])).all) == MOST_SKILLS


async def test_skills_stand_beside_the_tools_of_servers_and_are_declared_harmless(folder: Path) -> None:
    class Away:
        async def tools(self) -> ToolListing:
            return ToolListing(tools=(), failures={"host": "away"})

        async def call(self, call: ToolCall) -> ToolResult:
            return ToolResult(text="from a server")

    skills = SkillTools(skills=(await find_skills([str(folder)])).all)
    both = WithSkills(servers=Away(), skills=skills)
    listing = await both.tools()
    assert ([tool.full_name for tool in listing.tools], listing.failures) == (["skills.read"], {"host": "away"})
    assert listing.tools[0].traits.is_read_only
    alone = WithSkills(servers=Away(), skills=SkillTools(skills=()))
    call = ToolCall(id="c00001000", server="skills", tool="read", arguments={"skill": "disks"})
    assert ((await alone.call(call)).text, (await both.call(call)).is_error) == ("from a server", False)

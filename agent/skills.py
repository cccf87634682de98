"""Skills: what a team knows about doing one kind of work, as folders that the model reads when they apply (R8.2).

A folder holds a SKILL.md, which begins with its name and description between two lines of `---`, and files that it speaks
of. The model is told names and descriptions; the bodies are read with the tool `skills.read`, like any other result: as
text that may be wrong, or written by somebody else, and that never allows anything.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import anyio.to_thread
import yaml

from agent.tools.content import clean, cut
from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset
from blueprint.policy import ToolCall, ToolTraits
from blueprint.stream import Outcome

SERVER, READ = "skills", "read"
MAIN_FILE = "SKILL.md"
MOST_SKILLS, MOST_FILES = 50, 100
MAX_BYTES = 256 * 1024
"""A larger file is not read."""

_NAME_CHARS, _DESCRIPTION_CHARS = 64, 600
_HEAD = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Skill:
    """One skill: what the model sees of it at first, and where its files are, relative to its folder."""

    name: str
    description: str
    folder: Path
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Skills:
    """Those that can be used, and for each folder that can't a sentence why."""

    all: tuple[Skill, ...] = ()
    problems: Mapping[str, str]


async def find_skills(folders: Sequence[str], servers: Sequence[str] = ()) -> Skills:
    """The skills in these folders: each holds a SKILL.md, or folders that do. A name that is there twice counts once.

    `servers` are the names of the tool servers: one that is called as the skills' own would take their calls.
    """
    if folders and SERVER in servers:
        return Skills(problems={SERVER: f"A tool server is called {SERVER!r}; give it another name, then skills can be read."})
    return await anyio.to_thread.run_sync(_find, tuple(folders))


def _find(folders: Sequence[str]) -> Skills:
    found: dict[str, Skill] = {}
    problems: dict[str, str] = {}
    for given in folders:
        places = list(_places(Path(given)))
        if not places:
            problems[f"skill {given}"] = f"There is no {MAIN_FILE} in {given!r} or in a folder of it; correct the folder."
        for place in places:
            try:
                skill = _read_skill(place)
                found.setdefault(skill.name, skill)
            except (OSError, ValueError) as error:
                problems[f"skill {place.name}"] = f"{place / MAIN_FILE} can't be used: {error}"
    return Skills(all=tuple(found.values())[:MOST_SKILLS], problems=problems)


def _places(folder: Path) -> Iterator[Path]:
    if (folder / MAIN_FILE).is_file():
        yield folder
    elif folder.is_dir():
        yield from sorted(inner for inner in folder.iterdir() if (inner / MAIN_FILE).is_file())


def _read_skill(folder: Path) -> Skill:
    """ValueError when the head is missing or says nothing."""
    head = _HEAD.match(_text(folder / MAIN_FILE))
    if head is None:
        raise ValueError("it does not begin with a head: name and description between two lines of '---'")
    try:
        said: Any = yaml.safe_load(head[1])
    except yaml.YAMLError as error:
        raise ValueError("its head is no YAML") from error
    fields = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    description = _one_line(fields.get("description"), _DESCRIPTION_CHARS)
    if not description:
        raise ValueError("its head has no description, which tells when it applies")
    return Skill(
        name=_one_line(fields.get("name"), _NAME_CHARS) or folder.name,
        description=description,
        folder=folder,
        files=tuple(_files(folder)),
    )


def _files(folder: Path) -> list[str]:
    inside = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MAIN_FILE)
    return [str(path.relative_to(folder)) for path in inside if not path.name.startswith(".") and _is_inside(path, folder)][
        :MOST_FILES
    ]


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether the file is really there: a link may lead anywhere."""
    return path.resolve().is_relative_to(folder.resolve())


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} kB")
    data = path.read_bytes()
    if b"\0" in data:
        raise ValueError("it is no text")
    return data.decode("utf-8", "replace")


def _one_line(value: object, chars: int) -> str:
    return cut(" ".join(clean(value).split()), chars) if isinstance(value, str) else ""


@dataclass(frozen=True, kw_only=True)
class SkillTools(Toolset):
    """The one tool that reads skills. It reads files that `find_skills` has listed, and no others."""

    skills: Sequence[Skill]

    async def tools(self) -> ToolListing:
        """`skills.read`; nothing when there are no skills."""
        return ToolListing(tools=(_declared(self.skills),) if self.skills else ())

    async def call(self, call: ToolCall) -> ToolResult:
        """A skill's SKILL.md, or one of its files; an error result for anything else."""
        return await anyio.to_thread.run_sync(self._read, call)

    def _read(self, call: ToolCall) -> ToolResult:
        name, file = call.arguments.get("skill"), call.arguments.get("file") or MAIN_FILE
        skill = next((one for one in self.skills if one.name == name), None)
        if skill is None:
            return _failed(f"There is no skill {name!r}; available: {', '.join(one.name for one in self.skills)}.")
        if file not in (MAIN_FILE, *skill.files):
            return _failed(f"Skill {skill.name!r} has no file {file!r}; it has: {', '.join((MAIN_FILE, *skill.files))}.")
        try:
            text = clean(_text(skill.folder / str(file)))
        except (OSError, ValueError) as error:
            return _failed(f"{file} of skill {skill.name!r} can't be read: {error}")
        if file == MAIN_FILE and skill.files:
            text = f"{text.rstrip()}\n\nFiles of this skill, to be read with `file`: {', '.join(skill.files)}."
        return ToolResult(text=text, size=len(text))


def _failed(text: str) -> ToolResult:
    return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE, size=len(text))


def _declared(skills: Sequence[Skill]) -> Tool:
    names = [skill.name for skill in skills]
    properties = {
        "skill": {"type": "string", "enum": names, "description": "Which skill."},
        "file": {"type": "string", "description": f"One of its files; without it {MAIN_FILE}, which names them."},
    }
    return Tool(
        server=SERVER,
        name=READ,
        wire_name=f"{SERVER}__{READ}",
        description="Read a skill: how your team does one kind of work.",
        parameters={"type": "object", "properties": properties, "required": ["skill"]},
        traits=ToolTraits(read_only=True, destructive=False, idempotent=True),
    )


@dataclass(frozen=True, kw_only=True)
class WithSkills(Toolset):
    """The tools of `servers`, and those that read skills."""

    servers: Toolset
    skills: SkillTools

    async def tools(self) -> ToolListing:
        """All of them."""
        listing, own = await self.servers.tools(), await self.skills.tools()
        return replace(listing, tools=(*listing.tools, *own.tools))

    async def call(self, call: ToolCall) -> ToolResult:
        """Make the call where it belongs."""
        is_own = call.server == SERVER and self.skills.skills
        return await (self.skills if is_own else self.servers).call(call)

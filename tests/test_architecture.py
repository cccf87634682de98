"""The house plan, kept true by reading the imports: which package may use which, and no circles between modules."""

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_USE = {
    "blueprint": set[str](),
    "agent": {"blueprint"},
    "blocks": {"blueprint"},
    "deployments": {"blueprint"},
    "reports": {"blueprint"},
    "flows": {"agent", "blocks", "blueprint", "deployments", "reports"},
}
WITHOUT_PREFECT = ("agent", "blueprint", "reports")


def _modules() -> dict[str, Path]:
    files = [file for package in MAY_USE for file in (ROOT / package).rglob("*.py")]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            found |= {f"{node.module}.{name.name}" for name in node.names} | {str(node.module)}
    return found


@pytest.mark.parametrize("package", MAY_USE)
def test_a_package_uses_only_what_the_house_plan_allows(package: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, file in _modules().items()
        if module.split(".")[0] == package
        for name in _imports(file)
        if name.split(".")[0] in MAY_USE.keys() - MAY_USE[package] - {package}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", WITHOUT_PREFECT)
def test_plain_packages_do_not_know_the_engine(package: str) -> None:
    wrong = [
        module
        for module, file in _modules().items()
        if module.split(".")[0] == package and any(name.split(".")[0] == "prefect" for name in _imports(file))
    ]
    assert wrong == []


def test_modules_form_no_circle() -> None:
    modules = _modules()
    graph = {module: _imports(file) & modules.keys() - {module} for module, file in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(error.args[1])}")


def test_blueprint_is_plain_data() -> None:
    outside = {
        name.split(".")[0]
        for module, file in _modules().items()
        if module.split(".")[0] == "blueprint"
        for name in _imports(file)
    }
    libraries = outside - set(sys.stdlib_module_names) - {"blueprint"}
    assert libraries == {"pydantic", "croniter"}

"""Holds the sources to the rules of CONTRIBUTING.md that no linter knows."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = {"operator": "wharfinger", "registry": "wharf", "plugin": "kubectl_registry"}
SOURCES = sorted(path for root, package in SOURCE_ROOTS.items() for path in (ROOT / root / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
E2E = sorted(path for root in ("integration", "e2e") for path in (ROOT / root).rglob("*.py"))
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc"}
# `noqa`, `type: ignore` and `pragma` switch a check off; what follows the codes has to say why
WAIVER = re.compile(r"#\s*(?:noqa(?::[\s\w,]+?)?|type:\s*ignore(?:\[[\w\-,\s]+\])?)\s*(?P<reason>-\s*\S.*|#.*)?$")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@pytest.mark.parametrize("path", SOURCES + E2E, ids=name)
def test_a_source_file_has_a_docstring_and_at_most_300_lines(path: Path) -> None:
    tree = parsed(path)
    assert ast.get_docstring(tree) or not tree.body, f"{name(path)}: say what the module is for and the rule it keeps"
    assert lines(path) <= 300, f"{name(path)} has {lines(path)} lines: split it"


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_a_test_file_has_a_docstring_and_at_most_500_lines(path: Path) -> None:
    tree = parsed(path)
    assert ast.get_docstring(tree) or not tree.body, f"{name(path)}: say what it holds to be true"
    assert lines(path) <= 500, f"{name(path)} has {lines(path)} lines: split it"


@pytest.mark.parametrize("path", SOURCES + E2E, ids=name)
def test_a_function_has_at_most_40_lines(path: Path) -> None:
    functions = (n for n in ast.walk(parsed(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    long = {f.name: size for f in functions if (size := (f.end_lineno or f.lineno) - f.lineno + 1) > 40}
    assert not long, f"{name(path)}: split {long}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_source_has_a_test_of_the_same_name(path: Path) -> None:
    declares_only = not any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(parsed(path)))
    if declares_only or path.name in {"__init__.py", "__main__.py"}:
        return
    root = next(root for root in SOURCE_ROOTS if path.is_relative_to(ROOT / root))
    test = ROOT / "tests" / path.relative_to(ROOT / root).with_name(f"test_{path.name}")
    assert test.exists(), f"write {name(test)}"


@pytest.mark.parametrize("path", SOURCES + E2E, ids=name)
def test_no_module_is_a_drawer_for_odds_and_ends(path: Path) -> None:
    assert not DRAWERS & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}


@pytest.mark.parametrize("path", SOURCES + E2E + TESTS, ids=name)
def test_a_waiver_says_why(path: Path) -> None:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = WAIVER.search(line)
        assert match is None or match["reason"], f"{name(path)}:{number}: give the reason beside the waiver"


@pytest.mark.parametrize("path", SOURCES + E2E, ids=name)
def test_no_exception_is_swallowed_whole(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{name(path)}:{node.lineno}: name the exceptions"
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "suppress":
            broad = {"Exception", "BaseException"} & {getattr(arg, "id", "") for arg in node.args}
            assert not broad, f"{name(path)}:{node.lineno}: name the exceptions"

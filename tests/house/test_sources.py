"""Holds the sources to the rules of CONTRIBUTING.md that no linter knows."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = {"operator": "wharfinger", "registry": "wharf", "plugin": "kubectl_registry"}
SOURCES = sorted(path for root, package in SOURCE_ROOTS.items() for path in (ROOT / root / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
E2E = sorted(path for root in ("integration", "e2e") for path in (ROOT / root).rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc"}
# `noqa`, `type: ignore` and `pragma` switch a check off; what follows the codes has to say why
WAIVER = re.compile(r"#\s*(?:noqa(?::[\s\w,]+?)?|type:\s*ignore(?:\[[\w\-,\s]+\])?)\s*(?P<reason>-\s*\S.*|#.*)?$")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text(path: Path) -> str:
    return path.read_text()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(text(path))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(parsed(path)))


def test_every_source_file_has_a_docstring_and_at_most_300_lines() -> None:
    wrong = [*undescribed(SOURCES + E2E, "what the module is for and the rule it keeps"), *too_long(SOURCES + E2E, 300)]
    assert not wrong, "\n".join(wrong)


def test_every_test_file_has_a_docstring_and_at_most_500_lines() -> None:
    wrong = [*undescribed(TESTS, "what it holds to be true"), *too_long(TESTS, 500)]
    assert not wrong, "\n".join(wrong)


def test_every_function_has_at_most_40_lines() -> None:
    wrong = [
        f"{name(path)}: split {node.name}, which has {size} lines"
        for path in SOURCES + E2E
        for node in nodes(path)
        if isinstance(node, FUNCTIONS) and (size := (node.end_lineno or node.lineno) - node.lineno + 1) > 40
    ]
    assert not wrong, "\n".join(wrong)


def test_every_source_has_a_test_of_the_same_name() -> None:
    missing = []
    for path in SOURCES:
        declares_only = not any(isinstance(node, FUNCTIONS) for node in nodes(path))
        if declares_only or path.name in {"__init__.py", "__main__.py"}:
            continue
        root = next(root for root in SOURCE_ROOTS if path.is_relative_to(ROOT / root))
        test = ROOT / "tests" / path.relative_to(ROOT / root).with_name(f"test_{path.name}")
        if not test.exists():
            missing.append(f"write {name(test)}")
    assert not missing, "\n".join(missing)


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    parts = {path: {part.removesuffix(".py") for part in path.relative_to(ROOT).parts} for path in SOURCES + E2E}
    drawers = [f"{name(path)}: say what is in it" for path in parts if DRAWERS & parts[path]]
    assert not drawers, "\n".join(drawers)


def test_every_waiver_says_why() -> None:
    wrong = [
        f"{name(path)}:{number}: give the reason beside the waiver"
        for path in SOURCES + E2E + TESTS
        for number, line in enumerate(text(path).splitlines(), 1)
        if "#" in line and (match := WAIVER.search(line)) is not None and not match["reason"]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_exception_is_swallowed_whole() -> None:
    wrong = [f"{name(path)}:{node.lineno}: name the exceptions" for path in SOURCES + E2E for node in swallowing(path)]
    assert not wrong, "\n".join(wrong)


def undescribed(paths: list[Path], missing: str) -> Iterator[str]:
    for path in paths:
        if parsed(path).body and not ast.get_docstring(parsed(path)):
            yield f"{name(path)}: say {missing}"


def too_long(paths: list[Path], most: int) -> Iterator[str]:
    for path in paths:
        if (count := len(text(path).splitlines())) > most:
            yield f"{name(path)} has {count} lines: split it"


def swallowing(path: Path) -> Iterator[ast.ExceptHandler | ast.Call]:
    for node in nodes(path):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node
        if isinstance(node, ast.Call) and called(node.func) == "suppress":
            named = {called(argument) for argument in node.args}
            if named & {"Exception", "BaseException"}:
                yield node


def called(expression: ast.expr) -> str:
    """The last part of a dotted name."""
    found: str = getattr(expression, "attr", getattr(expression, "id", ""))
    return found

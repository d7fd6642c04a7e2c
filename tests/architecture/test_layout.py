"""The tree is as its readers expect: rooms, links and names."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("agents", "simulators", "proxy_models", "configs")
SOURCE = sorted(p for room in ("archgym", *ROOMS) for p in (ROOT / room).rglob("*.py") if p.is_file())


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_linked_into_the_namespace(room: str) -> None:
    link = ROOT / "archgym" / room
    assert link.is_symlink()
    assert link.readlink() == Path("..") / room


def test_no_file_is_a_drawer_for_leftovers() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "manager.py"}
    assert [str(path) for path in SOURCE if path.name in drawers] == []


@pytest.mark.parametrize("path", SOURCE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_code_asserts_prints_or_exits() -> None:
    found = []
    for path in SOURCE:
        relative = path.relative_to(ROOT)
        if relative.parts[:2] == ("archgym", "testing"):
            continue
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        found += [f"{relative}:{node.lineno}" for node in nodes if _is_unwanted(node)]
    assert found == []


def _is_unwanted(node: ast.AST) -> bool:
    called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    return isinstance(node, ast.Assert) or called in {"print", "exit"}


def test_results_holds_no_results() -> None:
    listed = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        assert set(listed.stdout.split()) <= {"results/.gitignore", "results/README.md"}

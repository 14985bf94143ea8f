"""Prints how the code is distributed over sizes and shapes, and refuses what is past a hard cap.

A budget is a question, a cap is an answer: exit status 1 for a module of more than 400 lines or a function of more than 50.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

__all__ = ["Function", "Module", "faults", "main", "measure", "report"]

CODE = ("core", "adapters", "plugins")
TESTS = ("tests",)

MODULE_CAP = 400
FUNCTION_CAP = 50

BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover)")


class Function(msgspec.Struct, frozen=True):
    """One function: lines of its body without signature and docstring, branches, depth of nesting."""

    name: str
    lines: int
    complexity: int
    nesting: int


class Module(msgspec.Struct, frozen=True):
    """One file and what was counted in it."""

    path: Path
    lines: int
    comments: int
    suppressions: int
    functions: tuple[Function, ...]


def main() -> int:
    """Report on the tree the script stands in; 1 if a cap is broken."""
    root = Path(__file__).resolve().parent.parent
    code = [measure(path, root) for folder in CODE for path in sorted((root / folder).rglob("*.py"))]
    tests = [measure(path, root) for folder in TESTS for path in _own(root / folder)]
    print("\n".join(report(code, tests)))
    broken = faults(code + tests)
    for fault in broken:
        print(fault)
    return int(bool(broken))


def measure(path: Path, root: Path) -> Module:
    """Count one file; path lies below root."""
    text = path.read_text(encoding="utf-8")
    comments = [token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT]
    return Module(
        path=path.relative_to(root),
        lines=len(text.splitlines()),
        comments=len(comments),
        suppressions=sum(1 for comment in comments if SUPPRESSION.search(comment)),
        functions=tuple(_functions(ast.parse(text), "")),
    )


def report(code: Sequence[Module], tests: Sequence[Module]) -> list[str]:
    """The distribution as lines of text, the code of the product first."""
    lines = [module.lines for module in code]
    functions = [function for module in code for function in module.functions]
    comments = sum(module.comments for module in code)
    ratio = sum(module.lines for module in tests) / max(1, sum(lines))
    return [
        f"modules      {len(code)}, {sum(lines)} lines; a module {_spread(lines)}",
        f"functions    {len(functions)}; lines {_spread([function.lines for function in functions])}",
        f"complexity   {_spread([function.complexity for function in functions])}",
        f"nesting      {_spread([function.nesting for function in functions])}",
        f"comments     {100 * comments / max(1, sum(lines)):.1f} % of lines",
        f"tests : code {ratio:.2f}",
        f"suppressions {sum(module.suppressions for module in code)} in code, {sum(module.suppressions for module in tests)} in tests",
    ]


def faults(modules: Sequence[Module]) -> list[str]:
    """A sentence for each module and function past its hard cap."""
    long_modules = [
        f"{module.path}: {module.lines} lines, at most {MODULE_CAP}: one idea, or several?"
        for module in modules
        if module.lines > MODULE_CAP
    ]
    long_functions = [
        f"{module.path}: {function.name} has {function.lines} lines, at most {FUNCTION_CAP}"
        for module in modules
        for function in module.functions
        if function.lines > FUNCTION_CAP
    ]
    return long_modules + long_functions


def _own(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if "node_modules" not in path.parts)


def _spread(figures: Sequence[int]) -> str:
    if not figures:
        return "none"
    ordered = sorted(figures)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95)]
    return f"median {at[0]}, p95 {at[1]}, max {ordered[-1]}"


def _functions(tree: ast.AST, prefix: str) -> Iterator[Function]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FUNCTIONS):
            yield Function(name=prefix + node.name, lines=_body_lines(node), complexity=1 + _branches(node), nesting=_nesting(node, 0))
            yield from _functions(node, f"{prefix}{node.name}.")
        else:
            yield from _functions(node, f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix)


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1 if body else 0


def _branches(node: ast.AST) -> int:
    count = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        count += isinstance(child, BRANCHES) + (len(child.values) - 1 if isinstance(child, ast.BoolOp) else 0)
        count += _branches(child)
    return count


def _nesting(node: ast.AST, depth: int) -> int:
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            continue
        deepest = max(deepest, _nesting(child, depth + (isinstance(child, BLOCKS) and not _is_elif(child, node))))
    return deepest


def _is_elif(node: ast.AST, parent: ast.AST) -> bool:
    """An `elif` is an `if` alone in an else branch; it reads as no deeper than its `if`."""
    return isinstance(node, ast.If) and isinstance(parent, ast.If) and parent.orelse == [node]


if __name__ == "__main__":
    sys.exit(main())

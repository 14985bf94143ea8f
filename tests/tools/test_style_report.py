"""What the style report counts, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tools.style_report import FUNCTION_CAP, MODULE_CAP, Function, Module, faults, measure, report


def measured(folder: Path, text: str) -> Module:
    """One module with this text, counted."""
    path = folder / "sample.py"
    path.write_text(dedent(text), encoding="utf-8")
    return measure(path, folder)


def test_a_body_is_counted_without_signature_and_docstring(tmp_path: Path) -> None:
    """Only what a reader must follow counts as the length of a function."""
    module = measured(
        tmp_path,
        '''
        def told(
            first: int,
        ) -> int:
            """One sentence."""
            second = first
            return second
        ''',
    )
    assert [Function(name="told", lines=2, complexity=1, nesting=0)] == list(module.functions)


def test_an_elif_is_no_deeper_than_its_if(tmp_path: Path) -> None:
    """A ladder of choices is wide, not deep: three branches, one level."""
    module = measured(
        tmp_path,
        """
        def chosen(x: int) -> int:
            if x == 1:
                return 1
            elif x == 2 and x:
                return 2
            elif x == 3:
                return 3
            return 0
        """,
    )
    assert [(5, 1)] == [(function.complexity, function.nesting) for function in module.functions]


def test_an_inner_function_is_counted_by_itself(tmp_path: Path) -> None:
    """A function inside another adds to its length and not to its branches."""
    module = measured(
        tmp_path,
        """
        class Owner:
            def outer(self) -> None:
                def inner() -> None:
                    for _ in ():
                        pass
        """,
    )
    assert [("Owner.outer", 1, 0), ("Owner.outer.inner", 2, 1)] == [(f.name, f.complexity, f.nesting) for f in module.functions]


def test_a_suppression_is_counted_only_where_it_is_one(tmp_path: Path) -> None:
    """The word in a string suppresses nothing."""
    module = measured(tmp_path, 'first = "# noqa"\nsecond = 1  # noqa: S101  # a reason\n')
    assert (1, 1) == (module.suppressions, module.comments)


def test_the_caps_are_the_last_allowed_figure() -> None:
    """A module or function at its cap passes, one line more does not."""

    def sized(lines: int, body: int) -> Module:
        return Module(
            path=Path("x.py"), lines=lines, comments=0, suppressions=0, functions=(Function(name="f", lines=body, complexity=1, nesting=0),)
        )

    assert [] == faults([sized(MODULE_CAP, FUNCTION_CAP)])
    assert [
        "x.py: 401 lines, at most 400: one idea, or several?",
        "x.py: f has 51 lines, at most 50",
    ] == faults([sized(MODULE_CAP + 1, FUNCTION_CAP + 1)])


def test_an_empty_tree_is_reported_too() -> None:
    """A report of nothing says so and divides by nothing."""
    assert "modules      0, 0 lines; a module none" == report([], [])[0]

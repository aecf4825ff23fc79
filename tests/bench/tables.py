"""Markdown tables of figures."""

import re
from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Words to the left, figures to the right."""
    figures = [all(re.fullmatch(r"[\d.,]*", row[i]) for row in rows) for i in range(len(heads))]
    rule = ["---:" if is_figure else "---" for is_figure in figures]
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, rule, *rows])


def ratio(value: float) -> str:
    return f"{value:.2f}"


def verdict(reached: bool) -> str:
    return "reached" if reached else "missed"

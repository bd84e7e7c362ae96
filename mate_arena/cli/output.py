"""Output of commands: tables for people, JSON for programs, and progress bars."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mate_arena.client import ArenaClient
from mate_arena.client.errors import ArenaError, Problem
from mate_arena.client.shapes import Shape

screen = Console()
aside = Console(stderr=True)
"""Console on standard error, so that progress and errors do not mix with the output that a program reads."""


@dataclass
class Options:
    """The global options, which precede the command."""

    url: str = ""
    token: str = ""
    json: bool = False


options = Options()


def open_client() -> ArenaClient:
    return ArenaClient(options.url or None, options.token or None)


def show(things: Shape | Sequence[Shape], draw: Callable[[], Any]) -> None:
    """Print objects as JSON, or else what `draw` returns."""
    if options.json:
        body: Any = (
            things.model_dump(mode="json")
            if isinstance(things, Shape)
            else [thing.model_dump(mode="json") for thing in things]
        )
        print(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        screen.print(draw())


def say(words: str) -> None:
    """Print a line for people; nothing if the output is JSON."""
    if not options.json:
        screen.print(words, markup=False, highlight=False)


def complain(error: ArenaError) -> None:
    """Print an error, and each reason for a refusal with its field."""
    if options.json and isinstance(error, Problem):
        body = {"status": error.status, "code": error.code, "detail": error.detail, "errors": error.errors}
        aside.print_json(json.dumps(body))
        return
    aside.print(f"mate-arena: {error}", markup=False, highlight=False)
    if isinstance(error, Problem) and len(error.errors) > 1:
        for reason in error.errors:
            aside.print(f"  {reason['where']}: {reason['message']}", markup=False, highlight=False)


def table(titles: Iterable[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table; columns whose titles begin with `#` hold numbers."""
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        drawn.add_column(title.removeprefix("#"), justify="right" if title.startswith("#") else "left")
    for row in rows:
        drawn.add_row(*(_text(value) for value in row))
    return drawn


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("[", r"\[")


@contextmanager
def counted(title: str, is_bytes: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar; yield a function that sets it, called with the amount done and the total."""
    count = DownloadColumn() if is_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    with Progress(*columns, console=aside, transient=True, disable=not aside.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

"""Pictures for link previews of boards on other sites: the best agents of both teams with their Elo.

They have no words, since nobody knows the language of their readers, and their font has Latin letters only.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from tournament.boards import Board, BoardLine

SIZE = (1200, 630)
FIRST = 6
INK, SOFT, LINE = "#18181b", "#5f6067", "#e4e4e7"
TEAMS = {"camera": "#1d5fa8", "target": "#a8480a"}


def draw_board(board: Board) -> bytes:
    """Return a PNG picture of a board."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, "#ffffff")
    pencil = ImageDraw.Draw(image)
    snapshot = board.snapshot
    write(pencil, (60, 48), str(snapshot.tournament or snapshot.scenario.name), 54, INK, 1080)
    write(pencil, (60, 122), f"MATE Arena · #{snapshot.number} · {snapshot.created:%Y-%m-%d}", 27, SOFT, 1080)
    for left, lines, team in ((60, board.cameras, "camera"), (630, board.targets, "target")):
        draw_sign(pencil, team, left, 186)
        for place, line in enumerate(lines[:FIRST]):
            draw_line(pencil, line, left, 250 + 58 * place)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def draw_sign(pencil: Any, team: str, left: int, top: int) -> None:
    """Draw the sign of a team: a camera with its field of view, or a target."""
    if team == "camera":
        pencil.pieslice((left - 44, top - 22, left + 44, top + 66), -32, 32, fill=TEAMS[team])
    else:
        pencil.ellipse((left, top + 6, left + 32, top + 38), fill=TEAMS[team])


def draw_line(pencil: Any, line: BoardLine, left: int, top: int) -> None:
    """Write an agent's rank, name and Elo."""
    pencil.line((left, top - 8, left + 510, top - 8), fill=LINE, width=2)
    write(pencil, (left, top), str(line.rating.best_rank or "–"), 30, SOFT, 40)
    write(pencil, (left + 52, top), line.agent.name, 30, INK, 350)
    elo = "–" if line.rating.rating is None else f"{line.rating.rating:.0f}"
    write(pencil, (left + 430, top), elo, 30, INK, 90)


def write(pencil: Any, place: tuple[int, int], text: str, size: int, colour: str, room: int) -> None:
    """Draw a text; it is cut at its end if it is wider than `room` pixels."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    while len(text) > 1 and font.getlength(text) > room:
        text = f"{text[:-2]}…"
    pencil.text(place, text, fill=colour, font=font)

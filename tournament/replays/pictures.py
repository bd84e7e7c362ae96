"""Pictures and films of replays, drawn as `env.render()` draws the game."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tournament.replays.columns import ReplayError
from tournament.replays.file import Replay

if TYPE_CHECKING:
    from mate.rendering.frame import Frame

CARD = (1200, 630)
"""Pixels of a picture that other sites show beside a link."""
FILM_SIDE = 720
FILM_RATE = 30
FILM_SECONDS = 60
"""Maximum duration of a film, in seconds; of longer episodes fewer frames are shown."""


def frame_of(replay: Replay, number: int) -> Frame:
    """Return what a picture of a frame shows. Raises ReplayError for files of format 1, which lack what targets see."""
    from mate.rendering.frame import Frame

    columns, facts = replay.columns, replay.header["facts"]
    if "target_camera_view_mask" not in columns:
        raise ReplayError("The replay has format version 1, without what a picture needs: render it again.")
    cameras = facts["cameras"]
    angle = columns["camera_viewing_angle"][number]
    reach = np.array([camera["max_sight_range"] for camera in cameras])
    least = np.array([camera["min_viewing_angle"] for camera in cameras])
    return Frame(
        camera_location=np.array([camera["location"] for camera in cameras]).reshape(-1, 2),
        camera_radius=np.array([camera["radius"] for camera in cameras]),
        camera_orientation=columns["camera_orientation"][number],
        camera_viewing_angle=angle,
        camera_sight_range=reach * np.sqrt(least / angle),
        sight=sight_tables(replay),
        obstacle_location=np.array([one["location"] for one in facts["obstacles"]]).reshape(-1, 2),
        obstacle_radius=np.array([one["radius"] for one in facts["obstacles"]]),
        target_location=columns["target_location"][number],
        target_orientation=headings(replay, number),
        target_capacity=np.array([target["capacity"] for target in facts["targets"]]),
        **{
            name: columns[name][number]
            for name in (
                *("target_goal", "bounties", "camera_target_view_mask", "target_camera_view_mask"),
                *("remaining_cargoes", "awaiting_cargo_counts"),
            )
        },
    )


def sight_tables(replay: Replay) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return each camera's bearings (degrees) and free ranges (map units), two (K,) arrays."""
    ends = np.cumsum(replay.header["facts"]["boundary_counts"])[:-1]
    parts = (np.split(replay.columns[name], ends) for name in ("boundary_angle", "boundary_range"))
    return list(zip(*parts, strict=True))


def headings(replay: Replay, number: int) -> NDArray[np.float64]:
    """Return the (T,) directions of the targets' last movements until a frame, degrees; at first those of the reset."""
    places = replay.columns["target_location"][: number + 1]
    found = np.array([target["orientation"] for target in replay.header["facts"]["targets"]], np.float64)
    steps = np.diff(places, axis=0)
    for target in range(len(found)):
        moved = np.flatnonzero(steps[:, target].any(axis=-1))
        if len(moved):
            x, y = steps[moved[-1], target]
            found[target] = np.degrees(np.arctan2(y, x))
    return found


def draw_frame(replay: Replay, number: int, size: int, supersampling: int = 3) -> NDArray[np.uint8]:
    """Return (size, size, 3) pixels."""
    from mate.rendering.raster import draw
    from mate.rendering.scene import scene

    return draw(scene(frame_of(replay, number)), size, supersampling)


def draw_card(replay: Replay) -> bytes:
    """Return a PNG picture for links: a frame of the middle of the episode, the agents, the result."""
    from PIL import Image, ImageDraw, ImageFont

    width, height = CARD
    side = height - 60
    header = replay.header
    image = Image.new("RGB", CARD, "#ffffff")
    image.paste(Image.fromarray(draw_frame(replay, replay.num_steps // 2, side)), (30, 30))
    pencil = ImageDraw.Draw(image)
    left = side + 80
    result = header["result"]
    lines = (
        (header["camera"]["name"], 46, "#1d5fa8"),
        ("vs", 28, "#5f6067"),
        (header["target"]["name"], 46, "#a8480a"),
        (header["scenario"]["name"], 30, "#18181b"),
        (f"{result['steps']:,} steps, coverage {100 * result['mean_coverage_rate']:.0f} %", 28, "#5f6067"),
    )
    top = 120
    for text, size, colour in lines:
        font = ImageFont.load_default(size)
        pencil.text((left, top), shorten(text, font, width - left - 30), fill=colour, font=font)
        top += round(1.7 * size)
    pencil.text((left, height - 80), "MATE Arena", fill="#5f6067", font=ImageFont.load_default(26))
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def shorten(text: str, font: Any, room: float) -> str:
    """Return the text, cut at its end if that is needed to fit into so many pixels."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text}…"


def make_film(replay: Replay) -> bytes:
    """Return an MP4 film of the episode. Raises UserError where the package that encodes films is not installed."""
    from mate.rendering.film import Film

    stride = max(1, -(-replay.num_steps // (FILM_RATE * FILM_SECONDS)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with Film(path, FILM_RATE) as film:
            for number in range(0, replay.num_steps + 1, stride):
                film.add(draw_frame(replay, number, FILM_SIDE, supersampling=2))
        return path.read_bytes()

"""``docs/baselines.md``: the boards of the built-in agents, as figures and as screenshots of their pages."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.browsing import open_page
from benchmarks.installation import CHECKOUT
from benchmarks.rest import Portal
from tournament.intervals import NORMAL

PAGE = CHECKOUT / "docs" / "baselines.md"
PICTURES = CHECKOUT / "docs" / "images"
WIDTH, COLOURS = 1000, 160
STYLE = (
    "header, footer, .skip, .actions, .orders { display: none !important; }"
    "#boards + .grid { grid-template-columns: 1fr !important; }"
)


def write(portal: Portal, played: dict[str, dict[str, Any]]) -> None:
    """Write the page and its pictures from the portal's answers about these tournaments."""
    boards = {name: portal.get(f"tournaments/{row['id']}/leaderboard") for name, row in played.items()}
    games = {name: portal.get(f"tournaments/{row['id']}/meta-game") for name, row in played.items()}
    photograph(portal, played)
    sections = [describe(name, played[name], boards[name], games[name]) for name in played]
    PAGE.write_text("\n".join([introduce(played, boards), conclude(boards), *sections]))


def introduce(played: dict[str, dict[str, Any]], boards: dict[str, Any]) -> str:
    first = next(iter(boards.values()))
    episodes = next(iter(played.values()))["episodes_per_pairing"]
    return f"""# Baselines

How good are the built-in agents? All cameras met all targets in {len(played)} scenarios, with {episodes} episodes
per pairing from the base seed 0. A separate portal played and rated them:

```bash
python -m benchmarks.baselines
```

Engine version {first["engine"]}, rating code {first["code"]}. Episodes are pure functions of their seeds, so the same
command gives the same figures on every machine of the same kind. It also wrote this page.
[How agents are rated](ratings.md) explains the figures. Intervals cover 95 % and are clustered by
seed. Each team's greedy agent has 1000 by definition. Levels of different scenarios or teams are not
comparable; orders and differences are.
"""


def conclude(boards: dict[str, Any]) -> str:
    """Return which camera is best in each scenario, and whether that differs, in words."""
    head = [
        "scenario",
        "best camera",
        "Elo",
        "P(best)",
        "next",
        "payoff ahead of it",
        "does better than it",
    ]
    rows, firsts, sure = [], {}, []
    for name, board in boards.items():
        first, second = board["cameras"][:2]
        firsts[name] = first["agent"]["name"]
        difference, better = compare(board["scenario"], first, second)
        if difference.sign == 1 and first["worst_rank"] == 1:
            sure.append(name)
        rows.append(
            [
                name, firsts[name], elo(first), f"{first['first_probability']:.3f}", second["agent"]["name"],
                interval(difference.value, difference.lower, difference.upper, "+.4f"),
                percent(better.value, better.lower, better.upper),
            ]
        )  # fmt: skip
    return f"""## Which camera is best

{table(head, rows)}

"Payoff ahead" is the mean difference of the two cameras' normalised rewards from the same seed
against the same target, with equal weights of targets. "Does better" is how often the best camera
has the higher reward in such a pair of episodes; ties count half.

{judge(firsts, sure)}
"""


def judge(firsts: dict[str, str], sure: list[str]) -> str:
    """Return the answer in words.

    In the scenarios of `sure`, the first camera leads all others significantly, by Elo and by payoff.
    """
    places = ", ".join(f"{name} in {scenario}" for scenario, name in firsts.items())
    if len(set(firsts.values())) == 1:
        answer = f"**The same camera is first everywhere: {next(iter(firsts.values()))}.**"
    else:
        answer = f"**Which camera is best depends on the scenario: {places}.**"
    if len({firsts[name] for name in sure}) > 1:
        answer += " The difference between scenarios is significant."
    if open_ones := [name for name in firsts if name not in sure]:
        answer += (
            f" In {', '.join(open_ones)} the first two are too close to tell apart:"
            " the interval of a difference contains zero, or one leads by Elo and not by payoff."
        )
    return textwrap.fill(answer, 100)


def compare(scenario: str, first: dict[str, Any], second: dict[str, Any]) -> tuple[Any, Any]:
    """Compare two agents by their pairs of episodes: the mean difference, and how often the first is better."""
    from tournament.matchups import find_matchup
    from tournament.models import Agent, Scenario

    agents = [Agent.objects.get(digest=line["agent"]["digest"]) for line in (first, second)]
    found = find_matchup(Scenario.objects.get(slug=scenario), *agents).compare()
    return found.difference, found.better


def describe(name: str, tournament: dict[str, Any], board: dict[str, Any], game: dict[str, Any]) -> str:
    """Return the section of one scenario."""
    return f"""## {name}

{tournament["num_episodes"]:,} episodes.
{game_in_words(board)}

![Boards and payoffs of the built-in agents on {name}](images/{picture(name)})

{board_table("Camera", board["cameras"])}

{board_table("Target", board["targets"])}

The cameras' mean normalised reward with its standard error:

{payoff_table(game)}
"""


def game_in_words(board: dict[str, Any]) -> str:
    nash, cyclicity = board["nash"], board["cyclicity"]
    said = []
    if nash:
        worth = interval(nash["value"], nash["value_lower"], nash["value_upper"], "+.4f")
        conv = interval(nash["nash_conv"], nash["nash_conv_lower"], nash["nash_conv_upper"], ".4f")
        said.append(
            f"Value of the meta-game (Nash equilibrium): {worth} to the cameras.\n"
            f"NashConv of uniform play: {conv} within this pool."
        )
    if cyclicity:
        share = percent(cyclicity["share"], *(cyclicity["interval"] or (None, None)))
        trust = "Elo misleads here" if cyclicity["misleads"] else "The order by Elo can be relied on"
        said.append(f"Cyclic (intransitive) component: {share} of the payoff variance.\n{trust}.")
    for one in board["influences"]:
        said.append(
            f"Without `{slug_of(board, one['removed'])}`, `{slug_of(board, one['then'])}` would be first"
            f" of the {one['team']}s instead of `{slug_of(board, one['first'])}`."
        )
    return "\n".join(said)


def slug_of(board: dict[str, Any], digest: str) -> str:
    lines = [*board["cameras"], *board["targets"]]
    return next(line["agent"]["slug"] for line in lines if line["agent"]["digest"] == digest)


def board_table(team: str, lines: Sequence[dict[str, Any]]) -> str:
    head = [team, "rank", "Elo", "P(best)", "margin", "payoff", "Nash", "in support", "deviation"]
    return table(head, [board_row(line) for line in lines])


def board_row(line: dict[str, Any]) -> list[str]:
    width = NORMAL * line["payoff_error"] if line["payoff_error"] is not None else None
    low, high = (None, None) if width is None else (line["payoff"] - width, line["payoff"] + width)
    return [
        line["agent"]["name"],
        f"{line['rank']} ({line['best_rank']} to {line['worst_rank']})",
        elo(line),
        figure(line["first_probability"], ".3f"),
        interval(line["margin"], line["margin_lower"], line["margin_upper"], ".0f"),
        interval(line["payoff"], low, high, "+.4f"),
        figure(line["nash_mass"], ".3f"),
        figure(line["nash_support"], ".2f"),
        figure(line["deviation"], "+.4f"),
    ]


def payoff_table(game: dict[str, Any]) -> str:
    head = ["", *(agent["name"] for agent in game["targets"])]
    rows = [
        [agent["name"], *(f"{cell['payoff']:+.4f} ± {cell['error']:.4f}" if cell else "–" for cell in cells)]
        for agent, cells in zip(game["cameras"], game["cells"], strict=True)
    ]
    return table(head, rows)


def elo(line: dict[str, Any]) -> str:
    if line["is_anchor"]:
        return f"{line['rating']:.0f} (the anchor)"
    return interval(line["rating"], line["lower"], line["upper"], ".0f")


def interval(value: float | None, lower: float | None, upper: float | None, form: str, unit: str = "") -> str:
    if value is None:
        return "–"
    if lower is None or upper is None:
        return f"{value:{form}}{unit}"
    return f"{value:{form}}{unit} ({lower:{form}} to {upper:{form}}{unit})"


def percent(*values: float | None) -> str:
    """Write a share and its interval, if there is one, in percent."""
    value, lower, upper = (None if value is None else 100 * value for value in values)
    return interval(value, lower, upper, ".1f", " %")


def figure(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


# Screenshots


def picture(scenario: str) -> str:
    return f"baselines-{scenario.lower()}.png"


def photograph(portal: Portal, played: dict[str, dict[str, Any]]) -> None:
    """Take a screenshot of each tournament's boards and heat map, with few colours."""
    PICTURES.mkdir(exist_ok=True)
    with open_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light") as page:
        for name, row in played.items():
            page.goto(f"{portal.address}/tournaments/{row['id']}/")
            page.wait_for_selector(".payoff-map")
            page.add_style_tag(content=STYLE)
            box = page.locator("#boards + .grid").bounding_box(), page.locator("section:has(#payoffs)").bounding_box()
            top, bottom = box[0]["y"], box[1]["y"] + box[1]["height"]  # type: ignore[index]
            clip = {"x": 0.0, "y": top - 8, "width": float(WIDTH), "height": bottom - top + 16}
            shrink(page.screenshot(full_page=True, clip=clip), PICTURES / picture(name))  # type: ignore[arg-type]


def shrink(png: bytes, path: Path) -> None:
    from PIL import Image

    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(path, optimize=True)

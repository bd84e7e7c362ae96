"""How the distribution's packages are laid out; everything else about it is in pyproject.toml.

A wheel holds `mate` and `mate_arena`. The portal's own packages have plain names, so they go into
`mate_arena/application` with `manage.py`, the templates and the translations, and not beside everybody's packages. In a
checkout (an editable installation) all stay where they are.
"""

import sys

from setuptools import find_packages, setup

FLOORS = ("policies", "training", "tournament", "tasks", "portal")
OWN = find_packages(include=["mate", "mate.*", "mate_arena", "mate_arena.*"])
APPLICATION = find_packages(include=[pattern for floor in FLOORS for pattern in (floor, f"{floor}.*")])
INSIDE = "mate_arena.application"

if "editable_wheel" in sys.argv:
    setup(packages=[*OWN, *APPLICATION])
else:
    setup(
        packages=[*OWN, INSIDE, *(f"{INSIDE}.{name}" for name in APPLICATION)],
        package_dir={INSIDE: "."} | {f"{INSIDE}.{name}": name.replace(".", "/") for name in APPLICATION},
        package_data={
            "mate": ["assets/*.yaml"],
            INSIDE: ["manage.py", "templates/**/*", "locale/**/*", "docs/**/*"],
            f"{INSIDE}.portal": ["static/**/*"],
        },
    )

"""Descriptions of the launcher's actions (`portal.launcher`), so that the help does not need to load the portal."""

LAUNCHER = {
    "run": "Prepare, start everything and keep it alive until Ctrl-C.",
    "prepare": "Prepare and return: compiled game, database, static files, first content.",
    "web": "Become the web server.",
    "worker": "Become a worker.",
    "trainer": "Become a trainer.",
    "sweep": "Become the sweep, which re-issues work that no live worker holds.",
    "password": "Give the administrator a new password and print it.",
    "manage": "Run a management command, such as `manage create_token admin`.",
    "health": "Exit with 0 if the website answers.",
}

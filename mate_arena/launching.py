"""Descriptions of the launcher's actions (`portal.launcher`), so that the help does not need to load the portal."""

LAUNCHER = {
    "run": "Prepare and start everything, and keep it running until Ctrl-C.",
    "prepare": "Compile the game, prepare the database, the static files and the first content, and exit.",
    "web": "Run the web server.",
    "worker": "Run a worker.",
    "trainer": "Run a trainer, which runs one training at a time.",
    "sweep": "Run the sweep, which reassigns work that no live worker holds.",
    "password": "Give the administrator a new password and print it.",
    "manage": "Run a management command, such as `manage create_token admin`.",
    "health": "Exit with 0 if the website answers.",
}

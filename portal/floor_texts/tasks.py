"""Texts for the catalogue of translations. `manage.py collect_texts` writes this file."""

from django.utils.translation import gettext_noop

gettext_noop("Add the agents")
gettext_noop("Another process trains in the run's folder and does not end: {0}.")
gettext_noop("Play a few steps")
gettext_noop("Redis does not answer.")
gettext_noop(
    "Something failed on our side, and not in your file; it was tried {0} times. The "
    "administrators can see the error in the workers' logs. You may upload it again later."
)
gettext_noop("Something failed on our side; the trainer's log says more.")
gettext_noop("The database does not answer.")
gettext_noop("The disk of the database is full.")
gettext_noop(
    "The disk of the portal's files is full: {0} MB are free, a training wants {1} MB. What was "
    "trained is kept. Ask the administrator to make room, then resume."
)
gettext_noop("The disk of this machine is full.")
gettext_noop("The file has no agent in it. Upload a checkpoint, or the archive of a training run.")
gettext_noop("The file was offered as a {0} agent, and it was trained for the {1} team. Upload it again as what it is.")
gettext_noop("The files cannot be reached: {0}.")
gettext_noop("The process of a remote agent was started again. Its unfinished episodes are played anew.")
gettext_noop("The run's folder is of no use: {0}.")
gettext_noop("The storage of files does not answer: {0}.")
gettext_noop("The stored file of upload {0} has the digest {1}, not {2}.")
gettext_noop("The training failed without saying why; its log may tell.")
gettext_noop("The training's process ended unexpectedly (status {0}); the end of its log may tell why.")
gettext_noop("The training's process was asked to end from outside.")
gettext_noop("The training's process was killed, usually because the machine ran out of memory.")
gettext_noop("The worker was lost {0} times while it did this. The administrator's logs say more.")
gettext_noop("These weights are on this portal already, as a private agent of another user.")
gettext_noop("a private tournament")
gettext_noop("engine {0}, Ray {1}")
gettext_noop("its PSRO tables are not shown: no packaged scenario has these dimensions, or iterations are missing")
gettext_noop(
    "its process did not answer within {0} seconds. Start it with `python -m mate.remote`, or "
    "let it decide faster, then start the tournament again."
)
gettext_noop("its process failed. {0}")
gettext_noop("its process sent an action that is not a finite number.")
gettext_noop("its process sent an answer that cannot be read. {0}")
gettext_noop("its process sent an answer without its own name, `process`.")
gettext_noop("its process sent arrays {0}, expected {1}.")
gettext_noop("its process sent numbers of messages that are not between 0 and 1,000 a step.")
gettext_noop("playing block {0} of {1}")
gettext_noop("the PSRO run “{0}”")
gettext_noop("{0} It goes on from its last state.")
gettext_noop("{0} Resume tries it again.")
gettext_noop("{0} That was so {1} times without any progress. Resume tries it again.")
gettext_noop("{0} That was {1} times.")
gettext_noop("{0} is no longer ours (token {1})")
gettext_noop("{0} was read, but it cannot play: {1}")
gettext_noop(
    "{0} was read, but it is too slow to be played: {1} steps of an episode a second on this "
    "machine, where at least {2} are needed. Upload a smaller network, or one that decides less "
    "often (frame_skip)."
)
gettext_noop("{0}: {1} steps, {2} a second, in {3}")

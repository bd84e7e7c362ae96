"""Texts for the catalogue of translations. `manage.py collect_texts` writes this file."""

from django.utils.translation import gettext_noop

gettext_noop("It is open whether {0} or {1} is better: all differences are alike, so there is no interval.")
# xgettext:no-python-format
gettext_noop("It is open whether {0} or {1} is better: the 95 % interval of the difference contains zero.")
gettext_noop("Iteration {0}: no upper limit")
gettext_noop("Nothing is rated in this scenario yet.")
gettext_noop("Only the agent's owner or an administrator can download it. Ask the owner to allow downloads.")
gettext_noop("Only the {0}'s owner or an administrator can {1}.")
gettext_noop("Sign in before you upload a file.")
gettext_noop("Signing up here takes an invitation that is good. Ask the administrator for a link.")
gettext_noop("That is more than a form may send, files apart: at most 1 MiB. Files are taken at /uploads/new/ alone.")
gettext_noop("The file is larger than this portal accepts ({0}). Upload only the checkpoint itself.")
gettext_noop("The request came too slowly and was not read. Send it again.")
gettext_noop("The two episodes are of different scenarios: there is nothing to compare.")
gettext_noop("There is no agent {0}: choose two from the lists.")
gettext_noop("There is no format {0}: agents are downloaded as {1}.")
gettext_noop("There is no {0} {1}. Did you mean '{2}'?")
gettext_noop("There is no {0} {1}. Leave it out.")
gettext_noop("There is no {0} {1}. There are: {2}.")
gettext_noop("There is no {0} {1}: nothing is read here. Leave it out.")
gettext_noop("This name looks like one that is taken. Choose one that differs visibly.")
gettext_noop("This name mixes alphabets with letters that look alike. Write it in one alphabet.")
gettext_noop("This portal makes no films: the package imageio-ffmpeg is not installed.")
gettext_noop("This portal takes no new accounts. Its administrator can create one for you.")
gettext_noop("Too many failed attempts to sign in under this name. Wait {0} minutes, then try again.")
gettext_noop("Too many {0}: at most {1} in {2} {3}.")
gettext_noop("You would have {0} {1} with this; one user may have {2}. {3}")
gettext_noop("Your uploads take {0} GiB, and you may have {1} GiB here. Ask the administrator.")
gettext_noop("add a scenario for it")
gettext_noop("attempts to sign in")
gettext_noop("attempts to sign up")
gettext_noop("new tournaments, trainings, runs and schedules")
gettext_noop("python -m mate.remote MODULE:CLASS --url {0} --token TOKEN --name {1}")
gettext_noop("rename or describe it")
gettext_noop("requests for mail")
# xgettext:no-python-format
gettext_noop("the 95 % interval of the difference excludes zero")
gettext_noop("{0} Try again in {1}.")
gettext_noop("{0} and {1} have not played enough of the same episodes to be compared.")
gettext_noop("{0} by iteration; the table has the same figures")
gettext_noop("{0} has no snapshot number {1}.")
gettext_noop(
    "{0} is a {1} and {2} a {3}: agents of different teams meet, and cannot be compared. Choose two of one team."
)
gettext_noop("{0} is better than {1}, but by little: {2}, and the sequential test finds less than it looks for.")
gettext_noop("{0} is better than {1}: {2}, and the stricter sequential test agrees.")
gettext_noop("{0} is probably better than {1}: it did better by the same in all {2} pairs of episodes.")
gettext_noop("{0} is probably better than {1}: {2}, the stricter sequential test is open.")
gettext_noop("{0} is {1}: it must be a whole number from {2} to {3}.")
gettext_noop(
    "{0} of your uploads wait or are being checked, as many as one user may have at a time. "
    "Wait until one of them is done, then upload this file again."
)
gettext_noop("{0} over {1} iterations; the table has the same figures")
gettext_noop("{0} pairs of episodes are few.")
gettext_noop("{0} was chosen twice: choose two different agents.")

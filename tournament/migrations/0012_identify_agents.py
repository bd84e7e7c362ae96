"""Give agents their identities: what plays, without where it comes from. Digests stay, as the seeds of episodes are made of them."""

from django.core.files.storage import default_storage
from django.db import migrations, models

from policies import Checkpoint, CheckpointError
from tournament import agents


def fill(apps, schema_editor):
    """Identify every agent; of several that are the same, the first alone gets the identity, and the others stay as they are."""
    Agent = apps.get_model("tournament", "Agent")
    identities: dict[str, str] = {}
    taken: set[str] = set()
    rows = Agent.objects.order_by(models.Case(models.When(kind="mixture", then=1), default=0), "pk")
    for row in rows.only("pk", "digest", "kind", "spec").iterator(chunk_size=100):
        identity = identities[row.digest] = identify(row, identities)
        if identity not in taken:
            taken.add(identity)
            Agent.objects.filter(pk=row.pk).update(identity=identity)


def identify(row, identities: dict[str, str]) -> str:
    """The identity of an agent; its digest where its checkpoint's file is gone or damaged."""
    spec = agents.from_json(row.spec)
    if isinstance(spec, agents.Mixture):
        return agents.identify_mixture(
            spec.team, [(weight, identities.get(one.digest, one.digest)) for weight, one in spec.members]
        )
    if isinstance(spec, agents.LearnedAgent):
        try:
            with default_storage.open(f"checkpoints/{spec.checkpoint}.zip") as file:
                checkpoint = Checkpoint.from_bytes(file.read())
        except (OSError, CheckpointError):
            return row.digest
        return agents.LearnedAgent(spec.team, checkpoint.identity, spec.deterministic).digest
    return row.digest


class Migration(migrations.Migration):

    dependencies = [
        ('tournament', '0011_agent_identity'),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

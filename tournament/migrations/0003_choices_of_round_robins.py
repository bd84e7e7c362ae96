"""Tournaments from before there were formats are round robins of one round: they get the choices that say so."""

from django.db import migrations

REASON = "Every camera meets every target"


def write_choices(apps, schema_editor):
    Tournament, Choice = (apps.get_model("tournament", name) for name in ("Tournament", "Choice"))
    for tournament in Tournament.objects.filter(round=0).iterator():
        pairings = tournament.pairings.order_by("id").values_list("id", flat=True)
        rows = (
            Choice(
                tournament=tournament,
                round=1,
                pairing_id=pairing,
                first=0,
                count=tournament.episodes_per_pairing,
                step=1,
                reason=REASON,
            )
            for pairing in pairings.iterator(chunk_size=2000)
        )
        Choice.objects.bulk_create(rows, batch_size=500)
        tournament.round = 1
        tournament.settings = {"episodes": tournament.episodes_per_pairing}
        tournament.save(update_fields=["round", "settings"])


class Migration(migrations.Migration):
    dependencies = [("tournament", "0002_rounds_and_schedules")]

    operations = [migrations.RunPython(write_choices, migrations.RunPython.noop)]

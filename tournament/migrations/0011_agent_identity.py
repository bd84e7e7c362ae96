from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tournament', '0010_what_episodes_took'),
    ]

    operations = [
        migrations.AddField(
            model_name='agent',
            name='identity',
            field=models.CharField(editable=False, max_length=64, null=True, unique=True),
        ),
    ]

"""Nothing of a test whose transactions were committed is left for the next."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from tests.emptying import STANDING, read_standing
from tests.trials import builtins, make_tournament, scenario  # noqa: F401  Fixtures.

pytestmark = pytest.mark.django_db(transaction=True)


def empty() -> None:
    """Do what ends a test."""
    TransactionTestCase("run")._fixture_teardown()


def count_rows() -> dict[str, int]:
    tables = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return {name: count for name, model in tables.items() if (count := model._base_manager.count())}


def test_rows_of_all_models_are_gone_and_those_of_the_code_stay(make_tournament) -> None:  # noqa: F811
    make_tournament("greedy naive", "greedy")
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.first())
    before = read_standing()
    empty()
    assert set(count_rows()) == set(STANDING) and read_standing() == before


def test_every_table_of_the_database_is_emptied_or_stands() -> None:
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    assert names == {model._meta.db_table for model in apps.get_models(include_auto_created=True)}


def test_what_a_test_changed_in_the_standing_rows_is_mended() -> None:
    known = set(Permission.objects.values_list("codename", flat=True))
    Group.objects.create(name="Judges").permissions.set(Permission.objects.all())
    ContentType.objects.filter(app_label="tournament").delete()
    Permission.objects.update(name="Anything")
    empty()
    assert set(count_rows()) == set(STANDING)
    assert set(Permission.objects.values_list("codename", flat=True)) == known
    assert not Permission.objects.filter(name="Anything").exists()

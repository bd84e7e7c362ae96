"""What the registries name fits into the rows that store the names."""

from django.db.models import CharField

from tournament.formats import FORMATS
from tournament.meta_solvers import META_SOLVERS
from tournament.models import PsroRun, Schedule, Tournament, TrainingRun
from training.algorithms import ALGORITHMS


def test_names_fit_into_their_columns() -> None:
    columns = [
        (Tournament, "format", FORMATS),
        (Schedule, "format", FORMATS),
        (PsroRun, "meta_solver", META_SOLVERS),
        (TrainingRun, "algorithm", ALGORITHMS),
    ]
    for model, column, names in columns:
        field = model._meta.get_field(column)
        assert isinstance(field, CharField) and field.max_length
        assert [name for name in names if len(name) > field.max_length] == []

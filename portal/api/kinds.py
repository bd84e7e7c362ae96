"""Explanations of all kinds of problems."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from portal.api.errors import Refusal
from portal.api.schemas import answers
from portal.problems import ADDRESS, KINDS

router = Router()


class KindOut(Schema):
    code: str
    type: str = Field(description="Its address.")
    title: str
    statuses: list[int] = Field(description="HTTP statuses that it comes with.")


def describe(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    return {"code": code, "type": ADDRESS + code, "title": str(kind.title), "statuses": kind.statuses}


@router.get("/problems", response=list[KindOut], summary="Kinds of problems")
def list_kinds(request: HttpRequest) -> list[dict[str, Any]]:
    return [describe(code) for code in KINDS]


@router.get("/problems/{code}", response=answers(KindOut, 404), summary="One kind of problem")
def get_kind(request: HttpRequest, code: str) -> dict[str, Any]:
    if code not in KINDS:
        raise Refusal(
            404, "not_found", f"There is no kind of problem {code!r}. GET /api/v1/problems lists them.", "code"
        )
    return describe(code)

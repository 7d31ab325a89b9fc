"""Each status of the API server is one error of ours."""

import pytest

from wharfinger.kube import errors


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidError),
        (401, errors.UnauthorizedError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (410, errors.GoneError),
        (422, errors.InvalidError),
        (429, errors.BusyError),
        (500, errors.BusyError),
        (503, errors.BusyError),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[errors.KubeError]) -> None:
    error = errors.from_status(status, {"message": "no", "reason": "Because"}, 3.0)
    assert type(error) is kind
    assert (str(error), error.status, error.reason, error.retry_after) == ("no", status, "Because", 3.0)


def test_an_admission_webhook_that_is_away_is_named_and_not_waited_for() -> None:
    body = {"message": 'Internal error occurred: failed calling webhook "a.b.c": connection refused'}
    assert isinstance(errors.from_status(500, body), errors.ForbiddenError)


def test_a_conflict_over_fields_is_permanent_and_any_other_conflict_is_not() -> None:
    body = {"message": "conflict", "details": {"causes": [{"reason": "FieldManagerConflict"}]}}
    assert isinstance(errors.from_status(409, body), errors.OwnedError)
    assert isinstance(errors.from_status(409, body), errors.PermanentError)
    assert isinstance(errors.from_status(409, {"message": "the uid differs"}), errors.RetryableError)


def test_a_field_of_the_wrong_shape_is_permanent_although_the_api_server_calls_it_its_own_fault() -> None:
    said = "failed to create typed patch object (/a; apps/v1, Kind=Deployment): .spec.x: expected map, got &{b}"
    assert isinstance(errors.from_status(500, {"message": said}), errors.InvalidError)


def test_an_answer_that_is_no_status_still_makes_an_error() -> None:
    assert str(errors.from_status(502, None)) == "HTTP 502"
    assert str(errors.from_status(502, {"details": None})) == "HTTP 502"

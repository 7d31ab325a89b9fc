"""The error table against the specification's list, and the form of the body."""

import json

from wharf.protocol.errors import Problem, RegistryError

SPECIFIED = {  # distribution-spec, Error Codes
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
}


def test_every_code_of_the_specification_is_in_the_table_and_no_client_error_has_another():
    assert {problem.code for problem in Problem if problem.status < 500} == SPECIFIED


def test_every_problem_is_an_error_with_a_message():
    for problem in Problem:
        assert 400 <= problem.status < 600
        assert problem.message


def test_a_body_has_the_specified_form():
    assert json.loads(RegistryError(Problem.BLOB_UNKNOWN).body()) == {
        "errors": [{"code": "BLOB_UNKNOWN", "message": "blob unknown to this repository"}]
    }


def test_a_body_has_one_error_for_each_detail():
    error = RegistryError(Problem.MANIFEST_BLOB_UNKNOWN, "gone", details=[{"digest": "a"}, {"digest": "b"}])
    errors = json.loads(error.body())["errors"]
    assert [one["detail"] for one in errors] == [{"digest": "a"}, {"digest": "b"}]
    assert {one["message"] for one in errors} == {"gone"}

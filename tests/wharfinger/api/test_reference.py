"""The reference page says what the schema says."""

from wharfinger.api.crd import crds
from wharfinger.api.reference import reference


def fields(schema, prefix=""):
    for name, below in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        yield from fields(below, f"{prefix}{name}.")
        if below.get("type") == "array":
            yield from fields(below["items"], f"{prefix}{name}[].")


def test_every_field_has_a_row():
    page = reference()
    for crd in crds().values():
        properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        for section in ("spec", "status"):
            for field in fields(properties[section]):
                assert f"| `{field}` |" in page


def test_globs_are_neither_emphasis_nor_escaped_within_code():
    page = reference()
    assert "`**` across parts" in page
    assert r"write team-a/\*\* for all" in page


def test_the_default_of_an_object_is_that_of_its_fields():
    assert "{'" not in reference()


def test_rows_have_as_many_cells_as_their_table():
    for line in reference().splitlines():
        if line.startswith(("| `storage", "| `auth")):
            assert line.replace("\\|", "").count("|") == 5

"""What tests of the HTTP layer share."""

import pytest
from tools.bodies import Chunks, Length

from wharf.http import fast_bodies
from wharf.http.fast_answers import Answers
from wharf.http.fast_bodies import Receiver


@pytest.fixture
def replayed(monkeypatch):
    """Those answers that were replayed."""
    given = []
    original = Answers.give

    def give(self, replay, *rest):
        given.append(replay)
        return original(self, replay, *rest)

    monkeypatch.setattr(Answers, "give", give)
    return given


@pytest.fixture(scope="module")
def secure(start_once, make_pair):
    place = start_once
    certificate, key = make_pair("localhost")
    (place.path / "tls.crt").write_bytes(certificate)
    (place.path / "tls.key").write_bytes(key)
    tls = {"certificate": str(place.path / "tls.crt"), "key": str(place.path / "tls.key")}
    return place("secure.yaml", tls=tls, data=str(place.path / "secure"))


@pytest.fixture(params=["plain", "TLS"])
def either(request):
    """A registry over plain TCP, and one over TLS."""
    return request.getfixturevalue("registry" if request.param == "plain" else "secure")


@pytest.fixture(params=[Length, Chunks])
def form(request):
    """How the body is framed."""
    return request.param()


@pytest.fixture
def taken(monkeypatch, form):
    """The receivers that were made; their buffers are small, so that little content passes through many."""
    made = []
    original = Receiver.__init__

    def init(self, *arguments):
        original(self, *arguments)
        made.append(self)

    monkeypatch.setattr(Receiver, "__init__", init)
    monkeypatch.setattr(fast_bodies, "LEAST", 1000 if isinstance(form, Length) else 0)
    monkeypatch.setattr(fast_bodies, "SIZE", 30_000)
    return made

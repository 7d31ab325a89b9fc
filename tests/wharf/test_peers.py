"""Workers that speak, and what is made of what they say."""

import pytest

from wharf import peers
from wharf.peers import Peers, Post, Word, agreed, said_of


def report(digest, at="2026-01-01T00:00:00Z", error=""):
    return {"sha256": digest, "loadedAt": at, "error": error}


@pytest.fixture
def post(tmp_path):
    return lambda number: Post(number, 3, 0, -1, str(tmp_path), 1)


async def test_each_hears_what_the_others_say_and_who_says_nothing(post, monkeypatch):
    monkeypatch.setattr(peers, "SECONDS", 5.0)
    word = Word({"htpasswd": report("a"), "certificate": None}, {"requests": [(("GET", "tags", "200"), [2.0])]})
    speaker, listener = Peers(post(0)), Peers(post(1))
    await speaker.listen(lambda: word)
    try:
        assert await listener.ask() == [word, None]
    finally:
        speaker.close()
    assert await listener.ask() == [None, None]


async def test_who_serves_alone_has_no_others():
    alone = Peers(None)
    await alone.listen(lambda: Word({}, {}))
    assert await alone.ask() == []
    alone.close()


def test_a_file_is_what_all_have_or_what_one_lacks():
    new, old = report("new", "2026-01-02T00:00:00Z"), report("old")
    assert agreed(None, [None]) is None
    assert agreed(new, []) == new
    assert agreed(new, [report("new")]) == new
    assert agreed(new, [old]) == agreed(old, [new]) == old
    assert agreed(new, [None])["sha256"] == ""
    assert agreed(new, [report("old", error="broken")])["error"] == "broken"
    silent = said_of("htpasswd", [None])
    assert "does not answer" in agreed(new, silent)["error"]


def test_a_worker_learns_from_its_environment_who_it_is(monkeypatch):
    assert Post.of_environment() is None
    monkeypatch.setenv(peers.VARIABLE, '{"number":1,"count":2,"public":5,"admin":-1,"directory":"/d","parent":9}')
    assert Post.of_environment() == Post(1, 2, 5, -1, "/d", 9)

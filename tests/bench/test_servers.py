"""A server is started, measured and ended."""

import http.client

from bench.machine import Place

from bench import servers


def test_wharf_is_started_answers_and_is_measured(tmp_path):
    place = Place.make(tmp_path)
    server = servers.start("wharf", place, tls=False, login=False)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/v2/")
        assert connection.getresponse().status == 200
        connection.close()
        assert server.memory() > 10
        assert server.cpu() > 0
    finally:
        server.stop()
    assert server.process.returncode == 0

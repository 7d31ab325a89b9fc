"""What a run is made of."""

import hashlib
import stat

from bench.machine import Place

from bench import machine


def test_a_place_has_credentials_and_a_certificate_that_curl_can_use(tmp_path):
    place = Place.make(tmp_path)
    assert place.htpasswd.read_text().startswith(f"{machine.USER}:$2b$05$")
    assert place.password not in place.htpasswd.read_text()
    assert place.certificate.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert place.password in place.netrc.read_text()
    assert stat.S_IMODE(place.netrc.stat().st_mode) == 0o600


def test_a_varied_blob_is_another_of_the_same_size(tmp_path):
    first = machine.write_blob(tmp_path / "blob", 100_000)
    second = machine.vary_blob(tmp_path / "blob")
    content = (tmp_path / "blob").read_bytes()
    assert len(content) == 100_000
    assert first != second == "sha256:" + hashlib.sha256(content).hexdigest()

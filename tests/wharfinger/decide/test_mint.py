"""The operating system's randomness."""

import math

import pytest

from wharfinger.decide.mint import QuickMint, SystemMint, TakesTimeError

MINT = SystemMint()


def test_a_password_has_at_least_128_bits_and_needs_no_quoting():
    password = MINT.password()
    assert len(password) * math.log2(64) >= 128
    assert password.replace("-", "").replace("_", "").isalnum()
    assert len({MINT.password() for _ in range(100)}) == 100


def test_a_token_is_long():
    assert len(MINT.token()) >= 43


def test_a_hash_is_of_its_password_alone():
    for hashed in (MINT.hash("right"), MINT.hash("right", random=True)):
        assert MINT.verify("right", hashed)
        assert not MINT.verify("wrong", hashed)


def test_only_a_password_that_nobody_guesses_is_hashed_at_the_least_cost():
    assert MINT.hash("p").startswith("$2b$10$")
    assert MINT.hash(MINT.password(), random=True).startswith("$2b$04$")


@pytest.mark.parametrize("hashed", ["", "$2b$", "$2b$10$short", "plain"])
def test_a_malformed_hash_verifies_nothing(hashed):
    assert not MINT.verify("right", hashed)


def test_a_password_too_long_for_bcrypt_verifies_nothing():
    assert not MINT.verify("x" * 100, MINT.hash("x" * 72))


def test_a_key_is_on_p256():
    assert MINT.key().curve.name == "secp256r1"


def test_a_serial_number_is_positive_and_short_enough_for_rfc_5280():
    assert 0 < MINT.serial() < 1 << 159


def test_the_quick_one_does_what_is_quick_and_refuses_the_rest():
    mint = QuickMint()
    random = mint.password()
    assert mint.verify(random, mint.hash(random, random=True))
    with pytest.raises(TakesTimeError):
        mint.hash("p")
    with pytest.raises(TakesTimeError):
        mint.verify("p", "$2b$10$" + "a" * 53)

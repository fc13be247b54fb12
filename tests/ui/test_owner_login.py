"""Who is let in as the owner: the right password, not too many wrong ones, and sessions that end."""

from __future__ import annotations

import threading

import pytest

from solar_chat.access import is_encrypted
from solar_chat.credentials import checked_owner_password
from solar_chat.errors import InputError, StartError
from solar_chat.ui.owner_login import MOST_SESSIONS, SESSION_S, TRIES_OF_ALL, TRIES_OF_ONE, TRIES_S, OwnerLogin
from tests.clock import Clock

PASSWORD = "주인만 아는 긴 비밀번호"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(clock: Clock) -> OwnerLogin:
    return OwnerLogin(PASSWORD, clock)


def test_a_session_is_found_by_its_pass_alone(login: OwnerLogin) -> None:
    given = login.enter(PASSWORD, "a")
    assert len(given) >= 43
    assert login.is_inside(given)
    assert login.enter(PASSWORD, "a") != given
    for guess in ("", "x", given[:-1], given + "x", given.swapcase(), PASSWORD, "\ud800"):
        assert not login.is_inside(guess)
    login.leave(given)
    assert not login.is_inside(given)


@pytest.mark.parametrize("given", ["", PASSWORD[:-1], PASSWORD + " ", PASSWORD.upper() + "x", "\ud800", "x" * 100_000])
def test_only_the_password_opens(login: OwnerLogin, given: str) -> None:
    with pytest.raises(InputError, match="owner_password_wrong"):
        login.enter(given, "a")


def test_a_guesser_has_to_wait_and_nobody_else(login: OwnerLogin, clock: Clock) -> None:
    for _ in range(TRIES_OF_ONE):
        with pytest.raises(InputError, match="owner_password_wrong"):
            login.enter("guess", "stranger")
        clock.now += 1
    with pytest.raises(InputError) as caught:
        login.enter(PASSWORD, "stranger")
    assert (caught.value.key, caught.value.params) == ("too_many_tries", {"seconds": TRIES_S - TRIES_OF_ONE})
    login.enter(PASSWORD, "owner")
    clock.now += TRIES_S - TRIES_OF_ONE
    login.enter(PASSWORD, "stranger")


def test_many_addresses_do_not_help(login: OwnerLogin, clock: Clock) -> None:
    for number in range(TRIES_OF_ALL):
        with pytest.raises(InputError, match="owner_password_wrong"):
            login.enter("guess", f"address {number}")
    with pytest.raises(InputError, match="too_many_tries"):
        login.enter("guess", "one more")
    clock.now += TRIES_S
    login.enter(PASSWORD, "one more")


def test_threads_do_not_get_more_tries(login: OwnerLogin) -> None:
    answers: list[str] = []
    threads: list[threading.Thread] = []

    def guess() -> None:
        try:
            login.enter("guess", "stranger")
        except InputError as error:
            answers.append(error.key)

    for _ in range(TRIES_OF_ONE + 3):
        threads.append(threading.Thread(target=guess))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert answers.count("owner_password_wrong") == TRIES_OF_ONE


def test_sessions_end(login: OwnerLogin, clock: Clock) -> None:
    given = login.enter(PASSWORD, "a")
    clock.now += SESSION_S - 1
    assert login.is_inside(given)
    clock.now += 1
    assert not login.is_inside(given)
    many = [login.enter(PASSWORD, "a") for _ in range(MOST_SESSIONS + 1)]
    assert [login.is_inside(each) for each in many] == [False, *[True] * MOST_SESSIONS]


def test_passwords_that_are_not_taken() -> None:
    for weak in ("", "short", " " * 20, "열한 글자뿐입니다요"):
        with pytest.raises(StartError, match="owner_password_weak"):
            checked_owner_password(weak, None)
    with pytest.raises(StartError, match="owner_password_same"):
        checked_owner_password(PASSWORD, PASSWORD)
    assert checked_owner_password(PASSWORD, "for visitors") == PASSWORD


def test_where_a_connection_is_encrypted() -> None:
    assert is_encrypted("https", "192.168.0.7:7860", {})
    assert is_encrypted("http", "abc.gradio.live", {})
    assert is_encrypted("http", "Me-Solar.hf.space", {"SPACE_HOST": "me-solar.hf.space"})
    for host in ("192.168.0.7:7860", "localhost", "gradio.live.evil.example", ""):
        assert not is_encrypted("http", host, {"SPACE_HOST": ""})

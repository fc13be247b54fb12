"""Who may connect: names, origins, Spaces."""

from __future__ import annotations

import ipaddress

import pytest

from solar_chat.access import host_allowed, is_local_origin, is_loopback, is_space, reachable_name


@pytest.mark.parametrize(
    ("name", "shared", "allowed"),
    [
        ("localhost", False, True),
        ("127.0.0.1", False, True),
        ("[::1]", False, True),
        ("192.168.0.7", False, True),
        ("evil.example", False, False),
        ("100.64.3.4", False, True),
        ("8.8.8.8", False, False),
        ("abc.gradio.live", False, False),
        ("abc.gradio.live", True, True),
        ("abc.gradio.live.evil.example", True, False),
        ("me-solar.hf.space", True, False),
        ("", False, False),
    ],
)
def test_names_that_can_be_meant(name: str, shared: bool, allowed: bool) -> None:
    assert host_allowed(name, bound="127.0.0.1", shared=shared, environment={}) is allowed


def test_a_spaces_own_name_is_meant() -> None:
    environment = {"SPACE_HOST": "me-solar.hf.space", "SYSTEM": "spaces", "SPACE_ID": "me/solar"}
    assert host_allowed("me-solar.hf.space", bound="0.0.0.0", shared=False, environment=environment)
    assert is_space(environment)
    assert not is_space({"SPACE_ID": "me/solar"})
    assert not is_space({})


@pytest.mark.parametrize(
    ("origin", "local"),
    [
        ("http://localhost:3000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:8080", True),
        ("null", False),
        ("http://localhost.evil.example", False),
        ("http://localhost:99999999", False),
        ("file://localhost", False),
        ("http://evil@localhost", False),
    ],
)
def test_origins_of_this_computer(origin: str, local: bool) -> None:
    assert is_local_origin(origin) is local


def test_loopback_and_what_others_type() -> None:
    assert is_loopback("localhost")
    assert is_loopback("127.0.0.2")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("computer")
    assert reachable_name("192.168.0.7") == "192.168.0.7"
    assert reachable_name("fe80::1") == "[fe80::1]"
    everywhere = reachable_name("0.0.0.0")
    assert everywhere != "0.0.0.0"
    assert everywhere


def test_a_private_address_is_no_name_that_was_rebound() -> None:
    assert ipaddress.ip_address("10.0.0.1").is_private
    assert host_allowed("10.0.0.1", bound="127.0.0.1", shared=False, environment={})

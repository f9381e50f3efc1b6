import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.addresses import is_loopback_host, refusal, unwrapped

ALWAYS = [
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::a9fe:a9fe",
    "::ffff:0:169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:ec2::254",
    "2001::1",
    "not an address",
    "2130706433",
]
LOOPBACK = [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::7f00:1",
    "::ffff:0:7f00:1",
]
FINE = ["93.184.216.34", "10.0.0.5", "192.168.1.2", "172.16.3.4", "2606:4700::1111", "fd12:3456::1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", ALWAYS)
def test_never(address):
    assert refusal(address, allow_local=False)
    assert refusal(address, allow_local=True)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_only_with_the_switch(address):
    assert refusal(address, allow_local=False)
    assert refusal(address, allow_local=True) is None


@pytest.mark.parametrize("address", FINE)
def test_public_and_private_networks_pass(address):
    assert refusal(address, allow_local=False) is None


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_ipv4_address_is_judged_alike(address):
    value = int(address)
    spellings = [
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x64FF9B << 96) | value)),
        str(ipaddress.IPv6Address((0x2002 << 112) | (value << 80) | 1)),
    ]
    for allow_local in (True, False):
        judged = refusal(str(address), allow_local=allow_local)
        assert all(refusal(spelling, allow_local=allow_local) == judged for spelling in spellings)


@given(st.ip_addresses())
def test_link_local_loopback_multicast_and_unspecified_never_pass(address):
    plain = unwrapped(address)
    if plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified:
        assert refusal(str(address), allow_local=False)


@given(st.text())
def test_any_text_gets_an_answer(text):
    refusal(text, allow_local=True)
    is_loopback_host(text)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "::1"])
def test_names_of_this_machine(host):
    assert is_loopback_host(host)


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "notlocalhost", "10.0.0.1"])
def test_names_of_other_machines(host):
    assert not is_loopback_host(host)

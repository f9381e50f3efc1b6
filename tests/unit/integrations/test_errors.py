from integrations.errors import AddressRefused, ClientRejected, ConsentEnded, Malformed, Passing, ProviderError


def test_every_error_carries_a_sentence_and_a_code():
    errors = [ConsentEnded("A."), ClientRejected("A."), Passing("A.", 3.0), AddressRefused("A."), Malformed("A.")]
    assert all(isinstance(error, ProviderError) and str(error) == error.reason == "A." for error in errors)
    assert len({error.code for error in errors}) == len(errors)


def test_a_refused_address_keeps_the_grant_as_passing_trouble_does():
    assert isinstance(AddressRefused("A."), Passing)
    assert Passing("A.").retry_after is None
    assert Passing("A.", 3.0).retry_after == 3.0

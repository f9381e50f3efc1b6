"""What the account views keep to themselves."""

from tools.page_samples import account_samples


def test_a_new_key_stays_out_of_a_log_that_prints_the_view() -> None:
    view = next(view for slug, _, view in account_samples() if slug == "keys-made")
    assert view.new_key.startswith("tbk_")
    assert view.new_key not in repr(view)

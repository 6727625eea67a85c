"""What a verb declares, and what its graph may return."""

import pytest

from sslzoo.training import Verb


@pytest.mark.parametrize("results", [(1, 2), [1, 2], {"scale": 2, "mean": 1}])
def test_results_get_the_names_of_the_verb_in_its_order(results):
    assert list(Verb(("mean", "scale")).named(results).items()) == [("mean", 1), ("scale", 2)]


def test_a_single_result_needs_no_tuple():
    assert Verb("embedding").named(3) == {"embedding": 3}
    assert Verb("embedding").named({"embedding": 3}) == {"embedding": 3}


def test_other_results_than_declared_are_refused():
    with pytest.raises(ValueError, match=r"got 1 results; needed \('mean', 'scale'\)"):
        Verb(("mean", "scale")).named(3)
    with pytest.raises(ValueError, match=r"got results \['mean'\]; needed \('mean', 'scale'\)"):
        Verb(("mean", "scale")).named({"mean": 1})

"""The error that a user reads."""

import pickle

from sce.errors import InputError


def test_it_comes_out_of_another_process_as_it_was():
    error = InputError("a.yaml", "models", 3, "a mapping")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (InputError, str(error))
    assert (again.where, again.key, again.found, again.allowed) == ("a.yaml", "models", 3, "a mapping")

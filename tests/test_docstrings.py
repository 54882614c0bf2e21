"""Every public docstring is complete, and its example runs."""

import doctest
import importlib
import inspect
import sys

import pytest
from numpydoc.validate import validate

import skl_lstm

# An extended summary, an example for every method and a See Also section are optional.
NOT_REQUIRED = {"ES01", "EX01", "SA01"}
# They inherit the constructor of numpy.ndarray, which users do not call.
NOT_REQUIRED_OF = {"skl_lstm.PaddedSequences": {"PR01"}, "skl_lstm.TimedWindows": {"PR01"}}

PLACES = ("skl_lstm", "skl_lstm.inspection", "skl_lstm.datasets")


def public_names():
    for place in PLACES:
        module = importlib.import_module(place)
        for name in module.__all__:
            yield f"{place}.{name}", getattr(module, name)


def methods_of(cls):
    """The public methods that are defined in this package."""
    for name, member in inspect.getmembers(cls):
        ours = str(getattr(inspect.unwrap(member), "__module__", "")).startswith("skl_lstm")
        if name[0] != "_" and callable(member) and ours:
            yield name


DOCUMENTED = [
    *((name, thing) for name, thing in public_names() if callable(thing)),
    *(
        (f"{name}.{method}", getattr(thing, method))
        for name, thing in public_names()
        if inspect.isclass(thing)
        for method in methods_of(thing)
    ),
]


@pytest.mark.parametrize("name", [name for name, _ in DOCUMENTED])
def test_a_public_docstring_is_numpydoc(name):
    not_required = NOT_REQUIRED | NOT_REQUIRED_OF.get(name, set())
    assert [problem for problem in validate(name)["errors"] if problem[0] not in not_required] == []


@pytest.mark.parametrize(("name", "thing"), DOCUMENTED, ids=[name for name, _ in DOCUMENTED])
def test_the_examples_of_a_docstring_run(name, thing):
    # The module that defines it, because the finder compares a function's globals with its module.
    written_in = sys.modules[inspect.getmodule(inspect.unwrap(thing)).__name__]
    finder = doctest.DocTestFinder(recurse=False, exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in finder.find(thing, name, module=False, globs=vars(written_in).copy()):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def test_a_public_name_has_an_example():
    without = [
        name for name, thing in public_names() if callable(thing) and ">>>" not in thing.__doc__
    ]
    assert without == []


def test_a_public_name_has_its_public_module():
    assert all(
        f"{thing.__module__}.{thing.__name__}" == name
        for name, thing in public_names()
        if callable(thing)
    )
    assert skl_lstm.LSTMRegressor.__module__ == "skl_lstm"

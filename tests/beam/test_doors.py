"""What both commands on Beam take; their own tests check what they do."""

import pytest

pytest.importorskip("apache_beam")
from comrec_tf.beam import compress, restore

SHARED = {"input", "output_dir", "overwrite", "json", "threads"}


@pytest.mark.parametrize("module", [compress, restore])
def test_flags_are_those_of_the_command_without_beam(module):
    import importlib

    values = set(module.COMMAND.make_flags())
    assert values >= SHARED
    name = module.__name__.rpartition(".")[2]
    alone = set(importlib.import_module(f"comrec_tf.{name}").COMMAND.make_flags())
    assert values - alone == {"threads"}


@pytest.mark.parametrize("module", [compress, restore])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "b"], "expected files, folders or globs"),
        (["a"], "expected --output_dir. Received: nothing"),
        (["a", "-o", ""], "expected a folder. Received: nothing"),
        (["a", "-o", "b", "--runer=DirectRunner"], "Received: --runer"),
    ],
)
def test_what_is_missing_or_unknown_is_named(module, words, message, capsys):
    assert module.main(["command", *words]) == 2
    assert message in capsys.readouterr().err

import pytest
from absl import flags

from comrec_tf.commands import help_text

DESCRIPTION = """What it does.

    verb a -o b

It takes files and, at 50 % of the size of what was there before, it goes on and on for a while.

Exit codes: 0 done, 2 a wrong command line.
"""


@pytest.fixture
def values():
    values = flags.FlagValues()
    with help_text.group(values, help_text.TARGET):
        flags.DEFINE_float("share", None, "A share. Default: all.", 0, 1, flag_values=values)
        flags.DEFINE_enum("kind", "a", ["a", "b"], "Is <a>: or b.", flag_values=values)
        flags.DEFINE_enum("long", None, ["x" * 21, "y"], "L. Default: none.", flag_values=values)
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_string("output_dir", None, "To.", short_name="o", flag_values=values)
        flags.DEFINE_bool("keep", True, "Keep all 100 % of it.", flag_values=values)
        flags.DEFINE_bool("replace", False, "Replace jpeg-flat files.", flag_values=values)
        flags.DEFINE_list("files", ["a", "b"], "Names.", flag_values=values)
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_integer("pixels", 2_000_000, "At most.", lower_bound=1, flag_values=values)
    flags.mark_flag_as_required("output_dir", flag_values=values)
    return values


def drawn(values, width=80):
    return help_text.draw("verb", "FILE...", DESCRIPTION, values, width=width)


def test_what_people_look_for_first_comes_first_and_exit_codes_last(values):
    lines = drawn(values).splitlines()
    assert lines[0] == "What it does."
    assert lines[2] == "Usage: verb [FLAGS] FILE..."
    assert lines[4:6] == ["Examples:", "    verb a -o b"]
    assert lines[-1] == "Exit codes: 0 done, 2 a wrong command line."


def test_flags_stand_in_groups_those_with_a_short_form_first(values):
    text = drawn(values)
    headings = ("Input and output:", "Target:", "Run:")
    places = [text.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)
    assert "Network:" not in text
    assert places[0] < text.index("  -o, --output_dir=FOLDER") < text.index("--files") < places[1]


def test_each_flag_says_what_it_takes_and_what_holds_without_it(values):
    text = " ".join(drawn(values).split())
    assert "-o, --output_dir=FOLDER To. [required]" in text
    assert "--[no]keep Keep all 100 % of it. [default: yes]" in text
    assert "--replace Replace jpeg-flat files. [default: no]" in text
    assert "--files=A,B Names. [default: a,b]" in text
    assert "--share=X A share. [from 0 to 1; default: all]" in text
    assert "--kind=a|b Is <a>: or b. [default: a]" in text
    assert f"--long=NAME L. [one of {'x' * 21}, y; default: none]" in text
    assert "--pixels=N At most. [from 1; default: 2,000,000]" in text


@pytest.mark.parametrize("width", [50, 80, 100])
def test_lines_fit_the_width_and_no_word_is_cut(values, width):
    text = drawn(values, width)
    assert max(map(len, text.splitlines())) <= width
    assert "jpeg-flat" in text


def test_a_flag_outside_every_group_is_not_shown(values):
    flags.DEFINE_bool("lost", False, "Lost.", flag_values=values)
    assert "lost" not in {option.name for option in help_text.options(values)}

import json
import math

from comrec_tf.process import json_text


def test_what_json_lacks_is_null_and_all_else_as_it_was():
    value = {"a": [1, 2.5, "x", None, True], "b": {"c": (math.inf, -math.inf, math.nan)}}
    expected = {"a": [1, 2.5, "x", None, True], "b": {"c": [None] * 3}}
    assert json.loads(json_text.dumps(value)) == expected
    assert json_text.dumps([1], indent=2) == "[\n  1\n]"

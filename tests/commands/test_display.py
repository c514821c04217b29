import json

from comrec_tf.commands import display


def test_the_report_is_a_table_without_empty_columns_or_json(capsys):
    columns = {"file": ("file", "{}"), "size": ("bytes", "{:,}"), "psnr": ("PSNR", "{:.1f}")}
    rows = [{"file": "a", "size": 1234, "psnr": None}, {"file": "b", "size": 1, "psnr": None}]
    display.report(columns, rows, [], total={"size": 1235})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["file", "bytes"], ["a", "1,234"], ["b", "1"], ["total", "1,235"]]
    display.report(columns, rows, [{"file": "c", "error": "x"}], total={"size": 1235}, as_json=True)
    content = json.loads(capsys.readouterr().out)
    assert content["files"] == rows
    assert content["failures"][0]["file"] == "c"
    display.report(columns, rows, [], stream=True)
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "1,234" in streams.err

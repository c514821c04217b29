import os

import pytest

pytest.importorskip("apache_beam")
from comrec_tf.beam import output_folder


def test_a_folder_of_one_request_is_not_filled_by_another(tmp_path):
    output = str(tmp_path / "out")
    one, other = ({"aim": "quality", "value": value, "ids": {"2": "ab"}} for value in (40, 70))
    claimed = output_folder.claim(output, one, overwrite=False)
    assert claimed.reports.startswith(f"{output}/{output_folder.REPORTS}/")
    output_folder.claim(output, one, overwrite=False)
    with pytest.raises(ValueError, match="was begun with {'value': 40}"):
        output_folder.claim(output, other, overwrite=False)
    output_folder.claim(output, other, overwrite=True)
    with pytest.raises(ValueError, match="was begun with {'value': 70}"):
        output_folder.claim(output, one, overwrite=False)


def test_the_note_has_the_time_of_the_first_run_of_its_request(tmp_path):
    note = tmp_path / output_folder.REPORTS / "request.json"
    first = output_folder.claim(str(tmp_path), {"value": 40}, overwrite=False)
    assert first.since == note.stat().st_mtime
    os.utime(note, (1000, 1000))
    for overwrite in (False, True):
        again = output_folder.claim(str(tmp_path), {"value": 40}, overwrite=overwrite)
        assert (again.since, again.reports != first.reports) == (1000, True)
    other = output_folder.claim(str(tmp_path), {"value": 70}, overwrite=True)
    assert other.since >= first.since


def test_a_damaged_note_is_replaced_by_overwriting_alone(tmp_path):
    (tmp_path / output_folder.REPORTS).mkdir()
    (tmp_path / output_folder.REPORTS / "request.json").write_text("{")
    with pytest.raises(ValueError, match="line 1"):
        output_folder.claim(str(tmp_path), {"value": 40}, overwrite=False)
    output_folder.claim(str(tmp_path), {"value": 40}, overwrite=True)
    output_folder.claim(str(tmp_path), {"value": 40}, overwrite=False)

import pytest

from comrec_tf import batch


def test_outputs_are_named_by_their_inputs(tmp_path):
    outputs = batch.planned_outputs(["x/a.png", "b.tif"], str(tmp_path), ".jpg", overwrite=False)
    assert outputs == [tmp_path / "a.jpg", tmp_path / "b.jpg"]


def test_outputs_never_destroy_anything(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")

    def plan(*inputs, overwrite=False):
        return batch.planned_outputs(inputs, str(tmp_path), ".jpg", overwrite=overwrite)

    with pytest.raises(FileExistsError, match="--overwrite"):
        plan("a.png")
    assert plan("a.png", overwrite=True) == [tmp_path / "a.jpg"]
    with pytest.raises(ValueError, match=r"b.png and c/b.gif, which would both become"):
        plan("b.png", "c/b.gif")
    with pytest.raises(ValueError, match="is an input"):
        plan(str(tmp_path / "a.jpg"), overwrite=True)
    with pytest.raises(ValueError, match="Received: none"):
        plan()


def test_a_file_that_fails_does_not_stop_the_others(tmp_path, capsys):
    def work(path, output):
        if path == "b":
            raise ValueError("is odd")
        return path

    rows, failures = batch.for_each_file(["a", "b", "c"], [tmp_path] * 3, "working", work)
    assert rows == ["a", "c"]
    assert failures == ["b: is odd"]
    assert capsys.readouterr().err == "b: is odd\n1 of 3 files failed\n"

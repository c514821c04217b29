import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from comrec_tf.engines.tensorflow import pairs_of
from comrec_tf.exporting import lite_models
from tests.makers import make_model


def run(path, tile, told):
    interpreter = Interpreter(str(path))
    inputs = {len(each["shape"]): each for each in interpreter.get_input_details()}
    interpreter.resize_tensor_input(inputs[4]["index"], tile.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(inputs[4]["index"], tile)
    interpreter.set_tensor(inputs[1]["index"], told[: inputs[1]["shape"][0]])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_other_programs_get_bytes_of_bytes_in_colour_and_grey(tmp_path, photo, grey_photo):
    models = [make_model(scale=1, tables=True), make_model(scale=2)]
    told = np.array([0.3, -0.2, 0.5, 0.1, 1.0], np.float32)
    paths = lite_models.write_lite_models(models, tmp_path / "out")
    assert len(paths) == 8
    for pair in pairs_of(models):
        for name, network in (("com", pair.com), ("rec", pair.rec)):
            for colours, picture in (("rgb", photo), ("grey", grey_photo)):
                tile = np.ascontiguousarray(picture[None, :48, :64])
                path = tmp_path / "out" / f"{name}_scale{pair.scale}_{colours}.tflite"
                result = run(path, tile, told)
                assert result.dtype == np.uint8
                expected = network(tile, told).astype(int)
                assert np.abs(result.astype(int) - expected).max() <= 1


def test_files_that_exist_are_left_alone(tmp_path):
    (tmp_path / "rec_scale2_grey.tflite").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="rec_scale2_grey.tflite exists"):
        lite_models.write_lite_models([make_model()], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["rec_scale2_grey.tflite"]

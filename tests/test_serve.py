import pytest

pytest.importorskip("grpc")
pytest.importorskip("uvicorn")
from comrec_tf import serve
from comrec_tf.server import process, store

# Serving makes the process's handlers sparing; pytest's would stay so for the tests behind.
pytestmark = pytest.mark.usefixtures("log_handlers_as_before")


@pytest.fixture
def served(monkeypatch):
    """The stores and options that would be served."""
    calls = []

    class Store:
        def __init__(self, base_paths, **kwargs) -> None:
            self.base_paths, self.options, self.closed = base_paths, kwargs, False

        def close(self):
            self.closed = True

    async def pretend(models, options, announce):
        announce("gRPC on 127.0.0.1:1")
        calls.append((models, options))

    monkeypatch.setattr(store, "ModelStore", Store)
    monkeypatch.setattr(process, "serve", pretend)
    return calls


def run(*arguments):
    return serve.main(["serve", *map(str, arguments)])


def test_flags_reach_the_process_and_the_store(served, capsys):
    arguments = ["--port=0", "--rest_api_port=-1", "--max_in_flight=3", "--idle_seconds=7"]
    more = ["--max_held_megabytes=5", "--poll_seconds=0.5", "--tls_key=k", "--tls_certificate=c"]
    assert run("--model_base_path=a=models/x,models/fast", *arguments, *more) == 0
    ((models, options),) = served
    assert models.base_paths == {"a": "models/x", "fast": "models/fast"}
    assert models.options["poll_seconds"] == 0.5
    assert models.closed
    assert (options.port, options.rest_port, options.max_in_flight) == (0, -1, 3)
    assert (options.max_held_bytes, options.limits.idle_seconds) == (5 * 2**20, 7.0)
    assert options.tls == ("k", "c")
    assert capsys.readouterr().out == "gRPC on 127.0.0.1:1\n"


def test_a_single_model_may_be_given_a_name(served):
    assert run("--model_base_path=models/x", "--model_name=mine") == 0
    assert served[0][0].base_paths == {"mine": "models/x"}
    assert served[0][1].tls is None


def test_a_model_is_named_like_its_folder_however_that_is_written(served, tmp_path, monkeypatch):
    (tmp_path / "comrec-2" / "1").mkdir(parents=True)
    (tmp_path / "comrec").symlink_to("comrec-2")
    monkeypatch.chdir(tmp_path / "comrec-2")
    assert run("--model_base_path=.") == 0
    assert run("--model_base_path=1/..") == 0
    assert run("--model_base_path=../comrec/") == 0
    assert [list(models.base_paths) for models, _ in served] == [["comrec-2"]] * 2 + [["comrec"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--model_base_path"),
        (["--model_base_path=m", "--port=-1"], "port"),
        (["--model_base_path=m", "--port=70000"], "from 0 to 65535. Received: 70000"),
        (["--model_base_path=m", "--rest_api_port=65536"], "from -1 to 65535. Received: 65536"),
        (["--model_base_path=/"], "expected models of a name, NAME=FOLDER. Received: /"),
        (["--model_base_path==m"], "expected models of a name, NAME=FOLDER. Received: =m"),
        (["--model_base_path=m", "more"], "expected flags only. Received: more"),
        (["--model_base_path=a=m,a=n"], "a twice"),
        (["--model_base_path=m", "--tls_key=x"], "go together"),
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments, message, served, capsys):
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err
    assert served == []


def test_a_folder_without_versions_is_a_message(tmp_path, capsys):
    assert run(f"--model_base_path={tmp_path}") == 1
    assert "expected versions" in capsys.readouterr().err

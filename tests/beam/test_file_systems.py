import pytest

pytest.importorskip("apache_beam")
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from comrec_tf.beam import file_systems

RAW = CompressionTypes.UNCOMPRESSED


def write(path, content):
    with FileSystems.create(path, compression_type=RAW) as file:
        file.write(content)


def read(path):
    with FileSystems.open(path, compression_type=RAW) as file:
        return file.read()


@pytest.fixture(params=["ram", "local"])
def folder(request, tmp_path):
    """A folder of TensorFlow's file system in memory, and one that Beam itself serves."""
    folder = str(tmp_path / "local")
    if request.param == "ram":
        folder = f"ram://{tmp_path.name}"
    FileSystems.mkdirs(folder)
    return folder


def test_schemes_that_beam_lacks_are_served_by_tensorflow():
    assert isinstance(FileSystems.get_filesystem("ram://a"), file_systems.GFileSystem)
    assert not isinstance(FileSystems.get_filesystem("/a"), file_systems.GFileSystem)
    known = [found.scheme() for found in file_systems.FileSystem.get_all_subclasses()]
    assert set(file_systems.SCHEMES) <= set(known)
    assert len(known) == len(set(known))


def test_files_are_written_found_renamed_and_deleted_as_beam_does_it(folder):
    FileSystems.mkdirs(f"{folder}/deep")
    write(f"{folder}/deep/a.bin", b"abc")
    write(f"{folder}/b.bin", b"defg")
    FileSystems.rename([f"{folder}/b.bin"], [f"{folder}/c.bin"])
    found = FileSystems.match([f"{folder}/**.bin"])[0].metadata_list
    assert {each.path: each.size_in_bytes for each in found} == {
        f"{folder}/deep/a.bin": 3,
        f"{folder}/c.bin": 4,
    }
    assert read(f"{folder}/c.bin") == b"defg"
    FileSystems.delete([f"{folder}/c.bin"])
    assert not FileSystems.exists(f"{folder}/c.bin")


def test_renaming_replaces_what_is_there(folder):
    write(f"{folder}/old", b"old")
    write(f"{folder}/new", b"new")
    FileSystems.rename([f"{folder}/new"], [f"{folder}/old"])
    assert read(f"{folder}/old") == b"new"
    assert not FileSystems.exists(f"{folder}/new")


def test_compression_by_the_name_works_as_in_beam(folder):
    with FileSystems.create(f"{folder}/lines.gz") as file:
        file.write(b"line" * 100)
    assert read(f"{folder}/lines.gz")[:2] == b"\x1f\x8b"
    with FileSystems.open(f"{folder}/lines.gz") as file:
        assert file.read() == b"line" * 100


def test_what_is_missing_is_an_error_that_names_it(folder):
    with pytest.raises(OSError, match="missing"):
        read(f"{folder}/missing")
    with pytest.raises((BeamIOError, OSError)):
        FileSystems.mkdirs(folder)  # exists

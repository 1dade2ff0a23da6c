"""The data: steps keep what the components hold, equal files are carried once, smaller lessons lie in larger ones."""

import lzma
from pathlib import Path

import data
import numpy as np
import pytest


def test_components_in_steps_give_the_features_back_but_for_the_stated_share(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    few = random.standard_normal((200, 4, 6)).astype(np.float32) @ random.standard_normal((6, 24)).astype(np.float32)
    seen = {"conversations": few[:150], "questions": few[150:]}
    found = data.compress(seen, "conversations", 6)
    assert found["questions"].shape == (6, 50, 4) and found["questions"].dtype == np.int8
    assert float(found["kept"]) == pytest.approx(1.0, abs=1e-6)
    np.savez(tmp_path / data.FEATURES, **found)
    # Distances between images, which is what a connector can tell them by, are those of the features.
    codes = data.Data(tmp_path).features("questions")
    near, far = (np.linalg.norm(values[1:] - values[:-1], axis=-1) for values in (codes, seen["questions"]))
    assert np.abs(near - far).max() < np.sqrt(6) * found["step"]
    assert np.corrcoef(near.ravel(), far.ravel())[0, 1] > 0.99


def test_a_step_costs_what_it_may_and_components_that_vary_little_are_packed_small() -> None:
    spread = np.array([20, 5, 1, 0.5])
    values = (np.random.default_rng(2).standard_normal((4000, 1, 4)) * spread).astype(np.float32)
    found = data.compress({"all": values}, "all", 4)
    back = found["all"].transpose(1, 2, 0) * found["step"]
    lost = values.var(axis=(0, 1)).sum() - back.var(axis=(0, 1)).sum()
    assert abs(lost) < 2 * data._ROUNDED * (spread**2).sum()
    assert float(found["step"]) ** 2 / 12 * 4 == pytest.approx(data._ROUNDED * (spread**2).sum(), rel=0.1)
    assert [len(np.unique(codes)) for codes in found["all"]] == sorted(
        (len(np.unique(codes)) for codes in found["all"]), reverse=True
    )
    assert len(lzma.compress(found["all"][3].tobytes())) < len(lzma.compress(found["all"][0].tobytes())) / 2


def test_fewer_components_keep_less_and_those_that_vary_most() -> None:
    values = np.random.default_rng(1).standard_normal((300, 1, 8)).astype(np.float32) * np.array(
        [9, 5, 3, 1, 1, 1, 1, 1]
    )
    kept = [float(data.compress({"all": values}, "all", count)["kept"]) for count in (1, 3, 8)]
    assert kept == sorted(kept) and kept[0] == pytest.approx(81 / 120, abs=0.06) and kept[-1] == pytest.approx(1)


def test_equal_files_become_one_file_of_several_names(tmp_path: Path) -> None:
    for folder in ("tokens-a", "tokens-b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shared.bin").write_bytes(b"the same")
        (tmp_path / folder / "own.json").write_text(folder)
    (tmp_path / "packed").mkdir()
    data._link_equal([tmp_path / "tokens-a", tmp_path / "tokens-b"], tmp_path / "packed")
    packed = tmp_path / "packed"
    assert (packed / "tokens-a" / "shared.bin").samefile(packed / "tokens-b" / "shared.bin")
    assert (packed / "tokens-b" / "own.json").read_text() == "tokens-b"


def test_a_kit_without_data_is_said_with_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make the kit with `make gpu-kit`"):
        data.unpack(tmp_path, tmp_path / "data")


def test_data_that_a_cut_left_half_unpacked_or_that_another_kit_made_are_unpacked_anew(tmp_path: Path) -> None:
    def archive(content: str) -> None:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "names.json").write_text(content)
        data.pack(source, tmp_path / data.PACKED)

    archive("one")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "names.json").write_text("half")
    first = data.unpack(tmp_path, tmp_path / "data")
    assert (first.folder / "names.json").read_text() == "one"
    (first.folder / "names.json").touch()
    marked = (first.folder / "names.json").stat().st_mtime_ns
    assert data.unpack(tmp_path, tmp_path / "data").digest == first.digest
    assert (first.folder / "names.json").stat().st_mtime_ns == marked
    kept = first.digest
    archive("one")  # made again at another time, of the same content
    assert data.unpack(tmp_path, tmp_path / "data").digest == kept
    archive("two")
    assert data.unpack(tmp_path, tmp_path / "data").digest != kept
    assert (first.folder / "names.json").read_text() == "two"


@pytest.mark.parametrize("what", ["no archive", "half of one"])
def test_data_that_cannot_be_unpacked_are_named(tmp_path: Path, what: str) -> None:
    whole = lzma.compress(bytes(1000))
    (tmp_path / data.PACKED).write_bytes(b"no archive" if what == "no archive" else whole[: len(whole) // 2])
    with pytest.raises(SystemExit, match=r"data.tar.xz could not be unpacked into .*data.unpacked: "):
        data.unpack(tmp_path, tmp_path / "data")

"""A view by crop holds what the encoder makes of each crop alone, in order."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from inkling.models.connectors import CONNECTORS
from inkling.models.crops import by_crop, split_view
from inkling.models.settings import ConfigError
from inkling.models.vision import ENCODERS
from inkling.models.vision.preprocess import normalise, preprocess

TINY = ENCODERS.read("tiny-random")
COLOURS = ["red", "green", "blue", "yellow"]
"""Of the quarters, from left to right and downwards."""


def quartered(side: int) -> Image.Image:
    """A picture whose quarters have four colours."""
    whole = Image.new("RGB", (side, side))
    for place, colour in enumerate(COLOURS):
        row, column = divmod(place, 2)
        whole.paste(colour, (column * side // 2, row * side // 2, (column + 1) * side // 2, (row + 1) * side // 2))
    return whole


def pixels(image: Image.Image, view: str) -> torch.Tensor:
    """The picture as the encoder of a view takes it (1, 3, size, size)."""
    return torch.from_numpy(normalise(image, TINY.preprocessing_of([view])))[None]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("grid", (1, "grid")),
        ("layers.14x14", (1, "layers.14x14")),
        ("quarters.grid", (2, "grid")),
        ("quarters.layers.14x14", (2, "layers.14x14")),
    ],
)
def test_a_name_says_how_a_view_is_cropped(view: str, expected: tuple[int, str]) -> None:
    assert split_view(view) == expected


def test_views_are_grouped_by_what_they_are_cropped_to() -> None:
    assert by_crop(["quarters.grid", "grid", "quarters.cls"]) == [["quarters.grid", "quarters.cls"], ["grid"]]


def test_each_quarter_is_encoded_as_a_picture_of_its_colour_and_lies_in_its_place() -> None:
    whole, cropped = TINY.build(["patches"]), TINY.build(["quarters.patches"])
    (found,) = cropped(pixels(quartered(448), "quarters.patches"))
    assert found.shape[1:] == TINY.all_views["quarters.patches"] == (4 * 196, 32)
    for place, quarter in enumerate(found[0].split(196)):
        (alone,) = whole(pixels(Image.new("RGB", (224, 224), COLOURS[place]), "patches"))
        torch.testing.assert_close(quarter, alone[0])


def test_crops_are_those_that_numpy_cuts_out_of_each_picture() -> None:
    random = np.random.default_rng(0)
    stored = []
    for _ in range(2):
        file = io.BytesIO()
        Image.fromarray(random.integers(0, 255, (300, 500, 3)).astype(np.uint8)).save(file, "PNG")
        stored.append(preprocess(file.getvalue(), TINY.preprocessing_of(["quarters.grid"])))
    large = np.stack(stored)  # (2, 3, 448, 448)
    rows = [slice(0, 224), slice(224, 448)]
    whole, cropped = TINY.build(["grid"]), TINY.build(["quarters.grid"])
    expected = [whole(torch.from_numpy(large[:, :, row, column]))[0] for row in rows for column in rows]
    torch.testing.assert_close(cropped(torch.from_numpy(large))[0], torch.cat(expected, 1))


def test_the_weights_are_those_of_the_encoder_of_whole_pictures() -> None:
    assert TINY.build(["grid"]).state_dict().keys() == TINY.build(["quarters.grid"]).state_dict().keys()


def test_views_that_share_no_pixels_are_no_one_network() -> None:
    with pytest.raises(ConfigError, match=r"grid, quarters\.grid are cropped in different ways"):
        TINY.build(["grid", "quarters.grid"])


def test_an_unknown_crop_or_view_of_a_crop_is_refused_with_those_that_there_are() -> None:
    for view in ("halves.grid", "quarters.cls"):
        with pytest.raises(ConfigError, match=rf"unknown view .* '{view}'.*Valid: .*quarters\.grid"):
            TINY.build([view])


def test_pooling_averages_each_crop_alone() -> None:
    view = "quarters.grid"
    spec = CONNECTORS.read({"type": "pool", "side": 1, "view": view})
    assert spec.image_tokens({view: (64, 6)}) == 4
    torch.manual_seed(0)
    pool, mlp = (
        CONNECTORS.read(stated).build({view: shape}, 8)
        for stated, shape in ((spec, (64, 6)), ({"type": "mlp", "view": view}, (4, 6)))
    )
    mlp.project.load_state_dict(pool.project.state_dict())
    features = torch.randn(3, 4, 16, 6)  # (batch, crops, tokens, channels)
    torch.testing.assert_close(pool.contents(features.flatten(1, 2)), mlp.contents(features.mean(2)))


def test_a_connector_of_the_whole_grid_is_written_as_before() -> None:
    assert "view" not in CONNECTORS.read("mlp").model_dump(mode="json")
    assert CONNECTORS.read({"type": "mlp", "view": "quarters.grid"}).model_dump()["view"] == "quarters.grid"

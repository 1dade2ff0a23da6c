"""What scenes are drawn with: the same bytes on every machine."""

import pytest
from PIL import ImageFont

from inkling.components.scenes import assets

pytestmark = pytest.mark.data


def test_no_library_of_the_system_lays_text_out() -> None:
    assert assets.typeface(assets.typefaces("train")[0], 20).layout_engine == ImageFont.Layout.BASIC
    assert assets._drawing_font().layout_engine == ImageFont.Layout.BASIC

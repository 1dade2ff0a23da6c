"""Features of further questions are those that the encoder gives of their images, and of no others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.features import Features
from inkling.components.encode.questions import encode_questions
from inkling.components.shared.store.manifest import ArtifactError


def test_the_same_encoder_sees_the_same(served: Any, tmp_path: Path) -> None:
    known, made = Features.open(served.features), encode_questions(served.features, served.questions, tmp_path / "f", 2)
    assert np.allclose(made.view("questions")[:], known.view("questions")[:], atol=1e-4)
    assert made.encoder_digest == known.encoder_digest
    with pytest.raises(ArtifactError, match="holds no shard"):
        made.view("conversations")

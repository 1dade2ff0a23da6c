import json
from pathlib import Path

import numpy as np
import torch

from inkling.components.artifacts.language_model import LanguageModel, PretrainingRow, write_language_model
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.models.language.presets import load_preset
from inkling.models.sequence.heldout import Heldout

_SCORES = {
    "code": {
        "tokens": 9, "documents": 2, "model_nll": 1.5, "model_perplexity": 4.5, "interval": (4.0, 5.0),
        "unigram_nll": 2.0, "unigram_perplexity": 7.4,
    }
}  # fmt: skip
_DOCUMENTS = DocumentLosses(("code", "code"), (0, 3), np.array([5, 4]), np.array([15.0, 12.0]), np.array([7.5, 6.0]))

_TEXT = {
    "code": Heldout(np.array([[0, 5], [6, 1]]), np.array([[5, 6], [1, 1]]), np.array([[0, 0], [0, -1]])),
    "math": Heldout(np.array([[1, 7]]), np.array([[7, 1]]), np.array([[0, 0]])),
}


def _write(directory: Path) -> LanguageModel:
    tokenizer = directory.with_suffix(".json")
    tokenizer.write_text(json.dumps({"version": "1.0"}))
    directory.mkdir()
    rows = [PretrainingRow(1, 64, 4.25, 0.5), PretrainingRow(2, 128, 4.0, 0.25)]
    network = load_preset("tiny").build(40, 0)
    write_language_model(directory, network, tokenizer, rows, _SCORES, documents=_DOCUMENTS, heldout=_TEXT)
    Manifest.describe(
        directory, LanguageModel.type, LanguageModel.schema, Provenance("pretrain", "", "", {}, {}, {})
    ).write(directory)
    return LanguageModel.open(directory)


def test_what_is_written_is_read(tmp_path: Path):
    model = _write(tmp_path / "language_model")
    built = load_preset("tiny").build(40, 0)
    assert all(torch.equal(a, b) for a, b in zip(model.network().parameters(), built.parameters(), strict=True))
    assert not model.network().training
    assert model.training()[1] == {"step": 2, "tokens": 128, "loss": 4.0, "learning_rate": 0.25}
    assert model.documents().same_text(_DOCUMENTS) and model.documents().nats.tolist() == [7.5, 6.0]
    for source, text in model.heldout().items():
        for name in ("inputs", "targets", "documents"):
            assert np.array_equal(getattr(text, name), getattr(_TEXT[source], name))
    assert list(model.heldout()) == list(_TEXT)
    assert model.parameters() == sum(weight.numel() for weight in built.parameters())
    assert model.perplexity() == {"code": {**_SCORES["code"], "interval": [4.0, 5.0]}}


def test_the_files_depend_on_nothing_but_the_content(tmp_path: Path):
    assert _write(tmp_path / "one").digest == _write(tmp_path / "two").digest

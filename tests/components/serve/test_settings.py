"""Settings of a server: strict, and named where they are wrong."""

import pytest

from inkling.components.serve.settings import Settings, read_settings
from inkling.components.shared.config import ConfigError


def test_reads_what_differs_from_the_defaults(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("threads: 4\nremote_image_hosts: [images.example.org]\n")
    settings = read_settings(path)
    assert (settings.threads, settings.remote_image_hosts) == (4, ("images.example.org",))
    assert settings.waiting == Settings().waiting


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_choices: 1", "max_choices"),
        ("thread: 1", "Did you mean 'settings.threads'"),
        ("threads: true", "not true or false"),
        ("threads: 1\nthreads: 2", "line 2: the key 'threads' stands twice"),
        ("- a", "mapping"),
        ("{", "YAML"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, words):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_settings(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read: No such file"):
        read_settings(tmp_path / "none.yaml")

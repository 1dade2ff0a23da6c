"""What a result depends on is found by reading the code."""

from inkling.components.shared.store.provenance import ROOT, code_digest, needed_files


def test_needed_files_follow_the_imports_and_take_data_files_along() -> None:
    needed = {path.relative_to(ROOT).as_posix() for path in needed_files("inkling.components.shared.storage.packages")}
    storage = "components/shared/storage/packages"
    assert {f"{storage}.py", f"{storage}.yaml", "components/shared/config.py"} <= needed
    assert not any(name.startswith(("pipelines/", "tests/")) for name in needed)


def test_every_stage_needs_its_own_code_and_no_other_stage() -> None:
    from inkling.pipelines.profiles import STAGES

    for stage in STAGES:
        folders = {path.parent.name for path in needed_files(f"inkling.components.{stage}.build")}
        assert stage in folders
        assert not folders & (set(STAGES) - {stage})


def test_the_digest_is_the_same_for_the_same_code() -> None:
    digest = code_digest("inkling.components.shared.config")
    code_digest.cache_clear()
    assert (
        code_digest("inkling.components.shared.config")
        == digest
        != code_digest("inkling.components.shared.report.html")
    )

"""Who is spared when memory runs out: a service may protect the engine, but never a job or a worker."""

from pathlib import Path

import pytest

from lamplighter.isolation import limits
from lamplighter.runtime.process import shim


@pytest.mark.parametrize(("before", "after"), [("-500", "0"), ("0", "0"), ("200", "200")])
def test_a_job_and_a_worker_give_up_the_engine_s_protection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    """A file stands in for the kernel's, because only root can lower the real value."""
    score = tmp_path / "oom_score_adj"
    monkeypatch.setattr(shim, "OOM_SCORE", str(score))
    monkeypatch.setattr(limits, "OOM_SCORE", score)
    for give_up in (shim.reset_oom_score, limits.reset_oom_score):
        score.write_text(f"{before}\n")
        give_up()
        assert score.read_text().strip() == after


def test_a_system_without_the_file_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim, "OOM_SCORE", str(tmp_path / "missing"))
    monkeypatch.setattr(limits, "OOM_SCORE", tmp_path / "missing")
    shim.reset_oom_score()
    limits.reset_oom_score()
    assert list(tmp_path.iterdir()) == []

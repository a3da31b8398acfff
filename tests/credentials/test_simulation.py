"""Nobody is ever dropped: 36 simulated hours, many seeds. What is simulated, and the report, is in simulation.py."""

import functools

import pytest
from simulation import HOUR, simulate

SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.live) for seed in (2, 3, 4, 5)))
"""One at each `make test`, for each is seconds of work; the others at `make test-live`."""

told = functools.cache(simulate)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_and_a_half(seed):
    report = told(seed)
    assert report.fetches > 1000
    assert report.failed == []
    assert report.expired_served == 0
    assert report.short_served == 0
    assert report.codes_too_early == 0
    assert report.longest_silence <= 0.8
    assert max(report.renewals.values()) / 1.5 < 60, "renewals a day, where 32 is the least"


def test_the_same_seed_tells_the_same_story():
    assert list(simulate(1, 3 * HOUR).lines()) == list(told(1, 3 * HOUR).lines())

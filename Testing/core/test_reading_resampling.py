"""The bootstrap over readers and cases, the permutation test, and the model observers that feed them."""

import numpy as np
import pytest
from scipy import stats

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import PAIRS, REAL, SYNTHETIC
from synthetic_imaging.reading.statistics import observers
from synthetic_imaging.reading.statistics.detection import auc
from synthetic_imaging.reading.statistics.groups import agreement_rows, mark_rows, pair_rows, stratum_rows, time_rows
from synthetic_imaging.reading.statistics.reads import Read, score_matrix
from synthetic_imaging.reading.statistics.resampling import pooled


def matrix(observer=observers.OBSERVERS["guessing"], readers=5, cases=80, seed=0):
    _, _, scores, correct, synthetic = score_matrix(observers.simulate(observer, readers, cases, seed))
    return scores, correct, synthetic


def test_the_estimates_are_means_over_readers():
    scores, correct, synthetic = matrix(observers.Observer(1.0))
    result = pooled(scores, correct, synthetic, 50)
    areas = [auc(row[~synthetic], row[synthetic]) for row in scores]
    assert result.auc.estimate == pytest.approx(np.mean([area.auc for area in areas]))
    assert result.folded_auc.estimate == pytest.approx(np.mean([area.folded for area in areas]))
    assert result.accuracy.estimate == pytest.approx(correct.mean())


def test_unread_cases_are_left_out():
    scores, correct, synthetic = matrix(observers.Observer(1.0))
    scores[0, :20] = correct[0, :20] = np.nan
    result = pooled(scores, correct, synthetic, 50)
    kept = [np.isfinite(row) for row in scores]
    areas = [auc(row[~synthetic & k], row[synthetic & k]).auc for row, k in zip(scores, kept, strict=True)]
    assert result.auc.estimate == pytest.approx(np.mean(areas))


def test_one_reader_has_the_interval_of_delong():
    """Without readers to draw, the bootstrap over cases must agree with the asymptotic standard error."""
    rng = np.random.default_rng(0)
    synthetic = np.arange(200) % 2 == 1
    scores = (rng.normal(size=200) + synthetic)[None]
    result = pooled(scores, np.ones_like(scores), synthetic, 4000)
    assert result.auc_se == pytest.approx(auc(scores[0, ~synthetic], scores[0, synthetic]).se, rel=0.06)


def test_the_spread_of_readers_enters_the_interval():
    """Readers whose AUC differ: the variance over readers is added to that over cases."""
    synthetic = np.arange(400) % 2 == 1
    rng = np.random.default_rng(1)
    even = np.stack([rng.normal(size=400) + 1.0 * synthetic for _ in range(6)])
    uneven = np.stack([rng.normal(size=400) + d * synthetic for d in (0, 0.4, 0.8, 1.2, 1.6, 2.0)])
    narrow, wide = (pooled(scores, np.ones_like(scores), synthetic, 1000).auc_se for scores in (even, uneven))
    areas = [auc(row[~synthetic], row[synthetic]).auc for row in uneven]
    assert wide > 2 * narrow
    assert wide == pytest.approx(np.std(areas) / np.sqrt(6), rel=0.25)


def test_readers_who_swap_the_names_are_found_and_do_not_cancel_out():
    """The published case: one reader at -1.2, one at +1.2. The mean AUC is one half; the folded one tells."""
    rng = np.random.default_rng(2)
    synthetic = np.arange(100) % 2 == 1
    scores = np.stack([rng.normal(size=100) + d * synthetic for d in (-1.2, 1.2)])
    result = pooled(scores, np.ones_like(scores), synthetic, 1000)
    assert result.auc.estimate == pytest.approx(0.5, abs=0.06)
    assert result.folded_auc.estimate > 0.7 > result.folded_at_chance
    assert result.p_discrimination < 0.005


def test_the_permutation_test_keeps_its_level_with_hard_and_easy_cases():
    """Cases that look alike to all readers would fool a test that takes reads for independent."""
    observer = observers.Observer(case_share=0.7)
    values = []
    for seed in range(150):
        values.append(pooled(*matrix(observer, 4, 40, seed), repetitions=200, seed=seed).p_discrimination)
    assert stats.kstest(values, "uniform").pvalue > 0.001
    assert np.mean(np.array(values) < 0.05) < 0.11


def test_equal_seeds_give_equal_results():
    assert pooled(*matrix(), repetitions=100, seed=3) == pooled(*matrix(), repetitions=100, seed=3)
    assert observers.simulate(observers.OBSERVERS["biased"], 2, 10, 5) == observers.simulate(
        observers.OBSERVERS["biased"], 2, 10, 5
    )


@pytest.mark.parametrize("d_prime", [-1.0, 0.0, 1.5])
def test_observers_have_the_auc_of_their_d_prime(d_prime):
    """Equal-variance normal evidence: AUC = Phi(d' / sqrt 2), a little less on a coarse scale."""
    scores, _, synthetic = matrix(observers.Observer(d_prime, case_share=0.0), 4, 2000)
    areas = [auc(row[~synthetic], row[synthetic]).auc for row in scores]
    assert np.mean(areas) == pytest.approx(stats.norm.cdf(d_prime / np.sqrt(2)), abs=0.02)


def test_a_biased_observer_leans_without_seeing():
    reads = observers.simulate(observers.OBSERVERS["biased"], 3, 1000)
    called_real = np.mean([read.called == REAL for read in reads])
    assert called_real == pytest.approx(stats.norm.cdf(0.8), abs=0.03)
    _, _, scores, _, synthetic = score_matrix(reads)
    assert np.mean([auc(row[~synthetic], row[synthetic]).auc for row in scores]) == pytest.approx(0.5, abs=0.04)


def test_observers_of_pairs_are_right_as_often_as_their_auc():
    """Green's theorem: the share of correct forced choices is the AUC; the sides are free of bias."""
    reads = observers.simulate(observers.Observer(1.0), 1, 3000, arm=PAIRS)
    row = pair_rows(reads, 0.15)[0]
    assert row["share"] == pytest.approx(stats.norm.cdf(1 / np.sqrt(2)), abs=0.025)
    assert row["right_side"] == pytest.approx(0.5, abs=0.03)
    assert row["confidence_when_right"] > row["confidence_when_wrong"]
    assert row["d_prime"] == pytest.approx(1.0, abs=0.12)


def test_repeats_and_readers_agree_as_far_as_the_case_is_shared():
    alike = observers.simulate(observers.Observer(case_share=1.0), 3, 60, repeat_share=0.5)
    apart = observers.simulate(observers.Observer(case_share=0.0), 3, 200, repeat_share=0.5)
    for row in agreement_rows(alike):
        assert row["agree"] == 1 and row["krippendorff"] == pytest.approx(1) and row["cohen"] == pytest.approx(1)
    between, *herself = agreement_rows(apart)
    assert abs(between["fleiss"]) < 0.1 and abs(between["icc"]) < 0.1 and len(herself) == 3


def test_sessions_are_compared():
    first = observers.simulate(observers.Observer(case_share=1.0), 2, 20)
    second = [Read(**{**vars(read), "session": 2}) for read in first]
    rows = {row["of"]: row for row in agreement_rows(first + second)}
    assert rows["reader-01, sessions 1 and 2"]["agree"] == 1
    assert {"readers, session 1", "readers, session 2"} <= set(rows)


def test_reading_time_by_truth_is_a_ratio_of_geometric_means():
    reads = observers.simulate(observers.Observer(seconds=20, time_ratio=1.5), 4, 400)
    rows = time_rows(reads)
    assert [row["reader"] for row in rows][-1] == "all readers"
    for row in rows:
        assert row["real_s"] == pytest.approx(20, rel=0.1) and row["ratio"] == pytest.approx(1.5, rel=0.12)
        assert row["ratio_low"] < 1.5 < row["ratio_high"] and row["p"] < 0.001
    logs = {
        t: np.log([r.seconds for r in reads if r.reader == "reader-01" and r.truth == t]) for t in (REAL, SYNTHETIC)
    }
    assert rows[0]["p"] == pytest.approx(stats.ttest_ind(logs[REAL], logs[SYNTHETIC], equal_var=False).pvalue)


def test_pace_of_readers_does_not_hide_the_ratio():
    """A slow and a fast reader: the pooled interval is about the ratio, not about their pace."""
    slow = observers.simulate(observers.Observer(seconds=100, time_ratio=1.5), 1, 100, seed=1)
    fast = observers.simulate(observers.Observer(seconds=5, time_ratio=1.5), 1, 100, seed=2)
    reads = slow + [Read(**{**vars(read), "reader": "reader-02"}) for read in fast]
    row = time_rows(reads)[-1]
    assert row["ratio_low"] > 1.2 and row["ratio_high"] < 1.9
    assert row["real_s"] * row["synthetic_s"] == pytest.approx(np.sqrt(100 * 150 * 5 * 7.5), rel=0.15)


def test_results_by_size_add_up():
    reads = observers.simulate(observers.Observer(1.0), 2, 100)
    rows = [row for row in stratum_rows(reads) if row["by"] == "diameter"]
    assert [row["group"] for row in rows] == ["below 10 mm", "10 to 20 mm", "20 mm and more"]
    assert sum(row["reads"] for row in rows) == len(reads)
    assert sum(row["real_cases"] + row["synthetic_cases"] for row in rows) == 100
    right = sum(row["accuracy"] * row["reads"] for row in rows)
    assert right == pytest.approx(sum(read.correct for read in reads))


def test_marks_count_where_they_lie():
    base = {"reader": "reader-01", "session": 1, "arm": "rating", "answer": 2, "score": 2.0}
    reads = [
        Read(case=str(n), truth=truth, mark_distance_mm=distance, **base)
        for n, (truth, distance) in enumerate(
            [(REAL, 0.0), (REAL, 5.0), (REAL, 40.0), (SYNTHETIC, 0.0), (SYNTHETIC, None)]
        )
    ]
    real, fake = mark_rows(reads)
    assert (real["marks"], real["on_lesion"], real["median_distance_mm"]) == (3, 2, 5.0)
    assert (fake["marks"], fake["share"]) == (1, 1.0)


def test_power_grows_with_the_difference():
    blind = observers.power(observers.Observer(), 3, 60, 0.2, repetitions=20)
    sharp = observers.power(observers.Observer(1.5), 3, 60, 0.2, repetitions=20)
    assert sharp["discrimination"] == 1 and sharp["equivalence"] == 0
    assert blind["discrimination"] <= 0.2 and blind["equivalence"] > 0.4


@pytest.mark.parametrize("call", [
    lambda: observers.Observer(case_share=2),
    lambda: observers.Observer(seconds=0),
    lambda: observers.observer_named("lucky"),
    lambda: observers.simulate(observers.Observer(), 0, 10),
])  # fmt: skip
def test_impossible_observers_are_refused(call):
    with pytest.raises(InputError):
        call()

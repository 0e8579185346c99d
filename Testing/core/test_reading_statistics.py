"""Numbers against published worked examples, statsmodels, and closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import Design
from synthetic_imaging.reading.report.wording import conclusions
from synthetic_imaging.reading.statistics import agreement, detection, observers, proportions
from synthetic_imaging.reading.statistics.analysis import analyze, analyze_counts
from synthetic_imaging.reading.statistics.ratings import EQUIVALENT, OPEN, SWAPS, TELLS, Counts, verdict_of

NAN = math.nan
PUBLISHED = {"junior": Counts(5, 15, 21, 8, 0, 1), "senior": Counts(10, 2, 7, 12, 8, 11)}
"""Hu et al., CVPR 2023, table of the reader study; the truth of the unsure ones follows from 20 real, 30 synthetic."""

# statsmodels 0.15: proportion_confint(method="wilson"), (method="beta"), binom_test
INTERVALS = [
    (13, 49, (0.16211282, 0.40262289), (0.14947073, 0.41081714), 0.0014026885),
    (22, 31, (0.53407677, 0.83904200), (0.51963942, 0.85777147), 0.0294493735),
    (0, 20, (0.0, 0.16112516), (0.0, 0.16843347), 1.9073486e-06),
    (1781, 3000, (0.57598252, 0.61111124), (0.57584047, 0.61130996), 9.38863918e-25),
]


@pytest.mark.parametrize("count, total, wilson, exact, p", INTERVALS)
def test_intervals_and_test_of_a_proportion(count, total, wilson, exact, p):
    result = proportions.proportion(count, total)
    assert result.wilson == pytest.approx(wilson, abs=1e-7)
    assert result.exact == pytest.approx(exact, abs=1e-7)
    assert result.p_two_sided == pytest.approx(p, rel=1e-6)


def test_a_proportion_of_nothing_says_nothing():
    empty = proportions.proportion(0, 0)
    assert math.isnan(empty.estimate) and empty.wilson == empty.exact == (0.0, 1.0) and empty.p_two_sided == 1
    with pytest.raises(InputError, match="5 of 3"):
        proportions.proportion(5, 3)


@pytest.mark.parametrize(
    "count, total, margin, p",
    [(50, 96, 0.15, 0.0061711734), (110, 216, 0.1, 0.0042503499), (60, 96, 0.15, 0.3389896139)],
)
def test_equivalence_of_a_proportion_as_statsmodels_binom_tost(count, total, margin, p):
    assert proportions.equivalence_of_proportion(count, total, margin).p == pytest.approx(p, rel=1e-6)


def test_equivalence_of_an_estimate_is_two_one_sided_z_tests():
    result = proportions.equivalence_of_estimate(0.52, 0.05, 0.15)
    assert result.p == pytest.approx(stats.norm.sf((0.65 - 0.52) / 0.05))
    assert result.proven
    assert not proportions.equivalence_of_estimate(0.52, 0.09, 0.15).proven
    assert proportions.equivalence_of_estimate(NAN, 0.1, 0.15).p == 1


def test_the_planning_table():
    """Published with the reader study plan: exact binomial, even numbers, equivalence in steps of four."""
    assert [proportions.cases_for_interval(h) for h in (0.15, 0.10, 0.075, 0.05)] == [40, 94, 168, 382]
    assert [proportions.cases_to_detect(a) for a in (0.75, 0.70, 0.65, 0.60)] == [30, 52, 90, 204]
    assert [proportions.cases_for_equivalence(m) for m in (0.20, 0.15, 0.10)] == [60, 96, 216]
    errors = [proportions.auc_standard_error(n, n) for n in (20, 30, 50, 100)]
    assert [round(e, 3) for e in errors] == [0.092, 0.075, 0.058, 0.041]
    rows = proportions.sample_size_rows(100)
    assert [row["cases"] for row in rows] == [40, 94, 168, 382, 30, 52, 90, 204, 60, 96, 216]
    assert [row["enough"] for row in rows] == [True, True, False, False, True, True, True, False, True, True, False]


def test_power_is_the_share_of_studies_that_find_it():
    rng = np.random.default_rng(0)
    counts = rng.binomial(52, 0.7, 4000)
    found = np.mean([proportions.proportion(int(count), 52).p_two_sided <= 0.05 for count in counts])
    assert proportions.power_to_detect(52, 0.7) == pytest.approx(found, abs=0.02)
    counts = rng.binomial(96, 0.5, 4000)
    proven = np.mean([proportions.equivalence_of_proportion(int(count), 96, 0.15).p <= 0.05 for count in counts])
    assert proportions.power_of_equivalence(96, 0.15) == pytest.approx(proven, abs=0.02)


@pytest.mark.parametrize(
    "call",
    [
        lambda: proportions.cases_for_interval(0.6),
        lambda: proportions.cases_to_detect(0.5),
        lambda: proportions.cases_to_detect(0.501),
        lambda: proportions.cases_for_equivalence(0.5),
        lambda: proportions.auc_standard_error(0, 5),
    ],
)
def test_impossible_plans_are_refused(call):
    with pytest.raises(InputError):
        call()


def test_the_published_table_shows_two_readers_who_can_tell():
    """d' and intervals of the re-analysis; far below chance is discrimination."""
    junior, senior = analyze_counts(PUBLISHED, Design()).rows("readers")
    assert [round(junior[key], 2) for key in ("d_prime", "d_prime_low", "d_prime_high")] == [-1.21, -1.98, -0.45]
    assert [round(senior[key], 2) for key in ("d_prime", "d_prime_low", "d_prime_high")] == [1.19, 0.19, 2.19]
    assert round(junior["p_chance"], 4) == 0.0014 and round(senior["p_chance"], 3) == 0.029
    assert round(junior["p_association"], 4) == 0.0015 and senior["p_association"] == pytest.approx(0.0245, abs=1e-4)
    assert (junior["correct"], round(junior["accuracy"], 3)) == (13, 0.265)
    bounds = [round(senior[key], 2) for key in ("accuracy_half", "accuracy_least", "accuracy_most")]
    assert bounds == [0.63, 0.44, 0.82]
    assert junior["verdict"] == SWAPS and senior["verdict"] == TELLS


def test_the_published_table_in_words():
    text = " ".join(conclusions(analyze_counts(PUBLISHED, Design())))
    assert "senior) could tell real from synthetic" in text
    assert "junior) could tell real from synthetic, but called each by the other's name" in text
    assert "20 answers left open were kept" in text


def test_a_lack_of_significance_is_not_equivalence():
    few, many = Counts(6, 6, 6, 6), Counts(60, 60, 60, 60)
    rows = analyze_counts({"few": few, "many": many}, Design()).rows("readers")
    assert [verdict_of(row) for row in rows] == [OPEN, EQUIVALENT]


def test_open_answers_cannot_make_equivalence():
    rows = analyze_counts({"a": Counts(60, 60, 60, 60, 60, 60)}, Design()).rows("readers")
    assert rows[0]["p_equivalence"] > 0.05 and rows[0]["accuracy"] == 0.5


@given(hits=st.integers(0, 40), false_alarms=st.integers(0, 40))
def test_swapping_the_names_turns_d_prime_around(hits, false_alarms):
    one = detection.detectability(hits, 40, false_alarms, 40)
    other = detection.detectability(40 - hits, 40, 40 - false_alarms, 40)
    assert one.d_prime == pytest.approx(-other.d_prime)
    assert one.criterion == pytest.approx(-other.criterion)
    assert one.low < one.d_prime < one.high


def test_d_prime_has_its_closed_form():
    """H = .84, F = .16 have z = ±1 (nearly): d' = 2, no bias; the variance is the delta method's."""
    result = detection.detectability(84, 100, 16, 100)
    z = stats.norm.ppf(84.5 / 101)
    assert result.d_prime == pytest.approx(2 * z) and result.criterion == pytest.approx(0)
    se = math.sqrt(2 * (84.5 / 101) * (16.5 / 101) / 100) / stats.norm.pdf(z)
    assert result.high - result.d_prime == pytest.approx(1.959964 * se, rel=1e-6)


def test_d_prime_intervals_cover():
    rng = np.random.default_rng(1)
    hits, alarms = rng.binomial(60, stats.norm.cdf(0.5), 3000), rng.binomial(60, stats.norm.cdf(-0.5), 3000)
    results = [detection.detectability(int(h), 60, int(f), 60) for h, f in zip(hits, alarms, strict=True)]
    assert np.mean([r.low <= 1 <= r.high for r in results]) == pytest.approx(0.95, abs=0.015)


def test_auc_of_the_example_of_hanley_and_mcneil():
    """58 normal and 51 abnormal CT scans on a five-point scale (Radiology 1982); DeLong values: Stata, [R] roctab."""
    normal, abnormal = np.repeat(np.arange(1, 6), [33, 6, 6, 11, 2]), np.repeat(np.arange(1, 6), [3, 2, 2, 11, 33])
    result = detection.auc(normal, abnormal)
    assert result.auc == pytest.approx(0.8932, abs=5e-5)
    assert result.se == pytest.approx(0.0307, abs=5e-5)
    assert (result.low, result.high) == pytest.approx((0.83295, 0.95339), abs=1e-5)


def test_auc_by_hand():
    """Of six comparisons four are won and one is tied; placement values by hand."""
    result = detection.auc([1, 3], [2, 3, 4])
    assert result.auc == pytest.approx(4.5 / 6)
    rows, columns = np.array([0.5, 0.75, 1.0]), np.array([1.0, 0.5])
    assert result.se == pytest.approx(math.sqrt(rows.var(ddof=1) / 3 + columns.var(ddof=1) / 2))


def test_the_folded_auc_does_not_care_about_names():
    rng = np.random.default_rng(2)
    real, fake = rng.normal(size=50), rng.normal(1, 1, size=50)
    one, other = detection.auc(real, fake), detection.auc(fake, real)
    assert one.folded == other.folded == pytest.approx(max(one.auc, other.auc))
    assert (one.folded_low, one.folded_high) == pytest.approx((other.folded_low, other.folded_high))
    assert detection.folded_interval(0.4, 0.7) == (0.5, 0.7)
    assert detection.folded_interval(0.1, 0.3) == pytest.approx((0.7, 0.9))


def test_the_folded_auc_of_a_guesser_is_above_one_half_as_foretold():
    rng = np.random.default_rng(3)
    areas = [detection.auc(rng.normal(size=30), rng.normal(size=30)) for _ in range(1500)]
    assert np.mean([area.folded for area in areas]) == pytest.approx(areas[0].folded_at_chance, abs=0.004)
    assert np.mean([area.low <= 0.5 <= area.high for area in areas]) == pytest.approx(0.94, abs=0.02)


def test_roc_points_reproduce_the_area():
    rng = np.random.default_rng(4)
    real, fake = rng.integers(1, 7, 40), rng.integers(2, 8, 50)
    points = np.array(detection.roc_points(real, fake))
    assert integrate.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(detection.auc(real, fake).auc)


def test_pairs_are_worth_root_two():
    assert detection.pair_detectability(760, 1000) == pytest.approx(math.sqrt(2) * stats.norm.ppf(760.5 / 1001))
    assert math.isnan(detection.pair_detectability(0, 0))


COHEN = 0.4915254237, 0.4736842105, 0.4545454545
"""statsmodels 0.15, cohens_kappa of the table below: unweighted, linear, quadratic."""


def test_cohen_kappa_as_statsmodels():
    table = np.array([[44, 5, 1], [7, 20, 3], [9, 5, 6]])
    rows, columns = np.indices(table.shape)
    first, second = np.repeat(rows.ravel(), table.ravel()), np.repeat(columns.ravel(), table.ravel())
    assert agreement.cohen_kappa(first, second) == pytest.approx(COHEN[0], abs=1e-9)
    assert agreement.cohen_kappa(first, second, "linear") == pytest.approx(COHEN[1], abs=1e-9)
    assert agreement.cohen_kappa(first, second, "quadratic") == pytest.approx(COHEN[2], abs=1e-9)


def test_fleiss_kappa_of_a_textbook_example():
    """14 raters, 10 subjects, 5 categories; statsmodels gives the same 0.2099."""
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    ratings = np.array([np.repeat(np.arange(5), row) for row in table]).T
    assert agreement.fleiss_kappa(ratings) == pytest.approx(0.20993070442195522, abs=1e-9)


def test_krippendorff_alpha_of_his_example():
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C: .743, .815, .849."""
    ratings = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
    found = [agreement.krippendorff_alpha(ratings, level) for level in ("nominal", "ordinal", "interval")]
    assert found == pytest.approx([0.743, 0.815, 0.849], abs=5e-4)


def test_icc_of_shrout_and_fleiss():
    """Psychological Bulletin 1979, six targets and four judges: ICC(2,1) = .29, interval .02 to .76."""
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]).T
    icc, low, high = agreement.intraclass_correlation(ratings)
    assert (round(icc, 2), round(low, 2), round(high, 2)) == (0.29, 0.02, 0.76)


def test_kendall_w_is_friedman_rescaled():
    rng = np.random.default_rng(5)
    ratings = rng.integers(1, 7, (5, 30)).astype(float)
    friedman = stats.friedmanchisquare(*ratings.T).statistic
    assert agreement.kendall_w(ratings) == pytest.approx(friedman / (5 * 29))
    assert agreement.kendall_w(np.tile(np.arange(6.0), (3, 1))) == pytest.approx(1)


def test_agreement_of_readers_who_never_differ_cannot_be_judged():
    same = np.full((3, 10), 4.0)
    assert math.isnan(agreement.cohen_kappa(*same[:2])) and math.isnan(agreement.fleiss_kappa(same))
    assert math.isnan(agreement.krippendorff_alpha(same))
    assert all(math.isnan(x) for x in agreement.intraclass_correlation(same))


@given(st.integers(0, 1000))
def test_perfect_agreement_is_one(seed):
    rating = np.random.default_rng(seed).permutation(np.arange(12) % 6 + 1).astype(float)
    same = np.tile(rating, (3, 1))
    assert agreement.cohen_kappa(*same[:2], "quadratic") == pytest.approx(1)
    assert agreement.fleiss_kappa(same) == pytest.approx(1)
    assert agreement.krippendorff_alpha(same) == pytest.approx(1)
    assert agreement.intraclass_correlation(same)[0] == pytest.approx(1)


def test_a_reader_without_a_definite_answer_proves_nothing():
    """Open answers all score alike; that is no equivalence."""
    reads = observers.simulate(observers.OBSERVERS["guessing"], 3, 200)
    left_open = [replace(read, answer="unsure", score=3.5) for read in reads]
    result = analyze(left_open, Design(), repetitions=200)
    assert {row["verdict"] for row in result.rows("readers")} == {"undecided"}
    assert all(row["p_equivalence_auc"] == 1.0 for row in [*result.rows("readers"), *result.rows("pooled")])
    assert any("reader-01 gave no definite answer" in warning for warning in result.warnings)
    always = [replace(read, answer=4, score=4.0) for read in reads]
    assert {row["verdict"] for row in analyze(always, Design(), repetitions=200).rows("readers")} == {"undecided"}


def test_open_answers_cannot_make_equivalence_by_the_area():
    reads = observers.simulate(observers.OBSERVERS["guessing"], 1, 400, 4)
    assert analyze(reads, Design()).rows("readers")[0]["verdict"] == "equivalent to chance"
    some = [replace(read, answer="unsure", score=3.5) if n % 2 else read for n, read in enumerate(reads)]
    row = analyze(some, Design()).rows("readers")[0]
    assert row["verdict"] == "undecided" and row["auc"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("real", "fake", "ends"), [(1, 6, (0.8316, 1.0)), (6, 1, (0.0, 0.1684)), (4, 4, (0.272, 0.728))]
)
def test_an_area_without_variance_has_an_exact_interval(real, fake, ends):
    """Clopper and Pearson for 20 of 20, 0 of 20 and 10 of 20."""
    found = detection.auc(np.full(20, real), np.full(30, fake))
    assert found.se == 0 and (found.low, found.high) == pytest.approx(ends, abs=5e-4)


def test_all_readers_have_counts_and_every_interval():
    reads = observers.simulate(observers.OBSERVERS["guessing"], 3, 40)
    row = analyze(reads, Design(), repetitions=200).rows("pooled")[0]
    rows = analyze(reads, Design(), repetitions=200).rows("readers")
    assert row["synthetic_as_real"] == sum(each["synthetic_as_real"] for each in rows)
    assert row["wilson_low"] < row["accuracy_definite"] < row["wilson_high"] and row["exact_low"] < row["wilson_low"]

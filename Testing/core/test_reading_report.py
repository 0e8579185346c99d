"""The report and the exports: complete, self-contained, in formats that other programs read."""

import csv
import io
import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import PAIRS, RATING, Design
from synthetic_imaging.reading.report.export import (
    analysis_json,
    imrmc_csv,
    imrmc_rows,
    imrmc_text,
    reads_csv,
    write_exports,
    write_report,
)
from synthetic_imaging.reading.report.figures import figures, svg_of
from synthetic_imaging.reading.report.html_page import html
from synthetic_imaging.reading.report.layout import sections
from synthetic_imaging.reading.report.pdf_pages import pdf, table
from synthetic_imaging.reading.report.wording import conclusions, methods, p_text, percent
from synthetic_imaging.reading.statistics import observers
from synthetic_imaging.reading.statistics.analysis import analyze, analyze_counts
from synthetic_imaging.reading.statistics.ratings import Counts

WIDTH_PT = 480.0
DESIGN = Design(title="Liver <study> & more", arms=(RATING, PAIRS), margin=0.2)


@pytest.fixture(scope="module")
def analysis():
    reads = observers.simulate(observers.OBSERVERS["cue-using"], 3, 60, 1, repeat_share=0.2)
    reads += observers.simulate(observers.OBSERVERS["cue-using"], 3, 20, 2, arm=PAIRS)
    profiles = [{"reader": f"reader-0{n}", "experience_years": 5.0 * n, "specialty": "abdomen"} for n in (1, 2, 3)]
    return analyze(reads, DESIGN, profiles, expected=90, study_id="abc")


def test_all_tables_are_there_as_plain_rows(analysis):
    wanted = {"readers", "pooled", "pairs", "agreement", "time", "strata", "answers", "roc", "profiles"}
    assert set(analysis.tables) == wanted
    for rows in analysis.tables.values():
        for row in rows:
            assert all(value is None or isinstance(value, str | int | float) for value in row.values())
    assert len(analysis.rows("readers")) == 3 and len(analysis.rows("pairs")) == 4 and analysis.rows("absent") == []
    assert sum(row["real"] + row["synthetic"] for row in analysis.rows("answers")) == 180


def test_incomplete_readers_are_named(analysis):
    assert [warning[:9] for warning in analysis.warnings] == ["reader-01", "reader-02", "reader-03"]
    assert "80 of 90" in analysis.warnings[0]


def test_the_page_stands_alone_and_is_well_formed(analysis):
    page = html(analysis)
    assert not re.search(r"<script|<link|src=|url\(http|@import", page)
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)', page))
    body = re.search(r"<body>.*</body>", page, re.S).group()
    ElementTree.fromstring(body.replace("&nbsp;", " "))
    assert "Liver &lt;study&gt; &amp; more" in page and page.count("<svg") == 4
    for section in sections(analysis):
        assert f"<h2>{section.title}</h2>" in page


def test_the_page_says_what_the_numbers_say(analysis):
    page = html(analysis)
    row = analysis.rows("readers")[0]
    assert f"<td>{row['d_prime']:.2f}</td>" in page and percent(row["accuracy"]) in page
    assert all(sentence.split(" (")[0] in page for sentence in conclusions(analysis))


def test_equal_data_make_an_equal_page_and_document(analysis):
    assert html(analysis) == html(analysis) and pdf(analysis) == pdf(analysis)


def test_the_document_is_a_pdf_with_pages(analysis):
    content = pdf(analysis)
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type /Page\b", content)) >= 2


def test_methods_of_simulated_reads_do_not_claim_a_study():
    text = methods(analyze(observers.simulate(observers.Observer(), 2, 20), Design(), repetitions=20))
    assert "pipeline" not in text and "2 readers" in text


def test_methods_name_what_was_done(analysis):
    text = methods(analysis)
    for word in (
        "3 readers",
        "six-point",
        "two-alternative",
        "log-linear",
        "DeLong",
        "±0.2",
        "shown twice",
        "ICC(2,1)",
    ):
        assert word in text
    assert "published" in methods(analyze_counts({"a": Counts(1, 2, 3, 4)}, Design())).lower()


def test_published_counts_make_a_report_without_plots(tmp_path):
    result = analyze_counts({"junior": Counts(5, 15, 21, 8, 0, 1), "senior": Counts(10, 2, 7, 12, 8, 11)}, Design())
    write_report(tmp_path, result)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "−1.21" in page and "−1.98 to −0.45" in page and ">1.19<" in page and "0.19 to 2.19" in page
    assert "p = .001" in page and "<svg" not in page and "AUC</th>" not in page


def test_a_leak_that_was_accepted_heads_the_report(analysis):
    marked = analyze(analysis.reads, DESIGN, facts={"leaks": ["The noise tells."]}, repetitions=50)
    assert "made although it leaks: The noise tells." in html(marked)


def test_open_answers_are_mentioned():
    reads = observers.simulate(observers.Observer(unsure_share=0.3), 2, 60)
    text = " ".join(conclusions(analyze(reads, Design(), repetitions=50)))
    assert re.search(r"\d+ answers left open were kept", text)


def test_group_conclusions_name_difference_and_equivalence():
    def group(observer, margin):
        reads = observers.simulate(observer, 8, 300, 3)
        return " ".join(conclusions(analyze(reads, Design(margin=margin), repetitions=300)))

    assert "as a group they could not, within ±0.15" in group(observers.Observer(), 0.15)
    assert "could tell real from synthetic, whatever they called it" in group(observers.Observer(-1.2), 0.15)
    assert "smaller on average than the margin" in group(observers.Observer(0.35, case_share=0.0), 0.2)


def test_every_read_is_in_the_table_of_reads(analysis):
    rows = list(csv.DictReader(io.StringIO(reads_csv(analysis.reads))))
    assert len(rows) == len(analysis.reads) == 3 * (60 + 12) + 3 * 20
    first, read = rows[0], analysis.reads[0]
    assert (first["reader"], first["case"], first["answer"]) == (read.reader, read.case, str(read.answer))
    assert float(first["seconds"]) == read.seconds and first["mark_r"] == "" and first["correct"] in ("0", "1")


def test_results_are_strict_json(analysis):
    values = json.loads(analysis_json(analysis), parse_constant=lambda name: pytest.fail(name))
    assert values["tables"]["readers"][0]["reader"] == "reader-01" and len(values["reads"]) == len(analysis.reads)
    assert Design.from_dict(values["design"]) == DESIGN


def test_imrmc_rows_are_those_of_the_package(analysis):
    """CRAN iMRMC, dfMRMC_example: readerID, caseID, modalityID, score; one truth row per case, 0 or 1."""
    lines = imrmc_csv(analysis.reads).splitlines()
    assert lines[0] == "readerID,caseID,modalityID,score"
    rows = imrmc_rows(analysis.reads)
    truths = [row for row in rows if row[0] == "truth"]
    assert len(truths) == 60 and {row[2] for row in truths} == {"truth"} and {row[3] for row in truths} == {0.0, 1.0}
    assert len({row[:3] for row in rows}) == len(rows) == 60 + 3 * 60, "no observation twice: repeats stay out"
    assert {row[2] for row in rows} == {"truth", "session1"}


def test_imrmc_text_is_that_of_the_program(analysis):
    lines = imrmc_text(analysis.reads, "a: title\nof two lines").splitlines()
    assert lines[:6] == ["a title of two lines", "N0:30", "N1:30", "NR:3", "NM:1", "BEGIN DATA:"]
    assert lines[6].startswith("-1,case") and lines[-1].startswith("reader-03,")
    assert all(line.count(",") == 3 for line in lines[6:])


def test_the_mean_auc_can_be_computed_again_from_the_export(analysis):
    rows = imrmc_rows(analysis.reads)
    truth = {case: score for reader, case, _, score in rows if reader == "truth"}
    areas = []
    for name in ("reader-01", "reader-02", "reader-03"):
        scores = {case: score for reader, case, _, score in rows if reader == name}
        wins = [
            (scores[a] > scores[b]) + 0.5 * (scores[a] == scores[b])
            for a in truth if truth[a] for b in truth if not truth[b]
        ]  # fmt: skip
        areas.append(sum(wins) / len(wins))
    assert analysis.rows("pooled")[0]["auc"] == pytest.approx(sum(areas) / 3)


def test_files_are_written_together(analysis, tmp_path):
    names = {path.name for path in write_exports(tmp_path / "new" / "out", analysis)}
    assert names == {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert names == {"reads.csv", "results.json", "imrmc.csv", "study.imrmc"}
    with pytest.raises(InputError, match="no format xlsx"):
        write_exports(tmp_path, analysis, ("csv", "xlsx"))
    with pytest.raises(InputError, match="takes ratings"):
        imrmc_rows([read for read in analysis.reads if read.arm == PAIRS])


def test_a_report_on_a_file_is_refused(analysis, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="could not be written"):
        write_report(tmp_path / "file", analysis)
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_read_is_a_sentence():
    with pytest.raises(InputError, match="Nothing has been read yet"):
        analyze([], Design())


def test_readers_with_one_kind_only_do_not_break_the_report():
    reads = [read for read in observers.simulate(observers.Observer(), 2, 20) if read.truth == "real"]
    result = analyze(reads, Design(), repetitions=20)
    assert math.isnan(result.rows("readers")[0]["d_prime"]) and html(result) and pdf(result)


def test_plots_show_the_data(analysis):
    drawn = dict(figures(analysis))
    roc, forest, histogram, _ = drawn.values()
    assert len(roc.axes[0].lines) == 1 + 3 and len(forest.axes[0].get_yticks()) == 4
    assert len(histogram.axes[0].patches) == 12
    assert sum(bar.get_height() for bar in histogram.axes[0].patches) == pytest.approx(200)
    assert all(svg_of(figure).startswith("<svg") for figure in drawn.values())


def test_numbers_in_words():
    assert p_text(0.0004) == "p < .001" and p_text(0.0294) == "p = .029" and p_text(1.0) == "p = 1.000"
    assert percent(0.265) == "26.5 %" and percent(math.nan) == "-"


def test_a_large_study_reports_every_reader(tmp_path):
    reads = observers.simulate(observers.OBSERVERS["cue-using"], 13, 200, repeat_share=0.1)
    write_report(tmp_path, analyze(reads, Design()))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(f"<td>reader-{number:02d}</td>" in page for number in range(1, 14))


def test_a_report_is_written_without_loading_torch(tmp_path):
    """A worker process loads what it imports; torch alone would take as long as the whole evaluation."""
    code = (
        "import sys; from synthetic_imaging.reading.report import export; "
        "from synthetic_imaging.reading.statistics import analysis, observers; "
        "from synthetic_imaging.reading.design import Design; "
        "reads = observers.simulate(observers.OBSERVERS['cue-using'], 2, 20); "
        f"export.write_report({str(tmp_path)!r}, analysis.analyze(reads, Design())); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_accepted_leaks_stand_in_every_report(analysis):
    leak = "'noise' tells real from synthetic (AUC 0.91)."
    leaking = replace(analysis, facts={"real": 30, "synthetic": 30, "leaks": [leak]})
    assert leak in methods(leaking) and "accepted" in methods(leaking) and "None was found." in methods(analysis)
    assert leak in json.loads(analysis_json(leaking))["warnings"][0]
    assert html(leaking).index("although it leaks") < html(leaking).index("<h2>Result")
    assert len(pdf(leaking)) > len(pdf(analysis))


def test_every_statistic_that_was_promised_is_in_the_report(analysis):
    columns = {section.title: section.columns for section in sections(analysis)}
    assert {"Wilson 95 %", "Exact 95 %", "Against chance", "Bounds", "Equivalence"} <= set(columns["Accuracy"])
    seen = columns["Can the reader tell real from synthetic?"]
    assert {"d′", "Criterion", "AUC", "DeLong 95 %", "Folded AUC", "Equivalence"} <= set(seen) and seen.count(
        "95 %"
    ) == 3
    assert {"Cohen κ", "Fleiss κ", "Krippendorff α", "ICC(2,1)"} <= set(columns["Agreement"])
    assert {"Real: real", "Synth.: open"} <= set(columns["Answers of all readers"])
    pooled = next(names for title, names in columns.items() if title.startswith("Accuracy of all readers"))
    assert {"Wilson 95 %", "Exact 95 %", "Bounds", "d′", "Criterion"} <= set(pooled)


def text_of(cell):
    return (cell[0] if isinstance(cell, tuple) else cell).getPlainText()


def test_tables_of_the_pdf_are_no_wider_than_the_page_and_repeat_their_heads(analysis):
    for section in sections(analysis):
        long = replace(section, rows=section.rows * 60)
        placed = table(long, WIDTH_PT)
        width_pt, height_pt = placed.wrap(WIDTH_PT, 1e6)
        assert width_pt <= WIDTH_PT + 1e-6
        pages = placed.split(WIDTH_PT, 300)
        assert len(pages) >= 2 and height_pt > 300
        heads = [" ".join(map(text_of, page._cellvalues[0])) for page in pages]
        assert set(heads) == {" ".join(section.columns).replace(" %", "\u00a0%").replace(" ½", "\u00a0½")}


def test_the_pdf_says_what_it_is_and_holds_the_letters_that_it_needs(analysis):
    content = pdf(analysis)
    assert b"(Reader study; may contain images with synthetic lesions. Not for clinical use.)" in content
    assert content.count(b"DejaVuSans") >= 2 and b"/FontFile2" in content and b"/BaseFont /Helvetica" not in content
    outline = [f"/Title ({title})".encode() for title in ("Result", "Accuracy", "Methods")]
    assert all(title in content for title in outline)

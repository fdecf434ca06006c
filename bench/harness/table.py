"""Results as tables of text and of Markdown: medians, spread, ratios, and who is missing and why."""

from collections.abc import Iterator, Sequence

from harness.results import Case, Column, Entry, Results, beside

Rows = list[list[str]]


def text_report(results: Results) -> str:
    """The whole of a bench for a terminal."""
    bench = results.bench
    lines = [f"# {bench.title}", bench.about, f"{results.machine}; {_rounds(results)}, {results.seconds:.0f} s", ""]
    for title, rows in tables(results):
        lines += [title, *_text(rows), ""]
    lines += [*footnotes(results), *results.remarks]
    return "\n".join(lines).rstrip() + "\n"


def markdown_report(results: Results) -> str:
    """The same for docs/benchmarks.md."""
    bench = results.bench
    lines = [f"## {bench.title}", "", bench.about, ""]
    if results.is_plotted:
        lines += [f"![{bench.title}](bench/{bench.name}.svg)", ""]
    for title, rows in tables(results):
        lines += [f"**{title}**", "", *_markdown(rows), ""]
    notes = [f"- {line}" for line in (*footnotes(results), *results.remarks)]
    if notes:
        lines += [*notes, ""]
    return "\n".join([*lines, f"{results.when}, {_rounds(results)}; {results.machine}.", ""])


def tables(results: Results) -> Iterator[tuple[str, Rows]]:
    """Give each table as its title and its rows, the first of them the header."""
    if results.bench.matrix:
        yield _matrix(results)
        return
    for case in results.bench.cases:
        if any(results.values(case, entry) for entry in results.entries):
            yield f"{case.name} ({case.unit}, {case.better} is better)", _rows(results, case)


def footnotes(results: Results) -> list[str]:
    """What the reader has to know: notes of samples, and who is missing, each with its reason."""
    lines = []
    for entry in results.entries:
        for case in results.bench.cases:
            notes = {sample.note for sample in entry.samples.get(case.name, ()) if sample.note}
            lines += [f"{entry.name}, {case.name}: {note}" for note in sorted(notes)]
    for entry in results.entries:
        lines += [f"{entry.name}{f', {case}' if case else ''}: {why}" for case, why in entry.missing.items()]
    return list(dict.fromkeys(lines))


def shown(value: float | None, unit: str) -> str:
    """A value in three significant digits; shares as percents, whose last digits tell 99.9 from 99.99."""
    if value is None:
        return ""
    if unit == "%":
        return f"{value:.2%}".replace("%", " %")
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 or value == 0 else 4
    return f"{value:.{digits}f}"


def named(entry: Entry) -> str:
    """A contestant and its version."""
    return f"{entry.name} {entry.version}".rstrip()


def _rows(results: Results, case: Case) -> Rows:
    ours = f"{results.bench.ours} is"
    unit = "found" if case.unit == "%" else case.unit
    header = ["", unit, "least-most", ours, *(_headed(column) for column in case.beside)]
    rows = []
    for entry in sorted(results.entries, key=lambda entry: _rank(results, case, entry)):
        samples = entry.samples.get(case.name, [])
        if samples:
            row = _cells(results, case, entry)
            rows.append([named(entry), *row, *(shown(beside(samples, each), each.unit) for each in case.beside)])
    return [header, *rows]


def _cells(results: Results, case: Case, entry: Entry) -> list[str]:
    values = sorted(results.values(case, entry))
    median = results.median(case, entry)
    spread = f"{shown(values[0], case.unit)}-{shown(values[-1], case.unit)}" if len(values) > 1 else "one sample"
    ratio = results.ratio(case, entry)
    is_ours = entry.name == results.bench.ours
    return [shown(median, case.unit), spread, "" if ratio is None or is_ours else f"{shown(ratio, '')} x"]


def _matrix(results: Results) -> tuple[str, Rows]:
    players = [entry for entry in results.entries if entry.samples]
    rows = [["", *(named(entry) for entry in players)]]
    for case in results.bench.cases:
        row = [f"{case.name} ({case.unit})"]
        for entry in players:
            cell = ""
            if results.values(case, entry):
                median, spread, ratio = _cells(results, case, entry)
                cell = f"{median} ({spread})" + (f", {ratio}" if ratio else "")
            row.append(cell)
        rows.append(row)
    return f"median (least-most), and how many times as good {results.bench.ours} is", rows


def _rank(results: Results, case: Case, entry: Entry) -> float:
    median = results.median(case, entry)
    return 0.0 if median is None else median if case.better == "less" else -median


def _headed(column: Column) -> str:
    return column.name if column.unit in ("", "%") else f"{column.name} ({column.unit})"


def _rounds(results: Results) -> str:
    return f"{results.rounds} round{'' if results.rounds == 1 else 's'}"


def _text(rows: Rows) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in _numbered(row, widths)]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _numbered(row: Sequence[str], widths: Sequence[int]) -> Iterator[tuple[int, tuple[str, int]]]:
    return enumerate(zip(row, widths, strict=True))


def _markdown(rows: Rows) -> list[str]:
    header, *rest = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    rule = ["---", *["--:"] * (len(header) - 1)]
    return [f"| {' | '.join(row)} |" for row in (header, rule, *rest)]

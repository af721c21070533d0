"""A campaign as one HTML page without external parts: the matrix as a table, each cell with what it left."""

from __future__ import annotations

from typing import Final

from smssboot.report.campaign.terminal import row_of
from smssboot.report.campaign.view import EXIT_CODES, CampaignView, CellView
from smssboot.timeline.printable import printable


def html(campaign: CampaignView, base: str = "") -> str:
    """The page.  `base` leads from where it will lie to the campaign's folder."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["safe_text"] = _text
    template = environment.from_string(_TEMPLATE)
    arches = list(campaign.axes.get("arch", ()))
    rows: dict[str, dict[str, list[CellView]]] = {}
    for cell in campaign.cells:
        rows.setdefault(row_of(cell), {}).setdefault(cell.axes["arch"], []).append(cell)
    noted = [c for c in campaign.cells if c.outcome not in ("passed", "waiting") or c.passed_in_quarantine]
    return template.render(
        campaign=campaign,
        arches=arches,
        rows=rows,
        noted=noted,
        counts={outcome: count for outcome, count in campaign.counts.items() if count},
        exit_code=EXIT_CODES[campaign.verdict],
        varied={name: values for name, values in campaign.axes.items() if len(values) > 1},
        style=_STYLE,
        remark=_remark,
        link=lambda path: _link(f"{base}/{path}" if base else path),
    )


def _text(words: object) -> str:
    """What a guest or a matrix said, without what moves a cursor or hides."""
    return printable(str(words))


def _remark(cell: CellView) -> str:
    """What a cell says beside its outcome."""
    words = [f"#{cell.repetition}"] if "#" in cell.id else []
    if cell.outcome != "waiting":
        words.append("cached" if cell.shown is not None and cell.shown.cached else f"{cell.seconds:.2f} s")
    words += [f"{cell.attempts} attempts"] if cell.attempts > 1 else []
    words += ["from before"] if cell.earlier else []
    return ", ".join(words)


def _link(path: str) -> str:
    """A relative path as a URL: nothing in it is a scheme, a query or a fragment."""
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte in b"-_.~/=" else f"%{byte:02X}"
        for byte in path.encode("utf-8", "surrogateescape")
    )


_STYLE: Final = """\
:root { color-scheme: light dark; --line: #8884; --quiet: #6e7781; --passed: #1a7f37; --failed: #cf222e;
  --error: #9a6700; --quarantined: #8250df; --waiting: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --quiet: #8b949e; --passed: #3fb950; --failed: #ff7b72;
  --error: #d29922; --quarantined: #bc8cff; --waiting: #8b949e; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 72rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
th[scope=row] { font-weight: normal; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.cell { display: block; white-space: nowrap; }
.word { font-weight: 600; }
.word::before { content: "\\25CF "; }
.passed { color: var(--passed); } .failed { color: var(--failed); } .error { color: var(--error); }
.quarantined { color: var(--quarantined); } .waiting { color: var(--waiting); }
.interrupted { color: var(--error); }
small, dt { color: var(--quiet); }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .3rem 0 0; }
dd { margin: 0; overflow-wrap: anywhere; }
section.note { border-left: 4px solid; padding: .2rem 0 .2rem .8rem; margin: .8rem 0; }
section.note > * { color: CanvasText; } section.note > h3 { font-size: 1rem; margin: 0; }
"""

_TEMPLATE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ campaign.name|safe_text }}: {{ campaign.verdict }}</title>
<style>
{{ style|safe }}</style>
</head>
<body>
<h1>{{ campaign.name|safe_text }}: <span class="{{ campaign.verdict }}">{{ campaign.verdict }}</span></h1>
{% if campaign.description %}
<p>{{ campaign.description|safe_text }}</p>
{% endif %}
<p>{{ campaign.cells|length }} cells:
{% for outcome, count in counts.items() %}
<span class="{{ outcome }}">{{ count }} {{ outcome }}</span>{{ "," if not loop.last else "." }}
{% endfor %}
{{ campaign.started }} to {{ campaign.ended }}, {{ "%.1f"|format(campaign.seconds) }} s,
{{ campaign.jobs }} at a time. Exit code {{ exit_code }}.</p>
{% if varied %}
<dl>
{% for name, values in varied.items() %}
<dt>{{ name }}</dt><dd>{{ values|join(", ")|safe_text }}</dd>
{% endfor %}
</dl>
{% endif %}
{% if noted %}
<h2>Worth a look</h2>
{% for cell in noted %}
<section class="note {{ cell.outcome }}">
<h3><code>{{ cell.id|safe_text }}</code>
{{ "passed in quarantine" if cell.passed_in_quarantine else cell.outcome }}</h3>
<dl>
{% if cell.why %}
<dt>why</dt><dd>{{ cell.why|safe_text }}</dd>
{% endif %}
<dt>expected</dt><dd>{{ cell.expected.text()|safe_text }}</dd>
{% if cell.shown %}
<dt>shown</dt><dd>{{ cell.shown.verdict }}, by {{ cell.shown.cause|safe_text }}
{{- (": " ~ cell.shown.cause_text)|safe_text if cell.shown.cause_text }}</dd>
{% endif %}
{% if cell.quarantine %}
<dt>quarantine</dt><dd>until {{ cell.quarantine.expires }}: {{ cell.quarantine.reason|safe_text }}</dd>
{% endif %}
{% if cell.report %}
<dt>left</dt><dd><a href="{{ link(cell.report) }}">report.json</a>
{% if cell.page %}
<a href="{{ link(cell.page) }}">report.html</a>
{% endif %}
{% if cell.folder %}
<a href="{{ link(cell.folder) }}/">folder</a>
{% endif %}
</dd>
{% endif %}
</dl>
</section>
{% endfor %}
{% endif %}
<h2>Matrix</h2>
<div class="scroll">
<table>
<thead><tr><th scope="col">cell</th>
{% for arch in arches %}
<th scope="col">{{ arch }}</th>
{% endfor %}
</tr></thead>
<tbody>
{% for row, columns in rows.items() %}
<tr><th scope="row">{{ row|safe_text }}</th>
{% for arch in arches %}
<td>
{% for cell in columns.get(arch, []) %}
<span class="cell"><span class="word {{ cell.outcome }}">{{ cell.outcome }}</span>
<small>{{ remark(cell) }}</small>
{% if cell.report %}
<a href="{{ link(cell.page or cell.report) }}">report</a>
{% endif %}
{% if cell.folder %}
<a href="{{ link(cell.folder) }}/">folder</a>
{% endif %}
</span>
{% endfor %}
</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
</body>
</html>
"""

"""The report as one HTML page with everything inside it."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from image_generating.metrics.catalogue import METRICS
from image_generating.metrics.controls import CONTROLS
from image_generating.metrics.estimate import Estimate, Incomputable
from image_generating.metrics.findings import QUESTIONS, Finding

if TYPE_CHECKING:
    from image_generating.metrics.evaluate import Evaluation

_QUESTIONS = {
    "fidelity": "Are they like real images?",
    "diversity": "Are they as diverse?",
    "privacy": "Do they give away training images?",
}
_NOTHING = {
    "fidelity": "Nothing was found that sets them apart from real images.",
    "diversity": "They vary as much as real images do.",
    "privacy": "They are no closer to the training images than other real images are. This is no proof: "
    "there may be copies that these numbers cannot see.",
}
_FLAGS = {
    "unrealistic": "unlike real images",
    "blurred": "blurred",
    "noisy": "too rough or noisy",
    "grid": "regular grid pattern",
    "repetitive": "repeat each other",
    "incomplete": "part of the variety is missing",
    "copied": "copies of training images",
}
# Images this far from all real ones keep no patient's secret: they show no patient.
_FAR = 3.0

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.5rem 3rem; color: #1f2937; background: #fff;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
p { margin: .4rem 0 .8rem; max-width: 48rem; }
p.warning { border-left: 5px solid #c2410c; padding-left: .7rem; overflow-wrap: anywhere; }
.lead, .small { color: #4b5563; }
.small, td.meaning { font-size: .86rem; line-height: 1.4; }
.cards { display: grid; grid-template-columns: repeat(3, 1fr); gap: .9rem; margin: 1.2rem 0; }
.card { border: 1px solid #d1d5db; border-top: 5px solid #6b7280; border-radius: 6px; padding: .7rem .9rem; }
.card.good { border-top-color: #15803d; } .card.bad { border-top-color: #c2410c; }
.card h2 { margin: 0; font-size: 1rem; }
.card strong { display: block; font-size: 1.05rem; margin: .15rem 0 .3rem; }
.good strong { color: #15803d; } .bad strong { color: #c2410c; }
.card ul { margin: 0; padding-left: 1.05rem; } .card li { margin: .2rem 0; } .card p { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0;
  border-bottom: 1px solid #e5e7eb; }
th { font-size: .86rem; color: #4b5563; }
td.name { font-weight: 600; white-space: nowrap; }
td.value { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.value small { display: block; color: #6b7280; font-weight: 400; }
tr.bad td.ours { color: #c2410c; font-weight: 700; }
tr.group th { padding-top: 1.1rem; font-size: .95rem; color: #1f2937; border-bottom: 2px solid #9ca3af; }
td.missing { color: #6b7280; font-style: italic; font-size: .86rem; max-width: 11rem; }
figure { margin: .6rem 0; } img { width: 100%; height: auto; display: block; }
figcaption { font-size: .86rem; color: #4b5563; margin-bottom: .5rem; max-width: 48rem; }
dl { columns: 2; column-gap: 2.5rem; font-size: .86rem; margin: 0; }
dl div { display: flex; gap: .6rem; break-inside: avoid; }
dt { color: #4b5563; flex: 0 0 9rem; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 44rem) { .cards { grid-template-columns: 1fr; } td.meaning, th.meaning { display: none; } }
@page { size: A4; margin: 14mm; }
@media print {
  :root { font-size: 9.5pt; } body { max-width: none; padding: 0; } h2 { margin-top: 1.4rem; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure, .card, tr { break-inside: avoid; } h2 { break-after: avoid; }
  h2.page { break-before: page; } .facts { break-inside: avoid; }
  p.small { margin: .1rem 0; } thead { display: table-header-group; }
}
"""


def render(
    evaluation: "Evaluation",
    facts: dict,
    warnings: Sequence[str],
    notes: Sequence[str],
    figures: dict[str, bytes],
) -> str:
    """The page as text.

    Args:
        evaluation: what was measured.
        facts: the flat record of metrics.json.
        warnings: sentences without which the numbers would be misread.
        notes: sentences about the images that a reader should know.
        figures: PNG files by name.
    """
    title = f"Evaluation of {Path(facts['model'] or facts['images']).name}"
    lead = (
        f"{facts['generated_count']} generated images are compared with {facts['heldout_count']} real images "
        f"that the generator never saw, and with the {facts['train_count']} that it was trained on, at "
        f"{facts['resolution']} × {facts['resolution']} pixels."
    )
    body = [
        f"<h1>{escape(title)}</h1><p class='lead'>{lead}</p>",
        *(f"<p class='warning'>{escape(warning)}</p>" for warning in warnings),
        _cards(evaluation),
        "<h2>What was compared</h2>",
        _figure(
            figures, "samples", "A random choice of the generated images above, of unseen real images below."
        ),
        "<h2 class='page'>The numbers</h2>",
        "<p>No set of images reaches the perfect value of every number, not even a set of real ones. So each "
        "number stands beside the same number for real images, and only the difference counts. Small print "
        "is the range of 95 in 100 repetitions with images drawn anew. Where a number depends on how many "
        f"images there are, {facts['equal_size_count']} of each set are compared. Colored numbers are behind "
        "a problem named above.</p>",
        _table(evaluation),
        "<h2>Texture: blur, noise and grids</h2>",
        _figure(
            figures,
            "spectra",
            "Left, how strong structures of every size are, from the whole chest (coarse) to single pixels "
            "(fine). Right, the difference from unseen real images: a line near 0 is right.",
        ),
        "<h2>Closest to training images</h2>",
        _figure(
            figures,
            "closeness",
            "If the generator handed out training images, its images would be closer to them than other real "
            "images are: the generated bars would lie left of the real ones.",
        ),
        _figure(
            figures,
            "closest",
            f"The {len(evaluation.closest)} generated images that come closest to a training image, each "
            "beside it. Look for the same patient: the same ribs, heart outline, devices and marks, not just "
            "a similar build. “Usual” is the median distance of an unseen real image to its closest training "
            "image.",
        ),
        _controls(evaluation),
        "<h2>Limits</h2>",
        "<p>Numbers see what their feature network sees; the standard one was trained on photographs. Few "
        "images give rough numbers. None of this measures diagnostic value: generated images are not for "
        "clinical use.</p>",
        "<section class='facts'><h2>How it was made</h2>",
        *(f"<p class='small'>{escape(note)}</p>" for note in notes),
        _facts(facts),
        "</section>",
    ]
    return (
        f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{_STYLE}</style></head>\n<body>{chr(10).join(body)}</body></html>\n"
    )


def _cards(evaluation: "Evaluation") -> str:
    return f"<div class='cards'>{''.join(_card(evaluation, question) for question in QUESTIONS)}</div>"


def _card(evaluation: "Evaluation", question: str) -> str:
    found = [finding for finding in evaluation.found if finding.flag in QUESTIONS[question]]
    numbers = {m.key: evaluation.numbers[m.key] for m in METRICS if m.question == question}
    far = numbers.get("copying")
    if found:
        flags = ", ".join(_FLAGS[flag] for flag in _flags(found))
        items = "".join(f"<li>{escape(finding.evidence)}</li>" for finding in found)
        kind, verdict, text = "bad", f"Problem: {flags}", f"<ul class='small'>{items}</ul>"
    elif all(isinstance(number, Incomputable) for number in numbers.values()):
        reason = next(iter(numbers.values()))
        kind, verdict, text = "", "Cannot be said", f"<p class='small'>{escape(str(reason))}</p>"
    elif isinstance(far, Estimate) and far.value > _FAR:
        kind, verdict = "", "No sign of copying, but no evidence of privacy"
        text = (
            "<p class='small'>The images are farther from the training images than real images are "
            f"(C_T {far.value:.1f}), because they are unlike any real image.</p>"
        )
    else:
        text = _NOTHING[question]
        if any(isinstance(number, Incomputable) for number in numbers.values()):
            text += " Some numbers cannot be computed, though: see the table."
        kind, verdict, text = "good", "No problem found", f"<p class='small'>{text}</p>"
    head = f"<h2>{_QUESTIONS[question]}</h2><strong>{verdict}</strong>"
    return f"<section class='card {kind}'>{head}{text}</section>"


def _flags(found: Iterable[Finding]) -> list[str]:
    """Each flag once, in order."""
    return list(dict.fromkeys(finding.flag for finding in found))


def _table(evaluation: "Evaluation") -> str:
    bad = {finding.metric for finding in evaluation.found}
    rows = []
    for question, title in _QUESTIONS.items():
        rows.append(f"<tr class='group'><th colspan='4'>{title}</th></tr>")
        for metric in METRICS:
            if metric.question != question:
                continue
            cells = "".join(
                _value(metric, numbers[metric.key], kind)
                for numbers, kind in ((evaluation.numbers, "ours"), (evaluation.floor, "real"))
            )
            rows.append(
                f"<tr class='{'bad' if metric.key in bad else ''}'><td class='name'>{metric.name}</td>{cells}"
                f"<td class='meaning'>{escape(metric.meaning)}</td></tr>"
            )
    head = "<th>Number</th><th>These images</th><th>Real images</th><th class='meaning'>What it says</th>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _value(metric, number: Estimate | Incomputable, kind: str) -> str:
    if isinstance(number, Incomputable):
        return f"<td class='missing'>cannot be computed: {escape(str(number))}</td>"
    spread = f"<small>{metric.span(number)}</small>" if number.low is not None else ""
    return f"<td class='value {kind}'>{metric.show(number.value)}{metric.unit}{spread}</td>"


def _controls(evaluation: "Evaluation") -> str:
    if not evaluation.controls:
        return ""
    rows = []
    for control in CONTROLS:
        flags = _flags(evaluation.controls[control.key][1])
        recognized = control.flag in flags
        others = ", ".join(_FLAGS[flag] for flag in flags if flag != control.flag)
        rows.append(
            f"<tr class='{'' if recognized else 'bad'}'><td class='name'>{control.name}</td>"
            f"<td>{_FLAGS[control.flag]}</td><td class='ours'>{'recognized' if recognized else 'missed'}</td>"
            f"<td class='small'>{others or '—'}</td></tr>"
        )
    head = "<th>Known failure</th><th>Its fault</th><th>This report</th><th>Also found</th>"
    return (
        "<h2>Would this report notice?</h2><p>The same was measured for sets of images with a known fault, "
        f"{evaluation.size} images each. A fault that is missed here could be missed above, too.</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _figure(figures: dict[str, bytes], name: str, caption: str) -> str:
    data = base64.b64encode(figures[name]).decode()
    caption = escape(caption)
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f"<img alt='{caption}' src='data:image/png;base64,{data}'></figure>"
    )


def _facts(facts: dict) -> str:
    # The numbers themselves are in the table.
    shown = {key: value for key, value in facts.items() if value is not None}
    until = next(key for key in shown if "flag_" in key)
    items = []
    for key, value in shown.items():
        if key == until:
            break
        items.append(f"<div><dt>{escape(key.replace('_', ' '))}</dt><dd>{escape(str(value))}</dd></div>")
    return f"<dl>{''.join(items)}</dl>"

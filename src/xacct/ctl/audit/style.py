"""The style of the audit's page, and how a browser is told to take no other."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark;
  --page: #fbfaf8; --card: #fff; --text: #1d1f23; --dim: #667; --line: #dedcd6; --life: #d7dff0; --edge: #7d8fb8;
  --served: #1f6feb; --refused: #d1570a; --yes: #1a7f37; --no: #cf222e; --step: #8a8f98; }
@media (prefers-color-scheme: dark) { :root {
  --page: #15171b; --card: #1d2026; --text: #e7e8ea; --dim: #9aa1ad; --line: #33373f; --life: #2b3550; --edge: #6d82b5;
  --served: #64a4ff; --refused: #ff9a4d; --yes: #4cc26b; --no: #ff6b73; --step: #8a919d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1500px; padding: 24px; background: var(--page); color: var(--text);
  font: 14px/1.45 system-ui, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 22px; margin: 0 0 2px; } h2 { font-size: 15px; margin: 10px 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 13px; margin: 14px 0 4px; overflow-wrap: anywhere; }
p { margin: 2px 0; } .dim, .utc { color: var(--dim); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 14px 0; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: 8px; } .legend svg { width: 30px; height: 24px; flex: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 4px 16px 8px;
  margin: 12px 0; }
.scale { padding: 0 17px; }
.lane { display: grid; grid-template-columns: 250px minmax(0, 1fr); gap: 14px; align-items: center;
  border-top: 1px solid var(--line); }
.scale { border-top: 0; } .scale > p { text-align: right; font-size: 12px; color: var(--dim); line-height: 1.2; }
.name { padding: 3px 0; min-width: 0; line-height: 1.25; }
.name a, .name span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.name a { color: inherit; text-decoration: none; font-weight: 600; } .name a:hover { text-decoration: underline; }
.name span { font-size: 12px; color: var(--dim); }
svg { display: block; overflow: visible; } text { font-size: 12px; fill: var(--text); } text.utc { fill: var(--dim); }
.tick { stroke: var(--line); stroke-width: 1; }
.life { fill: var(--life); stroke: var(--edge); stroke-width: 1; }
.before, .after { stroke-dasharray: 3 3; }
.served { fill: var(--served); } .refused { fill: var(--refused); } .step { fill: var(--step); }
path.yes { fill: var(--yes); stroke: var(--card); stroke-width: 1.5; }
path.no { fill: none; stroke: var(--no); stroke-width: 4; stroke-linecap: round; }
details { border-top: 1px solid var(--line); padding: 6px 0; } summary { cursor: pointer; overflow-wrap: anywhere; }
details:has(:target) > summary { font-weight: 700; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; margin: 2px 0 8px; }
td { text-align: left; vertical-align: top; padding: 3px 14px 3px 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
td.when { white-space: nowrap; font-variant-numeric: tabular-nums; width: 17em; }
td.often { text-align: right; white-space: nowrap; width: 7em; } td.who { width: 36%; }
@media (max-width: 1000px) { td.when { white-space: normal; width: 12em; } }
td.mark { width: 24px; padding-right: 8px; } td.mark svg { width: 10px; height: 16px; }
@media (max-width: 700px) { body { padding: 12px; } .lane { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .scale > p { display: none; } td.when { width: 8em; } }
@media print { :root { color-scheme: light;
  --page: #fff; --card: #fff; --text: #000; --dim: #555; --line: #ccc;
  --life: #dde4f2; --edge: #7d8fb8; --served: #1f6feb; --refused: #d1570a; --yes: #1a7f37; --no: #cf222e;
  --step: #777; }
  * { print-color-adjust: exact; }
  body { max-width: none; padding: 0; } .card { break-inside: auto; }
  .lane, tr { break-inside: avoid; } }
"""

POLICY: Final = "; ".join(
    (
        "default-src 'none'",  # guard: audit-page-takes-nothing-from-elsewhere
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""Content Security Policy Level 3: no script, no image, nothing from elsewhere, and of styles this one alone."""

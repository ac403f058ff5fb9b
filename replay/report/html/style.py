"""The style of the pages: the reader's own fonts and their own choice of light or dark."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1c1d1f;--dim:#63666b;--line:#dfe0e2;--card:#fff;
--code:#f3f3f1;--good:#156c36;--bad:#b3261e;--warn:#8a5a00;--note:#1f5fa8;--old:#fdeceb;
--new:#e7f5ec;
--bar:#9db8d9}
@media(prefers-color-scheme:dark){:root{--bg:#141517;--fg:#e7e7e6;--dim:#9b9ea4;--line:#303236;
--card:#1b1d20;--code:#24262a;--good:#6fcf8f;--bad:#ff8a80;--warn:#e9b44c;--note:#8ab8f0;
--old:#3a1f1e;
--new:#17301f;--bar:#3f5f88}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,sans-serif;-webkit-text-size-adjust:100%;overflow-wrap:anywhere}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.35rem;line-height:1.3;margin:.5rem 0}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
h3{font-size:.95rem;margin:1rem 0 .25rem}
p{margin:.5rem 0}
code,pre{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{background:var(--code);border-radius:6px;padding:.6rem .7rem;margin:.3rem 0;
white-space:pre-wrap;
max-height:32rem;overflow:auto}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.5rem 0;font-size:14px}
dt{color:var(--dim)}dd{margin:0}
summary{cursor:pointer;padding:.15rem 0}
summary:focus-visible{outline:2px solid var(--note);outline-offset:2px;border-radius:4px}
.step{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:.5rem 0;
padding:.35rem .75rem}
.step>summary{display:flex;flex-wrap:wrap;gap:.1rem .6rem;align-items:baseline;list-style:none}
.step>summary::-webkit-details-marker{display:none}
.step>summary .number{color:var(--dim);min-width:1.6rem;font-variant-numeric:tabular-nums}
.step>summary .name{font-weight:600}
.step>summary .aside{color:var(--dim);margin-left:auto;font-variant-numeric:tabular-nums;
font-size:13px}
.step>summary .preview{flex-basis:100%;color:var(--dim);font-size:13px;display:-webkit-box;
-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;padding-left:2.2rem}
.step[open]>summary .preview{display:none}
.step[open]>summary{border-bottom:1px solid var(--line);margin-bottom:.4rem}
.model{border-left:4px solid var(--note)}
.tool{border-left:4px solid var(--bar);margin-left:1.2rem}
.together{border-left:2px dashed var(--bar);margin:.5rem 0 .5rem .6rem;padding-left:.2rem}
.together>.label{color:var(--dim);font-size:13px;margin-left:.6rem}
.together .tool{margin-left:.5rem}
.said{border-left:4px solid var(--line);padding:.1rem .75rem;margin:.5rem 0}
.said .who{color:var(--dim);font-size:13px}
.badge{font-size:12.5px;border:1px solid currentColor;border-radius:99px;padding:0 .5rem;
white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.note{color:var(--note)}
.dim{color:var(--dim)}
.lane{position:relative;height:6px;background:var(--code);border-radius:3px;flex-basis:100%}
.lane i{position:absolute;top:0;bottom:0;min-width:2px;background:var(--bar);border-radius:3px}
.diff{background:var(--code);border-radius:6px;padding:.4rem .6rem;margin:.3rem 0;font-size:13px}
.diff .path{color:var(--dim);display:block;margin-top:.2rem}
.diff del,.diff ins{display:block;text-decoration:none;white-space:pre-wrap;padding:0 .3rem;
border-radius:3px;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.diff del{background:var(--old)}.diff ins{background:var(--new)}
.diff del::before{content:"- "}.diff ins::before{content:"+ "}
.finding{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:.6rem 0;
padding:.5rem .75rem}
.finding>summary{font-weight:600}
.chips{display:flex;flex-wrap:wrap;gap:.4rem;margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:14px}
td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
footer{color:var(--dim);font-size:13px;max-width:60rem;margin:0 auto;padding:1rem}
@media(max-width:600px){main{padding:.6rem}.tool{margin-left:.4rem}
.together .tool{margin-left:.2rem}
dl{gap:.1rem .6rem;font-size:13px}.step>summary .preview{padding-left:0}}
@media print{.step,.finding{break-inside:avoid}pre{max-height:none}}
"""

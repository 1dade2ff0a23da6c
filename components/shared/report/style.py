"""The look of a page: light, narrow, printable."""

STYLE = """
:root {
  --ink: #1f2933; --muted: #5f6b7a; --rule: #d5dae1; --soft: #f4f6f8;
  --accent: #005a8e; --good: #006b4f; --bad: #a23b00;
}
* { box-sizing: border-box; }
body {
  margin: 0; background: #fff; color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: #fff; padding: .5rem; }
header, main, footer { max-width: 980px; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
footer { padding: 1.6rem 1.25rem 3rem; color: var(--muted); font-size: .88rem; }
section { padding: 2.2rem 0 .6rem; border-bottom: 1px solid var(--rule); }
section:last-child { border-bottom: 0; }

.mark { font-weight: 700; letter-spacing: .02em; color: var(--accent); margin: 0; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: .2rem 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.45rem; line-height: 1.3; margin: 0 0 .6rem; letter-spacing: -.005em; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
h4 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
p { margin: 0 0 .9rem; max-width: 72ch; }
ul { max-width: 72ch; padding-left: 1.2rem; }
li { margin: .25rem 0; }
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
code { font: .86em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.lead { font-size: 1.15rem; }
.muted, figcaption, caption { color: var(--muted); }
.right { color: var(--good); }
.wrong { color: var(--bad); }
.note {
  background: var(--soft); border-left: 3px solid var(--rule); border-radius: 0 6px 6px 0; padding: .7rem 1rem;
  max-width: none;
}

nav { border: solid var(--rule); border-width: 1px 0; margin: 1.4rem 0 0; padding: .55rem 0; font-size: .92rem; }
nav ul {
  list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; margin: 0; padding: 0; max-width: none;
}

.cards, .samples { display: grid; padding: 0; list-style: none; max-width: none; }
.cards { grid-template-columns: repeat(auto-fit, minmax(205px, 1fr)); gap: .9rem; margin: 1.2rem 0 1.4rem; }
.card { border: 1px solid var(--rule); border-top: 3px solid var(--accent); border-radius: 6px; padding: .9rem 1rem; }
.card p { margin: 0; }
.card .name { font-size: .86rem; color: var(--muted); }
.card .value {
  font-size: 1.75rem; font-weight: 650; line-height: 1.25; margin: .1rem 0; font-variant-numeric: tabular-nums;
}
.card .unit { font-size: 1rem; font-weight: 500; }
.card .detail { font-size: .88rem; line-height: 1.45; }

.scroll { overflow-x: auto; margin: .9rem 0 1.3rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.4; }
caption { text-align: left; padding: 0 0 .45rem; font-size: .92rem; }
th, td { padding: .36rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
thead th { border-bottom: 2px solid var(--rule); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .number { white-space: normal; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }

details { margin: .4rem 0 1.4rem; }
summary { cursor: pointer; color: var(--accent); font-size: .92rem; }

figure { margin: 1rem 0 1.4rem; }
figure > div { overflow-x: auto; }
figure svg { display: block; width: 100%; min-width: 620px; height: auto; }
figure svg text { font-family: inherit !important; }
figcaption { font-size: .9rem; margin-top: .4rem; max-width: 80ch; }

.samples { grid-template-columns: repeat(auto-fit, minmax(390px, 1fr)); gap: 1.1rem; margin: 1.1rem 0; }
.sample { border: 1px solid var(--rule); border-radius: 6px; padding: .9rem 1rem .6rem; margin: 0; }
.sample .asked { font-weight: 600; margin: .7rem 0 .1rem; }
.sample .muted { font-size: .88rem; margin: 0; }
.sample .scroll { margin: .3rem 0 0; }
.sample caption { font-size: .8rem; }
.sample table { font-size: .86rem; }
.pictures { display: flex; gap: .8rem; align-items: flex-end; }
.pictures figure { margin: 0; }
.pictures img { display: block; border-radius: 4px; height: auto; }
.pictures figcaption { font-size: .78rem; margin-top: .2rem; }
.chosen { font-weight: 700; }

@media (max-width: 480px) {
  .samples { grid-template-columns: 1fr; }
  h1 { font-size: 1.7rem; }
}
@media print {
  body { font-size: 10.5pt; }
  nav, .skip { display: none; }
  header, main, footer { max-width: none; padding: 0; }
  section { border-bottom: 0; padding: 1rem 0 0; }
  .scroll, figure > div { overflow: visible; }
  figure, tr, .card, .sample { break-inside: avoid; }
  h2, h3, h4, caption { break-after: avoid; }
  .cards { grid-template-columns: repeat(4, 1fr); }
  .samples { grid-template-columns: 1fr 1fr; }
  a { color: inherit; }
}
"""

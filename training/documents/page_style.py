"""The style sheet of the HTML pages: light and dark, for phones, desktops and print."""

CSS = """\
:root {
  color-scheme: light dark;
  --paper: #ffffff; --raised: #f6f8f7; --ink: #1c2521; --quiet: #5b6862; --line: #dfe5e2;
  --accent: #1d7a57; --bar: #2f8f6b; --warn-line: #c98a1b; --warn: #fdf6e7; --warn-ink: #6b4700;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #111614; --raised: #19201d; --ink: #e4eae7; --quiet: #9aa8a1; --line: #2b3531;
    --accent: #5cc49a; --bar: #46ab83; --warn-line: #b98426; --warn: #241d0f; --warn-ink: #ecc77e;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 1rem }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
.page { max-width: 74rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
p, ul, dl, figure, .table { margin: 0 0 1rem }
p, li, dd { max-width: 44rem; overflow-wrap: anywhere }
h1 { font-size: clamp(1.7rem, 5vw, 2.4rem); line-height: 1.15; letter-spacing: -.02em; margin: .2rem 0 .6rem;
  overflow-wrap: anywhere }
h2 { font-size: 1.3rem; line-height: 1.3; letter-spacing: -.01em; margin: 0 0 1rem }
h3 { font-size: .95rem; margin: 1.4rem 0 .3rem }
a { color: var(--accent) }
code { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  overflow-wrap: anywhere }
.kind { color: var(--accent); font-size: .8rem; font-weight: 650; letter-spacing: .08em; text-transform: uppercase;
  margin: 0 }
.lead { font-size: 1.12rem; color: var(--quiet); margin-bottom: .8rem }
.origin { display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; margin: 0 0 1.6rem; font-size: .86rem;
  color: var(--quiet) }
.origin div { display: flex; gap: .4rem; min-width: 0 }
.origin dt { flex: none }
.origin dd { margin: 0; color: var(--ink); min-width: 0 }
.headlines { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem;
  margin: 0 0 1.5rem }
.headlines div { background: var(--raised); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem }
.headlines dt { font-size: .8rem; color: var(--quiet) }
.headlines dd { margin: 0 }
.headlines .value { font-size: 1.6rem; line-height: 1.3; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums }
.headlines .note { font-size: .82rem; line-height: 1.4; color: var(--quiet) }
.gaps, .missing { background: var(--warn); color: var(--warn-ink); border-left: 3px solid var(--warn-line);
  border-radius: .25rem; padding: .5rem .8rem; max-width: 44rem }
.missing { font-size: .92rem; width: fit-content }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .88rem }
nav { margin: 0 0 2rem; padding: .7rem 0; border-block: 1px solid var(--line) }
nav a { color: var(--quiet); text-decoration: none; display: inline-block; padding: .15rem 0 }
nav a:hover, nav a:focus-visible { color: var(--accent); text-decoration: underline }
main > section { padding: 1.8rem 0 .8rem; border-top: 1px solid var(--line) }
main > section:first-child { border-top: 0; padding-top: 0 }
#decision:not(:has(p)) { display: none }
#decision:has(p) { background: var(--raised); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1.2rem 1.2rem .4rem; margin: 0 0 1.8rem }
#decision + section { border-top: 0; padding-top: 0 }
.facts { display: grid; grid-template-columns: minmax(8rem, 13rem) minmax(0, 1fr); gap: 0; font-size: .93rem;
  border-top: 1px solid var(--line) }
.facts dt, .facts dd { margin: 0; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); max-width: none }
.facts dt { color: var(--quiet) }
.table { border: 1px solid var(--line); border-radius: .6rem; overflow-x: auto }
.scroll { overflow-x: auto }
.scroll:focus-visible, .table:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
table { border-collapse: collapse; width: 100%; font-size: .88rem; line-height: 1.45 }
caption, .caption { text-align: left; padding: .7rem .9rem; margin: 0; max-width: none; color: var(--quiet);
  font-size: .84rem; line-height: 1.45; background: var(--raised); border-bottom: 1px solid var(--line) }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem; border-bottom: 1px solid var(--line);
  font-weight: 400; max-width: 24rem; overflow-wrap: break-word }
thead th { font-size: .8rem; color: var(--quiet); font-weight: 600; white-space: nowrap }
tbody th { font-weight: 550; min-width: 6rem }
tbody tr:last-child > * { border-bottom: 0 }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
details { border: 1px solid var(--line); border-radius: .6rem; padding: .5rem .9rem; margin: 0 0 .6rem;
  max-width: 44rem }
summary { cursor: pointer; font-weight: 550 }
details p { margin: .5rem 0 0; font-size: .9rem; color: var(--quiet) }
.bars { display: block; width: 6rem; height: 1.5rem; fill: var(--bar) }
.gallery { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); gap: 1rem;
  align-items: start; margin: 0 0 1rem }
figure { border: 1px solid var(--line); border-radius: .6rem; padding: .8rem .8rem .7rem; margin: 0; min-width: 0 }
figure svg { display: block; width: 100%; height: auto }
figure svg text { fill: var(--ink) !important; font-family: inherit !important }
figcaption { font-size: .84rem; line-height: 1.45; color: var(--quiet); margin-top: .5rem; overflow-wrap: anywhere }
@media (min-width: 68rem) {
  .columns { display: grid; grid-template-columns: 12.5rem minmax(0, 1fr); gap: 3.5rem }
  nav { position: sticky; top: 1.5rem; align-self: start; border: 0; padding: .2rem 0 }
  nav ul { display: block }
  nav a { padding: .22rem 0 }
}
@media (max-width: 34rem) {
  .page { padding-top: 1.5rem }
  .headlines { grid-template-columns: 1fr 1fr }
  .headlines .value { font-size: 1.3rem }
  .headlines div:last-child:nth-child(odd) { grid-column: 1 / -1 }
  table { width: max-content; min-width: 100% }
  th, td { max-width: 14rem }
  .facts { grid-template-columns: 1fr }
  .facts dt { border-bottom: 0; padding-bottom: 0; font-size: .84rem }
  .facts dd { padding-top: 0 }
}
@media print {
  nav { display: none }
  .columns { display: block }
  figure, tr { break-inside: avoid }
}
"""

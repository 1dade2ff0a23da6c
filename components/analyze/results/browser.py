"""What the page to browse runs in the browser, and what it looks like beyond every page's style.

Data is put into the page as text only, never as markup; the page's policy lets it fetch nothing.
"""

STYLE = """
#filters { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin: 1rem 0; }
#filters label { display: grid; gap: .15rem; font-size: .84rem; color: var(--muted); }
select, input, button { font: inherit; font-size: .92rem; padding: .25rem .4rem; max-width: 100%; }
#questions { padding: 0; max-width: none; }
.sample:focus { outline: 3px solid var(--accent); outline-offset: 2px; }
#pages { display: flex; gap: 1rem; align-items: center; border-bottom: 0; }
.pictures img { height: auto; image-rendering: auto; }
.said { font-size: .86rem; margin: .2rem 0; overflow-wrap: anywhere; }
"""

SCRIPT = """
"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const facts = read("facts"), pictures = read("pictures"), rows = read("rows");
const PER_PAGE = 24, form = document.getElementById("filters"), list = document.getElementById("questions");
const status = document.getElementById("status"), nav = document.getElementById("pages");
let found = rows, start = 0;

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const unique = (key) => [...new Set(rows.map((row) => row[key]))];
const everything = (values, names = {}) => [["", "all"], ...values.map((value) => [value, names[value] || value])];
const CHOICES = {
  model: ["Model", facts.models.map((name, place) => [String(place), name])],
  suite: ["Suite", everything(unique("suite"), facts.titles)],
  split: ["Split", everything(unique("split"))],
  category: ["Category", everything(unique("category"))],
  family: ["Family", everything(unique("family"))],
  view: ["View", facts.views.map((name, place) => [String(place), name])],
  outcome: ["Answer in this view", [["", "all"], ["right", "right"], ["wrong", "wrong"], ["undecided", "undecided"]]],
  flipped: ["Flipped by the image", [
    ["", "all"], ["helped", "right with it, wrong blind"], ["harmed", "wrong with it, right blind"],
    ["changed", "another answer than blind"], ["same", "the same answer as blind"]]],
};

function controls() {
  for (const [name, [label, options]] of Object.entries(CHOICES)) {
    const select = make("select", {name}, ...options.map(([value, text]) => make("option", {value}, text)));
    const whole = make("label", {}, label, select);
    if (options.length > 1) form.append(whole);
    else { whole.hidden = true; form.append(whole); }
  }
  const search = make("input", {name: "search", type: "search", autocomplete: "off"});
  form.append(make("label", {}, "Words of the question, or its id", search));
  form.append(make("button", {type: "reset"}, "Reset"));
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
}

const said = (one) => one && (one[0] >= 0 ? one[0] : one[3] || "");

function flips(row, model) {
  const sight = facts.views.indexOf("visual"), blind = facts.views.indexOf("blind");
  const seen = row.given[model][sight], unseen = row.given[model][blind];
  if (!seen || !unseen) return [];
  const kinds = [said(seen) === said(unseen) ? "same" : "changed"];
  if (seen[1] !== unseen[1]) kinds.push(seen[1] ? "helped" : "harmed");
  return kinds;
}

function outcome(row, one) {
  if (!one) return "";
  if (row.choices.length && one[0] < 0) return "undecided";
  return one[1] ? "right" : "wrong";
}

function filter() {
  const wanted = Object.fromEntries(new FormData(form));
  const words = wanted.search.toLowerCase(), model = Number(wanted.model), view = Number(wanted.view);
  found = rows.filter((row) =>
    ["suite", "split", "category", "family"].every((key) => !wanted[key] || row[key] === wanted[key]) &&
    (!wanted.outcome || outcome(row, row.given[model][view]) === wanted.outcome) &&
    (!wanted.flipped || flips(row, model).includes(wanted.flipped)) &&
    (!words || row.text.toLowerCase().includes(words) || row.id.toLowerCase().includes(words)));
  show(0);
}

function picture(place, caption, alternative) {
  const source = pictures[place];
  const shown = source ? make("img", {src: source, alt: alternative, loading: "lazy"}) : make("span", {}, "no picture");
  return make("figure", {}, shown, make("figcaption", {}, caption));
}

function cells(row, model, option) {
  return facts.views.map((_, view) => {
    const one = row.given[model][view];
    if (!one) return make("td", {class: "number"}, "");
    const share = one[2].length ? String(one[2][option]) : one[0] === option ? "chosen" : "";
    return make("td", {class: one[0] === option ? "number chosen" : "number"}, share);
  });
}

function answers(row, model) {
  const head = make("tr", {}, make("th", {scope: "col"}, "Option"),
    ...facts.views.map((view) => make("th", {scope: "col", class: "number"}, view)));
  const body = row.choices.map((choice, option) => make("tr", {}, make("th", {scope: "row"}, choice,
    ...(choice === row.answer ? [make("span", {class: "right"}, " (answer)")] : [])), ...cells(row, model, option)));
  body.push(make("tr", {}, make("th", {scope: "row"}, "outcome"), ...facts.views.map((_, view) => {
    const kind = outcome(row, row.given[model][view]);
    return make("td", {class: "number"}, make("span", {class: kind === "right" ? "right" : "wrong"}, kind));
  })));
  return make("div", {class: "scroll"}, make("table", {}, make("caption", {}, facts.models[model]),
    make("thead", {}, head), make("tbody", {}, ...body)));
}

function question(row) {
  const item = make("li", {class: "sample", tabindex: "-1"});
  item.append(make("div", {class: "pictures"},
    picture(row.images[0], "its image", "The image that the question is about"),
    picture(row.images[1], "mismatched", "The image of the mismatched view")));
  item.append(make("p", {class: "asked"}, row.text));
  item.append(make("p", {class: "muted"}, `${row.id}: ${facts.titles[row.suite] || row.suite}, ${row.split}, ` +
    `${row.category}, ${row.family}`));
  if (!row.choices.length) item.append(make("p", {class: "said"}, `Accepted: ${row.answer}`));
  facts.models.forEach((name, model) => {
    item.append(answers(row, model));
    facts.views.forEach((view, place) => {
      const one = row.given[model][place];
      if (one && one[3]) item.append(make("p", {class: "said"}, `${view}: ${one[3]}`));
    });
  });
  return item;
}

function show(from, first) {
  start = Math.max(0, Math.min(from, found.length - 1));
  start -= start % PER_PAGE;
  const end = Math.min(start + PER_PAGE, found.length);
  list.replaceChildren(...found.slice(start, end).map(question));
  status.textContent = found.length ? `${start + 1} to ${end} of ${found.length} questions` : "No question fits.";
  const back = make("button", {type: "button"}, "Previous page"), on = make("button", {type: "button"}, "Next page");
  back.disabled = start === 0;
  on.disabled = end >= found.length;
  back.addEventListener("click", () => show(start - PER_PAGE, true));
  on.addEventListener("click", () => show(start + PER_PAGE, true));
  nav.replaceChildren(back, on);
  if (first && list.firstChild) list.firstChild.focus();
}

function move(step) {
  const items = [...list.children], at = items.indexOf(document.activeElement);
  const next = items[at < 0 ? 0 : Math.max(0, Math.min(items.length - 1, at + step))];
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const act = {
    j: () => move(1), k: () => move(-1), "/": () => form.elements.search.focus(),
    n: () => start + PER_PAGE < found.length && show(start + PER_PAGE, true),
    p: () => start && show(start - PER_PAGE, true),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
});

controls();
filter();
"""

// The form of the start page: chooses a question, sends the query, shows the answer.
import { show } from "./answer.js";
import { fill, readNames } from "./narrow.js";

const form = document.getElementById("ask");
const box = document.getElementById("query");
const stop = document.getElementById("stop");
const failure = document.getElementById("failure");
const result = document.getElementById("result");
const editor = document.getElementById("editor");
const own = document.getElementById("own");
const groups = document.querySelectorAll(".questions details");
const wide = matchMedia("(min-width: 62rem)");
const links = [...document.querySelectorAll("a[data-query]")];
const ANSWERS = "application/sparql-results+json, text/turtle;q=0.9";
const LONGEST_ADDRESS = 24000;
const BLANK = `${declared()}SELECT ?claim ?subject ?predicate ?object
WHERE { ?claim rdf:subject ?subject ; rdf:predicate ?predicate ; rdf:object ?object }
LIMIT 20`;

let running = null;
let asked = "";

function declared() {
  const known = JSON.parse(document.body.dataset.prefixes);
  const rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
  const wanted = Object.entries({ ...known, rdf }).filter(([prefix]) => ["", "id", "d", "rdf"].includes(prefix));
  return wanted.map(([prefix, namespace]) => `PREFIX ${prefix}: <${namespace}>\n`).join("");
}

function say(text) {
  document.getElementById("status").textContent = text;
}

function fail(text) {
  failure.textContent = text;
  failure.hidden = !text;
  if (text) editor.open = true;
  const place = /^Line (\d+), column (\d+)/.exec(text);
  if (place) pointAt(Number(place[1]), Number(place[2]));
}

// Selects what follows the place that an error names.
function pointAt(line, column) {
  const before = box.value.split("\n").slice(0, line - 1);
  const start = before.join("\n").length + (line > 1 ? 1 : 0) + column - 1;
  box.focus();
  box.setSelectionRange(start, Math.min(start + 1, box.value.length));
}

async function sentence(response) {
  const type = response.headers.get("Content-Type") || "";
  if (!type.includes("json")) return response.text();
  return (await response.json()).detail;
}

function waiting(controller) {
  running = controller;
  stop.hidden = !controller;
  form.setAttribute("aria-busy", String(Boolean(controller)));
}

async function run() {
  if (running) running.abort();
  const controller = new AbortController();
  waiting(controller);
  fail("");
  say("Asking…");
  result.hidden = true;
  try {
    const query = box.value;
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: ANSWERS },
      body: new URLSearchParams({ query }),
      signal: controller.signal,
    });
    if (response.ok) {
      say(await show(response, query, form.action, await readNames(links, form.action)));
    } else {
      say("");
      fail(await sentence(response));
    }
  } catch (error) {
    say("");
    if (error.name !== "AbortError") fail("The server could not be reached.");
    else if (running === controller) say("Stopped.");
  }
  if (running === controller) waiting(null);
}

function remember() {
  const fields = new URLSearchParams(asked ? { ask: asked, query: box.value } : { query: box.value });
  const address = `?${fields}`;
  if (address.length < LONGEST_ADDRESS && address !== location.search) history.pushState(null, "", address);
}

// Puts a question into the form: its title, what it answers, its fields and its text.
async function choose(link, query, values) {
  asked = link ? link.dataset.name : "";
  for (const each of links) each.toggleAttribute("aria-current", each === link);
  document.getElementById("ask-title").textContent = link ? link.textContent : "Ask the graph";
  document.getElementById("ask-about").textContent = link ? link.title : "Your own query.";
  box.value = query || link.dataset.query;
  editor.open = !link;
  if (link && wide.matches) link.closest("details").open = true;
  if (!wide.matches) for (const each of groups) each.open = false;
  await fill(link, box, links, form.action, values);
  grow();
}

function grow() {
  box.rows = Math.min(Math.max(box.value.split("\n").length + 1, 6), 24);
}

async function restore() {
  const fields = new URLSearchParams(location.search);
  const link = links.find((each) => each.dataset.name === fields.get("ask"));
  const query = fields.get("query");
  if (!link && !query) {
    if (links.length) await choose(links[0]);
    return;
  }
  const same = links.find((each) => each.dataset.query === (query || "").replaceAll("\r\n", "\n"));
  await choose(link || same, query, fields);
  if (form.reportValidity()) run(); // what the address narrows by nothing known is not run unnarrowed
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  remember();
  run();
});
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
box.addEventListener("input", grow);
stop.addEventListener("click", () => running && running.abort());
window.addEventListener("popstate", restore);
for (const link of links) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    await choose(link);
    form.requestSubmit();
    document.getElementById("ask-title").scrollIntoView({ block: "start" });
  });
}

own.addEventListener("click", async (event) => {
  event.preventDefault();
  await choose(null, BLANK);
  result.hidden = true;
  say("");
  fail("");
  box.focus();
});

document.body.classList.add("scripted");
own.hidden = false;
for (const each of groups) each.open = wide.matches;
restore();

// Shows an answer: a table with names for IRIs, a yes or no, or a graph as text.
import { base, realm, root, shorten } from "./names.js";

const MOST_ROWS = 1000;
const TABLES = { csv: "CSV", json: "JSON", tsv: "TSV", xml: "XML" };
const GRAPHS = { turtle: "Turtle", jsonld: "JSON-LD", ntriples: "N-Triples" };

function element(tag, text, attributes) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  return Object.assign(node, attributes);
}

// Where a click on an IRI leads: its page on this server if it is ours, else the address itself.
function target(iri) {
  if (base && iri.startsWith(base)) return `${root}/${encodeURI(iri.slice(base.length))}`;
  return /^https?:/.test(iri) ? iri : null;
}

function link(iri, name) {
  const address = target(iri);
  if (!address) return element("span", name, { title: iri });
  return element("a", name, { href: address, title: iri, rel: "noreferrer" });
}

// What an IRI is called: by the row's own name for it, by its label, or by its short form.
function called(iri, column, row, names) {
  const spoken = column !== "document" && row.document && row.document.value === iri;
  if (spoken) return "the document";
  const given = row[`${column}Name`];
  const label = ["id", "document"].includes(realm(iri)) && names.labels.get(iri);
  return (given && given.value) || label || shorten(iri);
}

function cell(row, column, names) {
  const node = element("td");
  const term = row[column];
  if (!term) return node;
  if (term.type === "uri") {
    node.append(link(term.value, called(term.value, column, row, names)));
    if (realm(term.value) === "ontology") node.className = "term";
  } else if (term.type === "triple") {
    node.textContent = JSON.stringify(term.value);
  } else if (column === "passage" && row.claim && row.claim.type === "uri") {
    node.append(link(row.claim.value, term.value));
  } else {
    node.textContent = term.value;
    if (term["xml:lang"]) node.lang = term["xml:lang"];
    if (/#(integer|decimal|double)$/.test(term.datatype || "")) node.className = "number";
  }
  return node;
}

// The columns to show: those with a value; `xName` only as the name of `x`; a claim as the link
// of its passage. The sentence comes first: beside it all other columns only repeat, and few fit.
function columns(variables, rows) {
  const used = variables.filter((name) => rows.some((row) => row[name]));
  const names = used.filter((name) => !(name.endsWith("Name") && used.includes(name.slice(0, -4))));
  const cited = names.includes("document") && names.includes("passage");
  const told = names.filter((name) => name === "inWords");
  return [...told, ...names.filter((name) => name !== "inWords" && !(cited && name === "claim"))];
}

function spaced(variable) {
  return variable.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

function table(answer, names) {
  const rows = answer.results.bindings;
  const shown = columns(answer.head.vars, rows);
  const node = element("table");
  const head = node.createTHead().insertRow();
  for (const name of shown) head.append(element("th", spaced(name), { scope: "col" }));
  const body = node.createTBody();
  for (const row of rows.slice(0, MOST_ROWS)) {
    const line = body.insertRow();
    for (const name of shown) {
      const made = cell(row, name, names);
      made.dataset.label = spaced(name);
      line.append(made);
    }
  }
  return node;
}

function offer(query, endpoint, formats) {
  const place = document.getElementById("downloads");
  place.replaceChildren("Download: ");
  for (const [format, name] of Object.entries(formats)) {
    const href = `${endpoint}?${new URLSearchParams({ query, as: format })}`;
    place.append(element("a", name, { href, download: "" }), " ");
  }
}

// Shows the answer and gives the sentence that sums it up.
export async function show(response, query, endpoint, names) {
  const place = document.getElementById("rows");
  const isTable = (response.headers.get("Content-Type") || "").includes("json");
  offer(query, endpoint, isTable ? TABLES : GRAPHS);
  document.getElementById("result").hidden = false;
  if (!isTable) {
    place.replaceChildren(element("pre", await response.text()));
    return "The answer is a graph.";
  }
  const answer = await response.json();
  if ("boolean" in answer) {
    place.replaceChildren(element("p", answer.boolean ? "Yes" : "No", { className: "verdict" }));
    return "Answered.";
  }
  const rows = answer.results.bindings.length;
  if (rows === 0) {
    place.replaceChildren(element("p", "Nothing in the graph answers this.", { className: "hint" }));
    return "No rows.";
  }
  place.replaceChildren(table(answer, names));
  place.scrollTo(0, 0);
  const rest = rows > MOST_ROWS ? ` The first ${MOST_ROWS} are shown; download the answer for all.` : "";
  return `${rows.toLocaleString("en")} ${rows === 1 ? "row" : "rows"}.${rest}`;
}

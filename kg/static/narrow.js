// The fields that narrow a question: each writes its value into the question's VALUES line.
import { readNames, realm, shorten } from "./names.js";

export { readNames };

const REALMS = { entity: ["id"], document: ["document"], term: ["ontology"], thing: ["id", "ontology"] };
const DATE = "http://www.w3.org/2001/XMLSchema#date";
const place = document.getElementById("narrow");

function line(variable) {
  return new RegExp(`^(\\s*VALUES \\?${variable}) \\{([^}\\n]*)\\}$`, "gm");
}

// Whether a spelling names what the parameter may be.
function fits([iri, , , classes], { kind, among }) {
  return REALMS[kind].includes(realm(iri)) && (!among.length || among.some((each) => classes.includes(each)));
}

// One form for spellings of one name, "Interior Minister" and "interior-minister", as `normalize`
// of kg/names.py has it, but for letters such as \u00f8 that Unicode does not take apart.
function plain(text) {
  const bare = text.normalize("NFKD").toLowerCase().replace(/[\p{M}'\u2018\u2019\u02bc\u02bb\u02be\u02bf`\u00b4\u2032.]/gu, "");
  return (bare.match(/[\p{L}\p{N}]+/gu) || []).join(" ");
}

// Things in the graph that are spelt like the text, or have it as the end of their identifier, as
// IRIs; an IRI stands for itself.
function find(text, parameter, names) {
  const wanted = plain(text);
  const meant = ([iri, name]) => [name, iri.slice(iri.lastIndexOf("/") + 1)].some((each) => plain(each) === wanted);
  const found = names.spellings.filter((each) => fits(each, parameter) && meant(each));
  if (/^https?:\S+$/.test(text.trim())) return [text.trim()];
  return [...new Set(found.map(([iri]) => iri))];
}

// The first or last day of a day, month or year, as the question needs it.
function day(text, kind) {
  const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text.trim());
  if (!parts) return null;
  const [, year, month, date] = parts;
  if (date) return text.trim();
  if (kind === "start") return `${year}-${month || "01"}-01`;
  const last = new Date(Date.UTC(Number(year), Number(month || 12), 0)).getUTCDate();
  return `${year}-${month || "12"}-${last}`;
}

// A field's text as SPARQL terms; null where it cannot be one.
function terms(text, parameter, names) {
  const { kind, among } = parameter;
  if (!text.trim()) return "UNDEF";
  if (kind in REALMS) {
    const found = find(text, parameter, names);
    return found.length ? found.map((iri) => `<${iri}>`).join(" ") : null;
  }
  if (kind === "date" || kind === "start" || kind === "end") {
    const found = day(text, kind);
    return found && `"${found}"^^<${DATE}>`;
  }
  if (among.length && !among.includes(text)) return null;
  return JSON.stringify(text).replaceAll("}", "\\u007D");
}

// What stands in the question's text already, as a field shows it.
function present(query, parameter, names) {
  const match = line(parameter.variable).exec(query);
  const value = match ? match[2].trim() : "UNDEF";
  const iri = /^<([^>]*)>$/.exec(value);
  if (iri) return names.labels.get(iri[1]) || iri[1];
  const literal = /^"([^"]*)"/.exec(value);
  return literal ? literal[1] : "";
}

function options(parameter, names) {
  const id = ["names", parameter.kind, ...parameter.among].join("-");
  const known = document.getElementById(id);
  if (known) return known.id;
  const list = document.createElement("datalist");
  list.id = id;
  const offer = (value, label) => list.append(Object.assign(document.createElement("option"), { value, label }));
  if (parameter.kind in REALMS) {
    for (const each of names.spellings) {
      const [iri, name, shown] = each;
      if (!shown || !fits(each, parameter)) continue;
      const label = names.labels.get(iri);
      offer(name, label && label !== name ? `${name} (${label})` : "");
    }
  } else {
    for (const each of parameter.among) offer(each, "");
  }
  document.body.append(list);
  return id;
}

function field(parameter, box, names, first) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const help = document.createElement("span");
  help.className = "hint";
  help.textContent = parameter.help;
  help.id = `help-${parameter.name}`;
  input.id = `narrow-${parameter.name}`;
  input.type = parameter.kind === "date" ? "date" : "text";
  input.autocomplete = "off";
  input.setAttribute("aria-describedby", help.id);
  if (parameter.kind in REALMS || parameter.among.length) input.setAttribute("list", options(parameter, names));
  const write = () => {
    const found = terms(input.value, parameter, names);
    input.setCustomValidity(found ? "" : "The graph has nothing of this name; take one from the list.");
    if (found) box.value = box.value.replace(line(parameter.variable), `$1 { ${found.replaceAll("$", "$$$$")} }`);
    return found;
  };
  if (first) {
    input.value = /^https?:/.test(first) ? names.labels.get(first) || shorten(first) : first;
    if (!write() && /^https?:/.test(first)) input.value = first;
    write();
  } else {
    input.value = present(box.value, parameter, names);
  }
  input.addEventListener("change", write);
  input.addEventListener("input", () => input.setCustomValidity(""));
  label.append(parameter.name, input, help);
  return label;
}

// Makes the fields of a question, filled from `values` (parameter to text) or from its text.
export async function fill(link, box, links, endpoint, values) {
  const parameters = link ? JSON.parse(link.dataset.parameters) : [];
  place.hidden = parameters.length === 0;
  for (const each of place.querySelectorAll("label")) each.remove();
  if (!parameters.length) return;
  const names = await readNames(links, endpoint);
  for (const each of place.querySelectorAll("label")) each.remove();
  for (const each of parameters) place.append(field(each, box, names, values && values.get(each.name)));
}

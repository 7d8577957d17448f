// Names of the graph's things, and how their IRIs are shortened.
const prefixes = Object.entries(JSON.parse(document.body.dataset.prefixes || "{}"));
prefixes.sort((one, other) => other[1].length - one[1].length);

export const { base, root } = document.body.dataset;

// The IRI as a prefixed name where a prefix fits; our own terms by their bare name.
export function shorten(iri) {
  for (const [prefix, namespace] of prefixes) {
    const local = iri.slice(namespace.length);
    if (iri.startsWith(namespace) && /^[\w.\-/]+$/.test(local)) return prefix ? `${prefix}:${local}` : local;
  }
  return iri.startsWith(base) ? iri.slice(base.length) : iri;
}

// What kind of thing an IRI of the graph names: "id", "document", "ontology"…; "" for foreign ones.
export function realm(iri) {
  return base && iri.startsWith(base) ? iri.slice(base.length).split("/")[0] : "";
}

let reading = null;

// Reads all spellings once, by the question that lists them. Gives { labels, spellings }; a spelling
// is its IRI, its name, whether that may be shown (a hidden one is found, and never offered), and
// the classes of what it names.
export function readNames(links, endpoint) {
  reading = reading || ask(links.find((link) => link.dataset.name === "spellings"), endpoint);
  return reading;
}

async function ask(link, endpoint) {
  const names = { labels: new Map(), spellings: [] };
  if (!link) return names;
  const fields = new URLSearchParams({ query: link.dataset.query, as: "json" });
  const response = await fetch(`${endpoint}?${fields}`).catch(() => null);
  if (!response || !response.ok) return names;
  for (const row of (await response.json()).results.bindings) {
    const iri = row.entity.value;
    const classes = row.classes ? row.classes.value.split(" ") : [];
    names.spellings.push([iri, row.name.value, row.source.value !== "hidden", classes]);
    if (!names.labels.has(iri)) names.labels.set(iri, row.name.value);
  }
  return names;
}

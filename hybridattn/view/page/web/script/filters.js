// What of the picture is shown: columns up to one, links from a share of attention on, and what a search finds.
const counts = layout.columns.map(([key]) => key).filter((key) => key !== null);
const lastColumn = counts.length ? Math.ceil(Math.max(...counts)) : 0;
const shares = edges.map((edge) => edge.share).filter(isNumber);
const hopSlider = byId("hop");
const shareSlider = byId("share");
hopSlider.max = String(lastColumn);
hopSlider.value = String(lastColumn);
byId("hop-filter").hidden = lastColumn < 1;
byId("share-filter").hidden = !shares.length;
byId("share-filter").title = "Hide links with a smaller share; those that answers rest on stay.";
let hop = lastColumn;
let share = 0;
// Classes are set only where they change: a large picture has thousands of elements.
const hidden = { late: new Set(), weak: new Set() };
const hide = (kind, wanted) => {
  const now = hidden[kind];
  wanted.forEach((id) => { if (!now.has(id)) cy.getElementById(id).addClass(kind); });
  now.forEach((id) => { if (!wanted.has(id)) cy.getElementById(id).removeClass(kind); });
  hidden[kind] = wanted;
};
const lateIds = () => {
  if (hop >= lastColumn) return new Set();
  const late = nodes.flatMap((_, index) => (Math.ceil(keyOf(index)) <= hop ? [] : [`n${index}`]));
  return new Set([...late, ...edges.flatMap((edge, index) => (layout.word === "hop" && isNumber(edge.hop) && edge.hop > hop ? [`e${index}`] : []))]);
};
const weakIds = () => {
  if (!share) return new Set();
  const isWeak = edges.map((edge, index) => isNumber(edge.share) && edge.share < share && !isUsed(index));
  const linked = new Set();
  const held = new Set();
  edges.forEach(({ source, target }, index) => [source, target].forEach((end) => { linked.add(end); if (!isWeak[index]) held.add(end); }));
  const alone = nodes.flatMap(({ id }, index) => (linked.has(id) && !held.has(id) && !main.has(id) ? [`n${index}`] : []));
  return new Set([...alone, ...edges.flatMap((_, index) => (isWeak[index] ? [`e${index}`] : []))]);
};
const filter = () => {
  cy.batch(() => { hide("late", lateIds()); hide("weak", weakIds()); });
  const name = layout.columns.find(([key]) => key === hop)?.[2] || String(hop);
  byId("hop-said").textContent = hop === lastColumn ? `all (${lastColumn})` : hop ? `up to ${hop} of ${lastColumn}` : name;
  hopSlider.setAttribute("aria-valuetext", byId("hop-said").textContent);
  byId("share-said").textContent = share ? `≥ ${share.toFixed(2)}` : "all";
  shareSlider.setAttribute("aria-valuetext", share ? `at least ${share.toFixed(2)}` : "all");
};
const shownCount = () => {
  const isHidden = (id) => hidden.late.has(id) || hidden.weak.has(id);
  const shown = nodes.filter((_, index) => !isHidden(`n${index}`)).length;
  const linked = edges.filter(({ source, target }, index) => ![`e${index}`, `n${numberOf.get(source)}`, `n${numberOf.get(target)}`].some(isHidden)).length;
  if (shown === nodes.length && linked === edges.length) return "All is shown";
  return `${shown.toLocaleString("en")} of ${plural(nodes.length, isProofGraph ? "node" : "term")} and ${linked.toLocaleString("en")} of ${plural(edges.length, "link")} are shown`;
};

let hits = [];
let turn = 0;
const find = (wanted) => {
  const sought = wanted.trim().toLowerCase();
  hits = sought ? cy.nodes().filter((node) => `${node.data("attributes").id}\n${node.data("attributes").label ?? ""}`.toLowerCase().includes(sought)).map((node) => node.id()) : [];
  turn = 0;
  const found = collect(hits.slice(0, 500));
  cy.batch(() => {
    cy.elements().removeClass("found dim lit onward");
    if (sought) { cy.elements().difference(found).addClass("dim"); found.addClass("found"); }
  });
  dress(true);
  const said = sought ? `${plural(hits.length, "term")} found${hits.length ? ", Enter shows the next" : ""}` : "";
  byId("find").setAttribute("aria-description", said);
  return said;
};
const nextHit = () => {
  if (!hits.length) return;
  const node = cy.getElementById(hits[turn % hits.length]);
  turn += 1;
  pick(node);
};

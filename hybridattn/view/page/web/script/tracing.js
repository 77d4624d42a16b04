// From a conclusion to its evidence and back: what a picked thing rests on, and what rests on it.
const collect = (ids) => ids.reduce((all, id) => all.union(cy.getElementById(id)), cy.collection());
const columnOf = (node) => keyOf(node.data("place"));
let chosen = 0; // which answer
const parts = () => proofs[chosen] ?? new Map();

// The links and nodes of the picture that stand for premises and steps of the chosen answer.
const drawnAs = (names) => {
  if (isProofGraph) {
    const stand = cy.nodes().filter((node) => names.has(String(node.data("attributes").id)));
    const rules = cy.nodes(".rule").filter((node) => names.has(`step:${String(node.data("attributes").id).split(":")[1]}`));
    const all = stand.union(rules);
    return all.union(all.edgesWith(all));
  }
  const links = cy.edges().filter((edge) => {
    const { fact, kind } = edge.data("attributes");
    if (!usedBy[edge.data("place")].includes(chosen)) return false;
    return kind === "match" ? [...names].some((name) => parts().get(name)?.match && isMatchOf(edge.data("attributes"), parts().get(name).match)) : names.has(`fact:${fact}`);
  });
  return links.union(links.connectedNodes());
};
const nameOf = (element) => { // the part of the proof that an element stands for
  const { id, fact, kind } = element.data("attributes");
  if (element.isNode()) return isProofGraph ? (parts().has(String(id)) ? String(id) : kind === "rule" ? `step:${String(id).split(":")[1]}` : "") : element.data("place") === goalOf[chosen] ? lastOf(answers[chosen]) : "";
  if (isProofGraph) return nameOf(element.target());
  if (kind === "match") return [...parts().values()].find((part) => part.match && isMatchOf(element.data("attributes"), part.match))?.name ?? "";
  return parts().has(`fact:${fact}`) && usedBy[element.data("place")].includes(chosen) ? `fact:${fact}` : "";
};

// Without a proof, or off its way: along links to columns before, or after; on the way of an answer only along the way.
const walk = (start, before) => {
  let found = cy.collection();
  const seen = new Set();
  const waiting = [...start];
  while (waiting.length) {
    const node = waiting.pop();
    if (seen.has(node.id())) continue;
    seen.add(node.id());
    const linked = node.connectedEdges().filter((edge) => {
      const other = edge.source().same(node) ? edge.target() : edge.source();
      return before ? columnOf(other) < columnOf(node) : columnOf(other) > columnOf(node);
    });
    const onWay = linked.filter(".cited").nonempty() ? linked.filter(".cited") : linked.filter(".used").nonempty() ? linked.filter(".used") : linked;
    found = found.union(onWay);
    onWay.connectedNodes().forEach((other) => { if (!other.same(node)) waiting.push(other); });
  }
  return found.union(found.connectedNodes());
};
const traceOf = (element) => {
  const name = nameOf(element);
  if (parts().has(name)) return namedTrace(name);
  const own = element.isNode() ? [element] : [];
  const [first, last] = element.isNode() ? [element, element] : [element.source(), element.target()].sort((one, other) => columnOf(one) - columnOf(other));
  const picked = cy.collection().union(element);
  const [evidence, onward] = [walk([first, ...own], true).union(picked), walk([last], false)];
  return { name: "", evidence, onward, rows: rowsOf(evidence, onward) };
};
// The rows of the table: the facts that are lit, the steps that rest on these alone, and the steps that they lead to.
const rowsOf = (evidence, onward) => {
  const named = (links) => new Set(links.edges().map(nameOf).filter((name) => parts().has(name)));
  const [back, on] = [named(evidence), named(onward)];
  const facts = new Set(back);
  [...parts().values()].filter((part) => part.premises.length).forEach((part) => {
    const grounds = [...closure(parts(), part.name, "premises")].filter((name) => !parts().get(name).premises.length);
    if (facts.size && grounds.every((name) => facts.has(name))) back.add(part.name);
    else if (grounds.some((name) => facts.has(name))) on.add(part.name);
  });
  return { back, on };
};
const namedTrace = (name) => {
  const back = closure(parts(), name, "premises");
  const on = closure(parts(), name, "follows");
  const evidence = drawnAs(back);
  const farthest = evidence.nodes().max(columnOf).ele;
  const onward = isProofGraph ? drawnAs(on) : farthest ? walk([farthest], false) : cy.collection();
  return { name, evidence, onward: onward.difference(evidence), rows: { back, on } };
};
const ROWS = [...document.querySelectorAll(".proof")].map((proof) => [...proof.querySelectorAll("tr[data-name]")]);
const light = (trace) => {
  const lit = trace.evidence.union(trace.onward);
  cy.batch(() => {
    cy.elements().removeClass("dim lit onward");
    cy.elements().difference(lit).addClass("dim");
    trace.onward.addClass("onward");
    trace.evidence.removeClass("onward").addClass("lit");
  });
  (ROWS[chosen] ?? []).forEach((row) => {
    const { name } = row.dataset;
    const names = trace.rows;
    row.className = names.back.has(name) ? "lit" : names.on.has(name) ? "onward" : "";
    if (name === trace.name) { row.setAttribute("aria-current", "true"); row.scrollIntoView?.({ block: "nearest" }); } else row.removeAttribute("aria-current");
  });
};
const unlight = () => {
  cy.batch(() => cy.elements().removeClass("dim lit onward found picked"));
  ROWS.flat().forEach((row) => { row.className = ""; row.removeAttribute("aria-current"); });
};

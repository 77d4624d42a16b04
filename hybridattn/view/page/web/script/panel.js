// What is picked, in words: its truth, its rule, what it rests on, what rests on it, its formula, its attributes.
const panel = byId("panel");
const make = (name, words, className) => {
  const element = document.createElement(name);
  if (words !== undefined) element.textContent = words;
  if (className) element.className = className;
  return element;
};
const button = (words, className, action) => {
  const element = make("button", undefined, className);
  element.type = "button";
  element.append(...words.map((word) => isolated(word)));
  element.addEventListener("click", action);
  return element;
};
const isolated = (words) => { const part = make("bdi", String(words)); part.dir = "auto"; return part; };
const spaced = (words) => words.flatMap((word, index) => (index ? [" ", isolated(word)] : [isolated(word)]));
const title = (words) => { const heading = make("h3"); heading.tabIndex = -1; heading.append(...spaced(words)); return heading; };
const shownNumber = (value) => (typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value));
const NS = "http://www.w3.org/2000/svg";
const barOf = (name, value) => {
  const row = make("span", undefined, "measure");
  const svg = document.createElementNS(NS, "svg");
  const rect = (kind, width) => { const part = document.createElementNS(NS, "rect"); part.setAttribute("class", kind); part.setAttribute("width", width); part.setAttribute("height", 4); return part; };
  svg.setAttribute("class", `bar ${name}`);
  svg.setAttribute("viewBox", "0 0 100 4");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(rect("track", 100), rect("level", 100 * value));
  row.append(make("span", name), svg, make("span", value.toFixed(3), "number"));
  return row;
};
const truthBars = (truth) => { const box = make("p", undefined, "measures"); if (truth) box.append(barOf("frequency", truth[0]), barOf("confidence", truth[1])); return truth ? [box] : []; };
const table = (attributes, left) => {
  const rows = Object.entries(attributes).filter(([name, value]) => !left.includes(name) && value !== null);
  if (!rows.length) return [];
  const list = make("dl");
  rows.forEach(([name, value]) => { const shown = make("dd", shownNumber(value)); shown.dir = "auto"; list.append(make("dt", name), shown); });
  return [list];
};
const MOST = 12;
const listed = (heading, items) => {
  if (!items.length) return [];
  const list = make("ul");
  items.slice(0, MOST).forEach(([words, action]) => { const item = make("li"); item.append(button(words, "near", action)); list.append(item); });
  return [make("h4", items.length > MOST ? `${heading} (${MOST} of ${items.length})` : heading), list];
};
const named4 = (names) => names.filter((name) => parts().has(name)).map((name) => [[...parts().get(name).said, `· ${name}`], () => pickName(name)]);
const answersOf = (name) => proofs.flatMap((proof, index) => (proof.has(name) && name.startsWith("fact:") && index !== chosen ? [[["answer", answers[index].term], () => chooseAnswer(index)]] : []));
const formulaOf = (name) => { // the formulas of one step, as they stand in the table of steps
  const row = [...(document.getElementById(`answer-${chosen}`)?.querySelectorAll("tr[data-step]") ?? [])].find((each) => each.dataset.step === name);
  const whole = name && name === lastOf(answers[chosen] ?? { derivation: [], facts: [] }) ? document.querySelector(`#answer-${chosen} .formulas dl`) : null;
  if (!row && !whole) return [];
  const box = make("div", undefined, "formulas");
  if (row) [...row.querySelectorAll("td")].forEach((cell) => { const line = make("p"); line.append(...[...cell.childNodes].map((child) => child.cloneNode(true))); box.append(line); });
  else box.append(whole.cloneNode(true));
  return [make("h4", "Formula"), box];
};
const verdictOf = (name) => {
  const said = name && name === lastOf(answers[chosen] ?? { derivation: [], facts: [] }) ? document.querySelector(`#answer-${chosen} .verdict`) : null;
  return said ? [make("h4", "What it hangs on"), said.cloneNode(true)] : [];
};
const partContent = (name) => {
  const part = parts().get(name);
  return [title(part.said), make("p", `${part.rule} · ${name}`, "aside"), ...truthBars(part.truth), ...listed("Rests on", named4(part.premises)),
    ...listed("Leads to", [...named4(part.follows), ...answersOf(name)]), ...formulaOf(name), ...verdictOf(name)];
};
const sentence = (edge) => [edge.source, edge.label || edge.kind || "–", edge.target];
const neighbours = (node) => {
  const out = node.outgoers("edge").map((edge) => [[edge.data("attributes").label || edge.data("attributes").kind || "–", edge.data("attributes").target], () => pick(edge)]);
  const into = node.incomers("edge").map((edge) => [[edge.data("attributes").source, edge.data("attributes").label || edge.data("attributes").kind || "–"], () => pick(edge)]);
  return [...listed("Out", out), ...listed("In", into)];
};
const fill = (content) => {
  const close = button(["×"], "close", () => { clear(); frame.focus({ preventScroll: true }); });
  close.setAttribute("aria-label", "Close");
  panel.replaceChildren(close, ...content);
  panel.hidden = false;
  panel.scrollTop = 0;
};
const contentOf = (element) => {
  const attributes = element.data("attributes");
  const name = nameOf(element);
  if (element.isNode() && isProofGraph && parts().has(name)) return partContent(name);
  if (element.isNode()) {
    const about = parts().has(name) ? partContent(name).slice(1) : truthBars(truthOf(attributes.f, attributes.c));
    return [title([attributes.id]), ...about, ...table(attributes, ["id", "f", "c"]), ...neighbours(element)];
  }
  const follows = parts().has(name) ? partContent(name).slice(1).filter((part) => part.className !== "measures") : [];
  return [title(sentence(attributes)), ...truthBars(truthOf(attributes.f, attributes.c)), ...follows, ...table(attributes, ["key", "f", "c", "source", "target"])];
};

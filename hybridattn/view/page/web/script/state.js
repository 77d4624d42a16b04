// What is chosen, and its place in the fragment of the address: who opens the address sees the same.
const buttons = [...document.querySelectorAll("button.answer")];
const cards = [...document.querySelectorAll("details.evidence")];
const proofBoxes = [...document.querySelectorAll(".proof")];
let picked = "";
let theme = "";
let marked = cy.collection();

const choose = (index) => {
  chosen = index;
  const explanation = answers[index]?.explanation;
  cy.batch(() => {
    marked.removeClass("cited decisive");
    const cited = collect(edges.flatMap((edge, place) => ((answers.length ? usedBy[place].includes(index) : edge.cited) ? [`e${place}`] : [])));
    cited.addClass("cited");
    marked = cited;
    if (explanation) {
      const deciding = decisive(explanation.decisive);
      deciding.addClass("decisive");
      marked = cited.union(deciding);
    }
  });
  buttons.forEach((each, place) => each.setAttribute("aria-pressed", String(place === index)));
  cards.forEach((card, place) => { card.open = place === index; });
  proofBoxes.forEach((box, place) => { box.hidden = place !== index; });
  dress(true);
};
const decisive = (name) => {
  const drawn = drawnAs(new Set([name]));
  return isProofGraph ? drawn.nodes().outgoers("edge") : drawn.edges();
};
const describe = (trace, words) => {
  const [back, on] = trace.name ? [trace.rows.back.size - 1, trace.rows.on.size - 1] : [trace.evidence.edges().length, trace.onward.edges().length];
  const noun = trace.name ? ["premise", "conclusion"] : ["link", "link"];
  tell(`${clip(words, 80)}: rests on ${plural(back, noun[0])}; ${plural(on, noun[1])} ${on === 1 ? "rests" : "rest"} on it`);
};
const pick = (element) => {
  if (element.empty()) return;
  const goal = element.isNode() && !isProofGraph ? goalOf.indexOf(element.data("place")) : -1;
  if (goal >= 0 && goal !== chosen && goalOf[chosen] !== element.data("place")) choose(goal);
  picked = element.id();
  const trace = traceOf(element);
  light(trace);
  cy.elements(".picked").removeClass("picked");
  element.addClass("picked");
  dress(true);
  fill(contentOf(element));
  const label = element.isNode() ? element.data("label") : sentence(element.data("attributes")).join(" ");
  const column = element.isNode() ? layout.columns.find(([key]) => key === layout.keys[element.data("place")])?.[2] : "";
  describe(trace, column ? `${label}, ${column}` : label);
  show(element);
  remember();
};
const pickName = (name) => {
  if (!parts().has(name)) return tell(`${name} is not in the picture`);
  const node = isProofGraph ? cy.nodes().filter((each) => String(each.data("attributes").id) === name) : cy.collection();
  if (node.nonempty()) return pick(node[0]);
  const trace = namedTrace(name);
  picked = name;
  light(trace);
  cy.elements(".picked").removeClass("picked");
  const own = drawnAs(new Set([name]));
  own.edges().addClass("picked");
  dress(true);
  fill(partContent(name));
  describe(trace, parts().get(name).said.join(" "));
  if (own.edges().nonempty()) show(own.edges()[0]);
  return remember();
};
const chooseAnswer = (index) => {
  choose(index);
  clear(false);
  const last = lastOf(answers[index]);
  if (last) pickName(last);
  remember();
};
const clear = (announced = true) => {
  picked = "";
  panel.hidden = true;
  byId("find").value = "";
  hits = [];
  unlight();
  dress(true);
  if (announced) { tell(""); remember(); }
};

// ---- light and dark -----------------------------------------------------------------------------------------------------
const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
let painted = isDark();
const repaint = () => {
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  if (painted !== isDark()) { cy.style(looks()); dress(true); }
  painted = isDark();
  byId("theme").textContent = isDark() ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
};

// ---- the fragment -------------------------------------------------------------------------------------------------------
const rounded = (value) => Number(value.toPrecision(5));
const written = () => {
  const { x, y } = cy.pan();
  const centre = [(cy.width() / 2 - x) / cy.zoom() / apart[0], (cy.height() / 2 - y) / cy.zoom() / apart[1]];
  const state = { answer: chosen ? String(chosen) : "", pick: picked, [layout.word]: hop < lastColumn ? String(hop) : "", share: share ? String(share) : "",
    find: byId("find").value, theme, view: touched ? [cy.zoom(), ...centre].map(rounded).join(",") : "" };
  return new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
};
let own = "";
let timer = 0;
const write = () => {
  const fragment = written();
  if (fragment === own) return;
  own = fragment;
  try {
    history.replaceState(null, "", fragment ? `#${fragment}` : location.href.split("#")[0]);
  } catch { /* a frame without an address of its own keeps no state */ }
};
const remember = () => { clearTimeout(timer); timer = setTimeout(write, 200); };
const whole = (value, most) => (/^\d{1,6}$/.test(value ?? "") && Number(value) <= most ? Number(value) : null);
const within = (value, low, high) => (/^-?\d+(\.\d+)?(e-?\d+)?$/.test(value ?? "") && Number(value) >= low && Number(value) <= high ? Number(value) : null);
const read = () => { // what is not understood is left out
  const given = new URLSearchParams(location.hash.slice(1));
  own = location.hash.slice(1);
  theme = ["light", "dark"].includes(given.get("theme")) ? given.get("theme") : "";
  hop = whole(given.get(layout.word), lastColumn) ?? lastColumn;
  share = within(given.get("share"), 0, 1) ?? 0;
  [hopSlider.value, shareSlider.value] = [String(hop), String(share)];
  const view = (given.get("view") ?? "").split(",").map((part) => within(part, -1e6, 1e6));
  repaint();
  filter();
  choose(whole(given.get("answer"), answers.length - 1) ?? 0);
  clear(false);
  fit();
  const sought = (given.get("find") ?? "").slice(0, 200);
  byId("find").value = sought;
  tell(sought ? find(sought) : "");
  const wanted = given.get("pick") ?? "";
  if (/^[ne]\d{1,6}$/.test(wanted) && cy.getElementById(wanted).nonempty()) pick(cy.getElementById(wanted)[0]);
  else if (parts().has(wanted)) pickName(wanted);
  if (view.length === 3 && !view.includes(null) && view[0] >= cy.minZoom() && view[0] <= cy.maxZoom()) look(view);
};
const look = ([level, x, y]) => {
  cy.stop(true);
  touched = true;
  cy.viewport({ zoom: level, pan: { x: cy.width() / 2 - x * apart[0] * level, y: cy.height() / 2 - y * apart[1] * level } });
};

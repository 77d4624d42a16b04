// The picture and what can be done with it. All text of the report reaches the page through textContent or the canvas.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const report = JSON.parse(byId("report").textContent);
  const layout = JSON.parse(byId("layout").textContent);
  const root = document.documentElement;
  root.classList.remove("no-script");

  const LABEL = 120; // width of a label at zoom 1
  const CRAMPED = 78; // columns nearer than this on the screen take their labels above and below in turn
  const LARGE = 400; // beyond this many terms the picture leaves out lines while it moves
  const nodes = report.graph.nodes;
  const edges = report.graph.edges;
  const numberOf = new Map(nodes.map((node, index) => [node.id, index]));

  // ---- elements -----------------------------------------------------------------------------------------------------
  const clip = (words, length) => {
    const letters = Array.from(String(words ?? "").replace(/\s+/g, " "));
    return letters.length > length ? letters.slice(0, length - 1).join("") + "…" : letters.join("");
  };
  const cited = new Set(edges.filter((edge) => edge.cited).flatMap((edge) => [edge.source, edge.target]));
  const nodeClasses = (node) => [node.role ?? "", node.kind === "query" ? "query" : "", cited.has(node.id) || node.role ? "main" : ""];
  const lines = [new Map(), new Map()]; // the terms of each column and of each row, by their place along it
  layout.places.forEach((place) => lines.forEach((line, axis) => line.set(place[axis], [...(line.get(place[axis]) ?? []), place[1 - axis]])));
  const passesOthers = (from, to) => lines.some((line, axis) => {
    const [low, high] = [from[1 - axis], to[1 - axis]].sort((a, b) => a - b);
    return from[axis] === to[axis] && line.get(from[axis]).some((place) => low < place && place < high);
  });
  const edgeClasses = (edge) => {
    const bow = passesOthers(layout.places[numberOf.get(edge.source)], layout.places[numberOf.get(edge.target)]);
    return [edge.cited ? "cited" : "", edge.kind === "match" ? "match" : "", bow ? "bow" : ""];
  };
  const elements = [
    ...nodes.map((node, index) => ({
      group: "nodes",
      data: { id: `n${index}`, label: clip(node.label ?? node.id, 60), attributes: node },
      position: { x: layout.places[index][0], y: layout.places[index][1] },
      classes: nodeClasses(node),
    })),
    ...edges.map((edge, index) => ({
      group: "edges",
      data: {
        id: `e${index}`,
        source: `n${numberOf.get(edge.source)}`,
        target: `n${numberOf.get(edge.target)}`,
        label: clip(edge.label ?? (edge.kind === "match" ? "match" : ""), 40),
        attributes: edge,
      },
      classes: edgeClasses(edge),
    })),
  ];

  // ---- looks --------------------------------------------------------------------------------------------------------
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const looks = () => {
    const [sheet, ink, soft, faint, way, answer] = ["sheet", "ink", "soft", "faint", "way", "answer"].map(colour);
    const font = getComputedStyle(document.body).fontFamily;
    const dot = Math.min(24, 6 + 4 / Math.min(1, fitted)); // large pictures get larger dots, to be seen when all is in view
    const label = { "font-family": font, "text-background-color": sheet, "text-background-opacity": 0.85, "text-background-padding": "1px" };
    return [
      { selector: "node", style: { ...label, label: "data(label)", width: dot, height: dot, "background-color": faint, color: soft, "font-size": 11.5,
        "text-valign": "bottom", "text-margin-y": 5, "text-wrap": "ellipsis", "text-max-width": `${LABEL}px`, "min-zoomed-font-size": 7 } },
      { selector: "edge", style: { ...label, label: "data(label)", width: 0.12 * dot, "line-color": faint, "line-opacity": 0.8, "curve-style": "bezier", color: soft,
        "font-size": 10, "text-rotation": "autorotate", "text-wrap": "ellipsis", "text-max-width": "76px", "min-zoomed-font-size": 8, "target-arrow-shape": "triangle", "target-arrow-color": faint, "arrow-scale": 0.7 } },
      { selector: "node.main", style: { width: 15, height: 15, "background-color": way, color: ink, "font-size": 13, "min-zoomed-font-size": 5, "z-index": 5 } },
      { selector: "node.query", style: { "background-color": sheet, "border-width": 2, "border-color": way } },
      { selector: "node.source", style: { shape: "round-rectangle", width: 18, height: 18, "font-weight": 600, "z-index": 9 } },
      { selector: "node.answer", style: { shape: "diamond", width: 24, height: 24, "background-color": answer, "font-weight": 600, "z-index": 10 } },
      { selector: "edge.match", style: { "line-style": "dashed" } },
      { selector: "edge.cited", style: { width: 3.2, "line-color": way, "line-opacity": 1, "target-arrow-color": way, color: way, "font-size": 11.5, "arrow-scale": 0.9,
        "min-zoomed-font-size": 5, "z-index": 4 } },
      { selector: "edge.decisive", style: { label: (edge) => `★ ${edge.data("label")}`, width: 4.6, "line-color": answer, "line-opacity": 1, "target-arrow-color": answer, color: answer,
        "font-weight": 600, "min-zoomed-font-size": 5, "z-index": 6 } },
      { selector: "edge.bow", style: { "curve-style": "unbundled-bezier", "control-point-distances": 58, "control-point-weights": 0.5 } },
      { selector: ".dim", style: { opacity: 0.22 } },
      { selector: "edge.lit", style: { width: 4.2, "line-color": answer, "line-opacity": 1, "target-arrow-color": answer, color: answer, "z-index": 20 } },
      { selector: "node.lit", style: { "z-index": 21 } },
      { selector: "node.found", style: { "underlay-color": answer, "underlay-opacity": 0.35, "underlay-padding": 6, "underlay-shape": "ellipse", "min-zoomed-font-size": 0, color: ink } },
      { selector: "node.picked", style: { "underlay-color": way, "underlay-opacity": 0.3, "underlay-padding": 7, "underlay-shape": "ellipse", "min-zoomed-font-size": 0, color: ink } },
      { selector: "edge.picked", style: { "underlay-color": way, "underlay-opacity": 0.3, "underlay-padding": 5, "min-zoomed-font-size": 0 } },
      { selector: "node:active, edge:active", style: { "overlay-opacity": 0 } },
    ];
  };
  const frame = byId("graph");
  let fitted = 1; // zoom at which all is in view
  const cy = cytoscape({
    container: frame, elements, style: looks(), layout: { name: "preset", fit: false }, minZoom: 0.02, maxZoom: 4, autoungrabify: true,
    boxSelectionEnabled: false, hideEdgesOnViewport: nodes.length > LARGE, textureOnViewport: nodes.length > LARGE,
  });
  const drawn = (ids) => ids.reduce((all, id) => all.union(cy.getElementById(id)), cy.collection());
  const nodeOf = (term) => cy.getElementById(numberOf.has(term) ? `n${numberOf.get(term)}` : "");

  // The way to the answers stays readable when the picture is zoomed out: its marks and words keep their size on the screen.
  const way = cy.elements("node.main, edge.cited");
  const columns = layout.columns.map(([, x]) => x);
  const gaps = columns.slice(1).map((x, index) => x - columns[index]);
  const room = columns.map((_, index) => Math.min(gaps[index - 1] ?? Infinity, gaps[index] ?? Infinity, 400));
  const columnOf = (node) => columns.indexOf(node.position("x"));
  let sized = 0;
  const keepReadable = () => {
    const grown = 1 / Math.min(1, cy.zoom());
    if (Math.abs(grown / sized - 1) < 0.04) return;
    sized = grown;
    const nearest = Math.min(...gaps, Infinity) / grown;
    const turns = nearest < CRAMPED ? 2 : 1;
    const widest = gaps.length ? Math.min(...gaps) : LABEL;
    const isEnd = (node) => node.hasClass("source") || node.hasClass("answer");
    const width = (node) => `${Math.max(LABEL, turns * room[columnOf(node)] - 14 * grown, isEnd(node) ? 110 * grown : 0)}px`;
    const extent = (node) => (node.hasClass("answer") ? 24 : node.hasClass("source") ? 18 : 15) * grown;
    const above = (node) => turns === 2 && columnOf(node) % 2 === 1;
    cy.batch(() => {
      way.nodes().style({ width: extent, height: extent, "font-size": 13 * grown, "text-max-width": width,
        "text-valign": (node) => (above(node) ? "top" : "bottom"), "text-margin-y": (node) => (above(node) ? -5 : 5) * grown });
      const isDecisive = (edge) => edge.hasClass("decisive");
      const words = (edge) => edge.data("label") || "\u200b"; // a label without a letter would take the style away instead of setting it
      way.edges().style({ label: (edge) => (isDecisive(edge) ? (nearest < CRAMPED ? "★" : `★ ${words(edge)}`) : words(edge)),
        width: (edge) => (isDecisive(edge) ? 4.6 : 3.2) * grown, "font-size": 11.5 * grown, "text-background-opacity": (edge) => (edge.data("label") || isDecisive(edge) ? 0.85 : 0), "text-max-width": `${Math.max(76, 40 * grown, widest - 56 * grown)}px`, "text-opacity": (edge) => (nearest < CRAMPED && !isDecisive(edge) ? 0 : 1) });
    });
  };

  // ---- headings of the columns --------------------------------------------------------------------------------------
  const headings = layout.columns.map(([hop]) => {
    const heading = document.createElement("span");
    heading.dataset.hop = hop === null ? "no hop" : hop === 0 ? "source" : `hop ${hop}`;
    heading.dataset.short = hop === null ? "–" : String(hop);
    return byId("hops").appendChild(heading);
  });
  const placeHeadings = () => {
    const gap = Math.min(...gaps, Infinity) * cy.zoom();
    headings.forEach((heading, index) => {
      const words = gap < 50 ? heading.dataset.short : heading.dataset.hop;
      if (heading.textContent !== words) heading.textContent = words;
      heading.style.transform = `translateX(${columns[index] * cy.zoom() + cy.pan().x}px) translateX(-50%)`;
    });
  };
  cy.on("viewport", () => { keepReadable(); placeHeadings(); });

  // ---- moving about -------------------------------------------------------------------------------------------------
  const fit = (part = cy.elements()) => {
    if (part.empty()) return;
    cy.fit(part, 34);
    if (cy.zoom() > 1.25) { cy.zoom(1.25); cy.center(part); }
    if (part.length === cy.elements().length) fitted = cy.zoom();
  };
  const zoom = (factor) => cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  const show = (element) => {
    if (cy.zoom() < 0.7) cy.zoom(0.9);
    cy.center(element);
  };

  // ---- the panel ----------------------------------------------------------------------------------------------------
  const panel = byId("panel");
  const make = (name, words, className) => {
    const element = document.createElement(name);
    if (words !== undefined) element.textContent = words;
    if (className) element.className = className;
    return element;
  };
  const button = (words, className, action) => {
    const element = make("button", words, className);
    element.type = "button";
    element.addEventListener("click", action);
    return element;
  };
  const sentence = (edge) => `${edge.source} ${edge.label ?? edge.kind ?? "–"} ${edge.target}`;
  const table = (attributes, left) => {
    const list = make("dl");
    for (const [name, value] of Object.entries(attributes)) {
      if (left.includes(name)) continue;
      const shown = typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value);
      list.append(make("dt", name), make("dd", shown));
    }
    return list;
  };
  const neighbours = (title, links, words) => {
    if (links.empty()) return [];
    const list = make("ul");
    links.slice(0, 12).forEach((link) => {
      const item = make("li");
      item.append(button(words(link.data("attributes")), "near", () => pick(link)));
      list.append(item);
    });
    return [make("h4", links.length > 12 ? `${title} (12 of ${links.length})` : title), list];
  };
  const pick = (element) => {
    cy.elements(".picked").removeClass("picked");
    element.addClass("picked");
    const attributes = element.data("attributes");
    const close = button("×", "close", clear);
    close.setAttribute("aria-label", "Close");
    if (element.isNode()) {
      panel.replaceChildren(close, make("h3", String(attributes.id)), table(attributes, ["id"]),
        ...neighbours("Out", element.outgoers("edge"), (edge) => `${edge.label ?? edge.kind ?? "–"} ${edge.target}`),
        ...neighbours("In", element.incomers("edge"), (edge) => `${edge.source} ${edge.label ?? edge.kind ?? "–"}`));
    } else {
      panel.replaceChildren(close, make("h3", sentence(attributes)), table(attributes, ["key"]));
    }
    panel.hidden = false;
    panel.scrollTop = 0;
    const box = element.renderedBoundingBox();
    const free = cy.width() - panel.offsetWidth - 30;
    if (element.isNode() && box.x2 > free && box.y1 < panel.offsetHeight + 20) cy.panBy({ x: free - box.x2, y: 0 });
  };

  // ---- answers, facts, search ---------------------------------------------------------------------------------------
  const buttons = [...document.querySelectorAll("button.answer")];
  const tell = (words) => { byId("status").textContent = words; };
  const preferCited = (links) => (links.filter(".cited").nonempty() ? links.filter(".cited") : links);
  const factLinks = (fact) => preferCited(cy.edges().filter((edge) => edge.data("attributes").fact === fact && edge.data("attributes").kind !== "match"));
  const matchLinks = ({ query, key }) => cy.edges(".match").filter((edge) => {
    const { source, target } = edge.data("attributes");
    return (source === query && target === key) || (source === key && target === query);
  });
  const premiseLinks = (answer, premise) => {
    const [kind, id] = String(premise).split(":");
    if (kind === "fact") return factLinks(Number(id));
    const match = (answer.matches ?? []).find((each) => String(each.id) === id);
    return match ? matchLinks(match) : cy.collection();
  };
  const markDecisive = (index) => {
    const answer = report.answers[index];
    cy.edges(".decisive").removeClass("decisive");
    if (answer?.explanation) premiseLinks(answer, answer.explanation.decisive).addClass("decisive");
    sized = 0;
    keepReadable();
  };
  const unlight = () => {
    cy.batch(() => cy.elements().removeClass("dim lit found picked"));
    buttons.forEach((each) => each.setAttribute("aria-pressed", "false"));
  };
  const light = (links, extra = cy.collection()) => {
    const lit = links.union(links.connectedNodes()).union(extra);
    cy.batch(() => { cy.elements().difference(lit).addClass("dim"); lit.addClass("lit"); });
  };
  const clear = () => {
    unlight();
    markDecisive(0);
    panel.hidden = true;
    byId("find").value = "";
    tell("");
  };
  const showAnswer = (index) => {
    const answer = report.answers[index];
    const pressed = buttons[index].getAttribute("aria-pressed") === "true";
    clear();
    if (pressed) return;
    markDecisive(index);
    buttons[index].setAttribute("aria-pressed", "true");
    const links = [...answer.facts.map((fact) => factLinks(fact.id)), ...(answer.matches ?? []).map(matchLinks)];
    light(links.reduce((all, some) => all.union(some), cy.collection()), nodeOf(answer.term));
    document.querySelectorAll("details.evidence").forEach((card, number) => { card.open = number === index; });
    tell(`${answer.facts.length} facts of answer ${index + 1} are highlighted`);
  };
  const showFact = (fact) => {
    const links = factLinks(fact);
    clear();
    if (links.empty()) return tell(`fact ${fact} is not in the picture`);
    light(links);
    fit(links.union(links.connectedNodes()));
    return pick(links[0]);
  };
  let hits = [];
  let turn = 0;
  const find = () => {
    const wanted = byId("find").value.trim().toLowerCase();
    unlight();
    hits = wanted ? cy.nodes().filter((node) => `${node.data("attributes").id}\n${node.data("label")}`.toLowerCase().includes(wanted)).map((node) => node.id()) : [];
    turn = 0;
    const found = drawn(hits.slice(0, 500));
    if (wanted) cy.batch(() => { cy.elements().difference(found).addClass("dim"); found.addClass("found"); });
    tell(wanted ? `${hits.length} terms found` : "");
    byId("find").setAttribute("aria-description", wanted ? `${hits.length} terms found, Enter shows the next` : "");
  };
  const nextHit = () => {
    if (!hits.length) return;
    const node = cy.getElementById(hits[turn % hits.length]);
    turn += 1;
    show(node);
    pick(node);
  };

  // ---- wiring -------------------------------------------------------------------------------------------------------
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const repaint = () => {
    cy.style(looks());
    sized = 0;
    keepReadable();
    byId("theme").textContent = isDark() ? "Light" : "Dark";
  };
  byId("theme").addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; repaint(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  byId("in").addEventListener("click", () => zoom(1.3));
  byId("out").addEventListener("click", () => zoom(1 / 1.3));
  byId("fit").addEventListener("click", () => fit());
  byId("clear").addEventListener("click", () => { clear(); fit(); });
  byId("find").addEventListener("input", find);
  byId("find").addEventListener("keydown", (event) => { if (event.key === "Enter") nextHit(); });
  buttons.forEach((each, index) => each.addEventListener("click", () => showAnswer(index)));
  document.querySelectorAll("button[data-fact]").forEach((each) => each.addEventListener("click", () => {
    showFact(Number(each.dataset.fact));
    frame.scrollIntoView({ block: "nearest" });
  }));
  const keys = {
    ArrowLeft: () => cy.panBy({ x: 60, y: 0 }), ArrowRight: () => cy.panBy({ x: -60, y: 0 }),
    ArrowUp: () => cy.panBy({ x: 0, y: 60 }), ArrowDown: () => cy.panBy({ x: 0, y: -60 }),
    "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: () => fit(),
  };
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });
  cy.on("tap", (event) => (event.target === cy ? clear() : pick(event.target)));
  cy.on("mouseover", "node, edge", () => { frame.style.cursor = "pointer"; });
  cy.on("mouseout", "node, edge", () => { frame.style.cursor = ""; });
  new ResizeObserver(() => { cy.resize(); placeHeadings(); }).observe(frame);

  fit();
  markDecisive(0);
  repaint();
  placeHeadings();
  window.hybridattn = { cy, report, showAnswer, showFact, clear };
})();

// The drawing: its elements, how far they stand apart, and what stays readable when it is small.
const { places } = layout;
const lines = [new Map(), new Map()]; // the nodes of each column and of each row, by their place along it
places.forEach((place) => lines.forEach((line, axis) => { if (!line.has(place[axis])) line.set(place[axis], []); line.get(place[axis]).push(place[1 - axis]); }));
const passesOthers = (from, to) => lines.some((line, axis) => {
  const [low, high] = [from[1 - axis], to[1 - axis]].sort((a, b) => a - b);
  return from[axis] === to[axis] && line.get(from[axis]).some((place) => low < place && place < high);
});
const nodeClasses = (node, index) => [
  node.role === "source" ? "source" : node.role === "answer" ? "answer" : "", node.kind === "query" ? "query" : "", node.kind === "rule" ? "rule" : "",
  main.has(node.id) || !answers.length ? "main" : "", showsBars && withTruth[index] ? "bars" : "",
];
const edgeClasses = (edge, index) => {
  const bow = !isLarge && passesOthers(places[numberOf.get(edge.source)], places[numberOf.get(edge.target)]);
  return [isUsed(index) ? "used" : hasShare(edge) ? "shared" : "", edge.kind === "match" ? "match" : "", bow ? "bow" : ""];
};
const elements = [
  ...nodes.map((node, index) => ({
    group: "nodes",
    data: { id: `n${index}`, place: index, label: clip(node.label ?? node.id), words: "", attributes: node },
    position: { x: places[index][0], y: places[index][1] },
    pannable: true, // dragging a node moves the picture
    classes: nodeClasses(node, index),
  })),
  ...edges.map((edge, index) => ({
    group: "edges",
    data: { id: `e${index}`, place: index, source: `n${numberOf.get(edge.source)}`, target: `n${numberOf.get(edge.target)}`,
      label: clip(edge.label ?? (edge.kind === "match" ? "match" : ""), 40), words: "", share: hasShare(edge) ? clamp(edge.share, 0, 1) : 0, attributes: edge },
    classes: edgeClasses(edge, index),
  })),
];
const frame = byId("graph");
const tallest = Math.max(1, ...[...lines[0].values()].map((ys) => ys.length));
if (tallest < 5) frame.parentElement.style.setProperty("height", `${180 + 110 * tallest}px`); // a low picture needs no high frame
byId("empty").hidden = nodes.length > 0;
const cy = cytoscape({
  container: frame, elements, style: looks(), layout: { name: "preset", fit: false }, minZoom: 0.02, maxZoom: 4, autoungrabify: true, boxSelectionEnabled: false,
  hideEdgesOnViewport: false, textureOnViewport: isLarge, pixelRatio: isLarge ? 1 : "auto",
});

// ---- how far the columns and rows stand apart: as the canvas has room -------------------------------------------------
const MARGINS = [120, 110];
let apart = [1, 1];
const spread = () => {
  const room = [Math.max(200, cy.width() - MARGINS[0]), Math.max(200, cy.height() - MARGINS[1])];
  const across = isLarge || !spans[0] ? 1 : clamp(room[0] / spans[0], 0.6, 1.7);
  const zoom = Math.min(1, room[0] / Math.max(1, across * spans[0]));
  const down = spans[1] ? clamp(room[1] / zoom / spans[1], 1, isLarge ? 1.6 : 1.8) : 1;
  if (Math.abs(across / apart[0] - 1) < 0.02 && Math.abs(down / apart[1] - 1) < 0.02) return false;
  apart = [across, down];
  cy.batch(() => cy.nodes().positions((node) => ({ x: places[node.data("place")][0] * across, y: places[node.data("place")][1] * down })));
  return true;
};
const columns = layout.columns.map(([, x]) => x);
const distinct = (values) => [...new Set(values)].sort((a, b) => a - b);
const gapsBetween = (values) => values.slice(1).map((value, index) => value - values[index]);
const gapsX = gapsBetween(distinct(places.map(([x]) => x)));
const mainPlaces = places.filter((_, index) => main.has(nodes[index].id) || !answers.length);
const mainColumns = distinct(mainPlaces.map(([x]) => x));
const nearestX = Math.min(...gapsBetween(mainColumns), 400);
const byColumn = mainColumns.map((x) => distinct(mainPlaces.filter((place) => place[0] === x).map(([, y]) => y)));
const nearestY = Math.min(...byColumn.flatMap(gapsBetween), 400);
const quietX = Math.min(...gapsX, 400);
const quietY = Math.min(...[...lines[0].values()].flatMap((ys) => gapsBetween(distinct(ys))), 400);

// The way to the answers stays readable when the picture is zoomed out: its marks and words keep their size on the screen.
const LEAST = 62; // a label narrower than this is not worth its place: labels then stand below and above in turn
const isEnd = (node) => node.hasClass("source") || node.hasClass("answer");
const way = cy.elements("node.main, edge.used");
const grows = way.length <= 250;
// A label stands above its node where links leave downwards and none upwards, unless the one above has its label there.
const slopes = nodes.map(() => [0, 0]);
edges.forEach((edge, index) => {
  if (answers.length && !isUsed(index)) return;
  const [one, other] = [numberOf.get(edge.source), numberOf.get(edge.target)];
  const down = places[other][1] - places[one][1];
  if (down) { slopes[one][down > 0 ? 1 : 0] += 1; slopes[other][down > 0 ? 0 : 1] += 1; }
});
const onTop = slopes.map(([up, down]) => down > 0 && !up);
(isLarge ? [] : nodes).forEach((_, index) => nodes.forEach((__, other) => { // the nearest above in its column
  if (!onTop[index] || places[other][0] !== places[index][0] || places[other][1] >= places[index][1]) return;
  if (!onTop[other]) onTop[index] = false;
}));
let dressed = 0;
const wordsOf = (edge) => edge.data("label") || "";
const shortLabel = (words, wide) => (widthOf(words, 400) <= wide ? words : wide > 46 ? shortened(words, wide, 400) : "");
const dressEdge = (edge, wide) => `${edge.hasClass("decisive") ? "★ " : ""}${wide > 20 ? shortLabel(wordsOf(edge), wide) : ""}`.trim();
const nextTo = new Map(mainColumns.map((x, index) => [x, Math.min(x - (mainColumns[index - 1] ?? -1e9), (mainColumns[index + 1] ?? 1e9) - x, 400)]));
const spots = () => cy.nodes(".picked, .hover").union(cy.nodes(".found").slice(0, 40)).difference(way);
const dressNode = (node, grown, turns, most) => {
  const gap = (nextTo.get(places[node.data("place")][0]) * apart[0]) / grown; // on the screen, while the zoom is at most 1
  const wide = clamp(turns * gap - 8, 40, 178);
  const top = turns === 2 ? mainColumns.indexOf(places[node.data("place")][0]) % 2 === 1 : !isLarge && onTop[node.data("place")];
  const cramped = turns * gap - 8 < LEAST;
  const shown = !cramped || isEnd(node) || node.hasClass("picked") || node.hasClass("hover");
  const pill = node.hasClass("rule") && widthOf(node.data("label"), 400) + 40 < gap;
  node.toggleClass("pill", pill);
  const label = shown ? wrapped(node.data("label"), cramped ? 110 : wide, most, isEnd(node) ? 600 : 400) : "";
  node.data("words", pill ? node.data("label") : node.hasClass("rule") && !node.hasClass("picked") && !node.hasClass("hover") ? "" : label);
  if (!grows) return;
  const [width, height] = sizeOf(node, clamp(0.72 * gap, 6, 40));
  const side = pill ? { "text-valign": "center", "text-margin-y": 0 } : { "text-valign": top ? "top" : "bottom", "text-margin-y": (top ? -4 : 4) * grown };
  const border = node.hasClass("bars") ? { "border-width": (node.hasClass("answer") ? 3 : 1.5) * grown } : {};
  node.style({ width: width * grown, height: height * grown, "font-size": FONT * grown, ...border, ...side });
};
// Where two labels, or a label and a mark, would meet, the one that matters less is left out.
const rank = (node) => ["picked", "hover", "source"].findIndex((kind) => node.hasClass(kind)) + 1 || (node.data("place") === goalOf[chosen] ? 4 : node.hasClass("lit") || node.hasClass("onward") ? 5 : node.connectedEdges(".cited").nonempty() ? 6 : node.hasClass("answer") ? 7 : 8);
const boxOf = (node, grown) => {
  const rows = node.data("words").split("\n");
  const wide = Math.max(...rows.map((row) => widthOf(row, isEnd(node) ? 600 : 400))) * grown;
  const high = rows.length * FONT * 1.15 * grown;
  const { x, y } = node.position();
  const half = (sizeOf(node, 40)[1] / 2 + 3) * grown;
  const top = node.style("text-valign") === "top" ? y - half - high : y + half;
  return [x - wide / 2, top, x + wide / 2, top + high];
};
const markOf = (node, grown) => {
  const { x, y } = node.position();
  const [width, height] = sizeOf(node, 40).map((side) => (side / 2 - 2) * grown);
  return [x - width, y - height, x + width, y + height];
};
const meet = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
const thin = (grown) => {
  const shown = way.nodes().filter((node) => !node.hasClass("pill")).sort((one, other) => rank(one) - rank(other));
  const taken = way.nodes().map((node) => [node, markOf(node, grown)]);
  shown.forEach((node) => {
    if (!node.data("words")) return;
    const box = boxOf(node, grown);
    if (taken.some(([other, held]) => !other.same(node) && meet(box, held))) node.data("words", "");
    else taken.push([node, box]);
  });
};
let spotted = cy.collection();
const dress = (again = false) => {
  const grown = 1 / Math.min(1, cy.zoom());
  if (!again && Math.abs(grown / dressed - 1) < 0.04) return;
  dressed = grown;
  const turns = (nearestX * apart[0]) / grown < LEAST + 8 ? 2 : 1;
  const most = clamp(Math.floor(((nearestY * apart[1]) / grown - 26) / (FONT * 1.15)), 1, 4);
  cy.batch(() => {
    way.nodes().forEach((node) => dressNode(node, grows ? grown : 1, turns, most));
    if (grows) thin(grown);
    way.edges().forEach((edge) => {
      const across = Math.abs(edge.source().position("x") - edge.target().position("x"));
      edge.data("words", dressEdge(edge, across / grown - 44));
      if (grows) edge.style({ width: (edge.hasClass("decisive") ? 4.6 : edge.hasClass("cited") ? 3.2 : 1.6) * grown, "font-size": 11.5 * grown });
    });
    spotted.difference(spots()).forEach((node) => { node.removeStyle("font-size"); node.data("words", quietWords(node)); });
    spotted = spots();
    spotted.forEach((node) => { node.style("font-size", FONT * grown); node.data("words", wrapped(node.data("label"), 178, 3)); });
  });
};
const quietWords = (node) => {
  const wide = clamp(quietX * apart[0] - 10, 50, 150);
  return isLarge ? clip(node.data("label"), Math.floor(wide / 7)) : wrapped(node.data("label"), wide, clamp(Math.floor((quietY * apart[1] - 20) / 14), 1, 3));
};
const NEAR = 0.55; // the zoom from which the words of a large picture can be read
let quietDressed = false;
const dressQuiet = () => cy.batch(() => {
  quietDressed = !isLarge || cy.zoom() >= NEAR;
  if (!quietDressed) return;
  cy.nodes().difference(way).forEach((node) => { node.data("words", quietWords(node)); });
  if (isLarge) return;
  const quiet = cy.edges().difference(way);
  const crowded = (edge) => quiet.length > 60 || edge.source().connectedEdges().length > 5 || widthOf(wordsOf(edge), 400) > quietX * apart[0] - 40;
  quiet.forEach((edge) => { edge.data("words", crowded(edge) ? "" : wordsOf(edge)); });
});

// ---- headings of the columns ------------------------------------------------------------------------------------------
const headings = layout.columns.map(([key, , name]) => {
  const heading = document.createElement("span");
  heading.dataset.long = name;
  heading.dataset.short = name && key !== null ? String(key) : "";
  return byId("hops").appendChild(heading);
});
const named = layout.columns.flatMap(([, x, name]) => (name ? [x] : []));
const nearestNamed = Math.min(...gapsBetween(named), 400);
const placeHeadings = () => {
  const gap = nearestNamed * apart[0] * cy.zoom();
  headings.forEach((heading, index) => {
    const words = gap < 54 ? heading.dataset.short : heading.dataset.long;
    if (heading.textContent !== words) heading.textContent = words;
    heading.style.transform = `translateX(${columns[index] * apart[0] * cy.zoom() + cy.pan().x}px) translateX(-50%)`;
  });
};

// ---- moving about -----------------------------------------------------------------------------------------------------
const HEADS = 30; // height of the headings
let touched = false; // whether the reader has chosen what is in view
const fit = () => {
  if (!nodes.length) return;
  touched = false;
  dress(true);
  for (let pass = 0; pass < (isLarge ? 1 : 3); pass += 1) { // marks that keep their size on the screen change what fits
    const box = isLarge ? roughBox() : cy.nodes(":visible").boundingBox();
    const margin = isLarge ? 60 : 12;
    const level = clamp(Math.min((cy.width() - 2 * margin) / Math.max(1, box.w), (cy.height() - HEADS - margin - 10) / Math.max(1, box.h)), cy.minZoom(), 1.25);
    cy.viewport({ zoom: level, pan: { x: cy.width() / 2 - (level * (box.x1 + box.x2)) / 2, y: (cy.height() + HEADS - margin / 2) / 2 - (level * (box.y1 + box.y2)) / 2 } });
    dress();
  }
};
const roughBox = () => { // without labels: they cost much to measure
  const shown = places.filter((_, index) => !cy.getElementById(`n${index}`).hasClass("late") && !cy.getElementById(`n${index}`).hasClass("weak"));
  const [xs, ys] = [0, 1].map((axis) => shown.map((place) => place[axis] * apart[axis]));
  const [x1, x2, y1, y2] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return { x1, x2, y1, y2, w: x2 - x1, h: y2 - y1 };
};
const middle = () => ({ x: cy.width() / 2, y: cy.height() / 2 });
const zoom = (factor) => { touched = true; cy.zoom({ level: cy.zoom() * factor, renderedPosition: middle() }); };
const move = (x, y) => { touched = true; cy.panBy({ x, y }); };
const show = (element) => { // bring it into view, and no farther than needed
  const box = element.renderedBoundingBox({ includeLabels: false });
  const near = cy.zoom() >= 0.5 || !isLarge;
  const inside = box.x1 > 20 && box.x2 < cy.width() - 20 && box.y1 > 34 && box.y2 < cy.height() - 40;
  if (near && inside) return;
  touched = true;
  const level = near ? cy.zoom() : 0.9;
  const at = element.isNode() ? element.position() : element.midpoint();
  const pan = { x: cy.width() / 2 - at.x * level, y: cy.height() / 2 - at.y * level };
  cy.stop();
  if (reduced.matches) cy.viewport({ zoom: level, pan });
  else cy.animate({ zoom: level, pan }, { duration: 180 });
};

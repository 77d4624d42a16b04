// The picture as a file. The SVG is written from the drawn elements; the PNG is that SVG, painted.
const xml = (words) => String(words).replace(CONTROLS, " ").replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter]).replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g, "\ufffd");
const digits = (value) => String(Math.round(value * 100) / 100);
const attributes = (pairs) => Object.entries(pairs).map(([name, value]) => ` ${name}="${typeof value === "number" ? digits(value) : xml(value)}"`).join("");
const tag = (name, pairs, inside = "") => (inside ? `<${name}${attributes(pairs)}>${inside}</${name}>` : `<${name}${attributes(pairs)}/>`);
const textAt = (words, x, y, size, fill, more = {}) => {
  const rows = words.split("\n");
  const weight = more["font-weight"] ?? "400";
  const wide = Math.max(...rows.map((row) => widthOf(row, weight))) * (size / FONT);
  const back = tag("rect", { x: x - wide / 2 - 1, y: y - 1, width: wide + 2, height: rows.length * size * 1.15 + 2, fill: colour("sheet"), "fill-opacity": 0.88, rx: 2 });
  const spans = rows.map((row, index) => tag("text", { x, y: y + size * (0.92 + 1.15 * index), "font-size": size, fill, "text-anchor": "middle", "unicode-bidi": "plaintext", ...more }, xml(row))).join("");
  return back + spans;
};
const edgeMark = (edge) => {
  const [start, end] = [edge.sourceEndpoint(), edge.targetEndpoint()];
  const bends = edge.controlPoints() ?? [];
  const between = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
  const point = ({ x, y }) => `${digits(x)} ${digits(y)}`;
  const path = bends.length ? bends.map((bend, index) => `Q${point(bend)} ${point(index < bends.length - 1 ? between(bend, bends[index + 1]) : end)}`).join("") : `L${point(end)}`;
  const width = edge.numericStyle("width");
  const dashes = { dashed: `${digits(2.5 * width + 3)} ${digits(2 * width + 2)}`, dotted: `${digits(width)} ${digits(width)}` }[edge.style("line-style")];
  const line = tag("path", { d: `M${point(start)}${path}`, fill: "none", stroke: edge.style("line-color"), "stroke-width": width, "stroke-opacity": edge.numericStyle("line-opacity"), ...(dashes ? { "stroke-dasharray": dashes } : {}) });
  const arrow = edge.style("target-arrow-shape") === "triangle" ? arrowAt(bends.at(-1) ?? start, end, Math.max((width * 13.37) ** 0.9, 29) * edge.numericStyle("arrow-scale"), edge.style("target-arrow-color")) : "";
  return line + arrow;
};
const arrowAt = (from, tip, size, fill) => {
  const length = Math.hypot(tip.x - from.x, tip.y - from.y) || 1;
  const [x, y] = [(tip.x - from.x) / length, (tip.y - from.y) / length];
  const corner = (side) => `${digits(tip.x - 0.3 * size * x - side * 0.15 * size * y)},${digits(tip.y - 0.3 * size * y + side * 0.15 * size * x)}`;
  return tag("polygon", { points: `${digits(tip.x)},${digits(tip.y)} ${corner(1)} ${corner(-1)}`, fill });
};
const edgeWords = (edge) => {
  const words = edge.style("label").trim();
  if (!words) return "";
  const { x, y } = edge.midpoint();
  const [start, end] = [edge.sourceEndpoint(), edge.targetEndpoint()];
  let angle = (Math.atan2(end.y - start.y, end.x - start.x) * 180) / Math.PI;
  if (angle > 90 || angle < -90) angle += 180;
  const size = edge.numericStyle("font-size");
  return tag("g", { transform: `rotate(${digits(angle)} ${digits(x)} ${digits(y)})` }, textAt(words, x, y - size * 0.6, size, edge.style("color"), { "font-weight": edge.style("font-weight") === "600" ? "600" : "400" }));
};
const nodeMark = (node) => {
  const { x, y } = node.position();
  const [width, height] = [node.numericStyle("width"), node.numericStyle("height")];
  const paint = { fill: node.style("background-color"), ...(node.numericStyle("border-width") ? { stroke: node.style("border-color"), "stroke-width": node.numericStyle("border-width") } : {}) };
  const truth = node.hasClass("bars") ? withTruth[node.data("place")] : null;
  const shape = node.style("shape");
  const round = { x: x - width / 2, y: y - height / 2, width, height, rx: Math.min(width, height) / 5 };
  const mark = shape === "diamond" ? tag("polygon", { points: `${digits(x)},${digits(y - height / 2)} ${digits(x + width / 2)},${digits(y)} ${digits(x)},${digits(y + height / 2)} ${digits(x - width / 2)},${digits(y)}`, ...paint })
    : shape === "round-rectangle" ? tag("rect", { ...round, ...paint }) : tag("ellipse", { cx: x, cy: y, rx: width / 2, ry: height / 2, ...paint });
  const level = (at, value, fill) => ["line", fill].map((name, index) => tag("rect", { x: x - width * 0.43, y: y + height * at, width: width * 0.86 * (index ? value : 1), height: height * 0.2, fill: colour(name) })).join("");
  const halo = node.numericStyle("underlay-opacity") ? tag("ellipse", { cx: x, cy: y, rx: width / 2 + 7, ry: height / 2 + 7, fill: node.style("underlay-color"), "fill-opacity": node.numericStyle("underlay-opacity") }) : "";
  return halo + mark + (truth ? level(-0.3, truth[0], "way") + level(0.1, truth[1], "soft") : "");
};
const nodeWords = (node) => {
  const words = node.style("label").trim();
  if (!words) return "";
  const { x, y } = node.position();
  const [half, size, margin] = [node.numericStyle("height") / 2, node.numericStyle("font-size"), node.numericStyle("text-margin-y")];
  const top = node.style("text-valign") === "center" ? y - size * 0.6 : node.style("text-valign") === "top" ? y - half + margin - words.split("\n").length * size * 1.15 : y + half + margin;
  return textAt(words, x, top, size, node.style("color"), { "font-weight": node.style("font-weight") === "600" ? "600" : "400" });
};
const faded = (element, body) => (body && element.effectiveOpacity() < 1 ? tag("g", { opacity: element.effectiveOpacity() }, body) : body);
const svgOf = () => {
  const shown = [...cy.edges(":visible").sort((one, other) => one.numericStyle("z-index") - other.numericStyle("z-index")), ...cy.nodes(":visible").sort((one, other) => one.numericStyle("z-index") - other.numericStyle("z-index"))];
  const box = shown.length ? cy.elements(":visible").boundingBox() : { x1: 0, y1: 0, w: 300, h: 100 };
  const unit = Math.max(1, dressed || 1);
  const [left, top, width, height] = [box.x1 - 20 * unit, box.y1 - 46 * unit, box.w + 40 * unit, box.h + 66 * unit];
  const heads = layout.columns.map(([, x, name], index) => (headings[index].textContent && cy.nodes(":visible").some((node) => layout.keys[node.data("place")] === layout.columns[index][0]) ? textAt(headings[index].textContent, x * apart[0], top + 8 * unit, 11.5 * unit, colour("soft")) : "")).join("");
  const marks = shown.map((element) => faded(element, element.isNode() ? tag("g", {}, `<title>${xml(String(element.data("attributes").id).slice(0, 2000))}</title>${nodeMark(element)}`) : edgeMark(element)));
  const words = shown.map((element) => faded(element, element.isNode() ? nodeWords(element) : edgeWords(element)));
  const about = `<title>${xml(String(report.question).slice(0, 2000))}</title>`;
  const paper = tag("rect", { x: left, y: top, width, height, fill: colour("sheet") });
  const size = { xmlns: NS, width: width / unit, height: height / unit, viewBox: `${digits(left)} ${digits(top)} ${digits(width)} ${digits(height)}`, "font-family": family, role: "img" };
  return { text: tag("svg", size, about + paper + heads + marks.join("") + words.join("")), width: width / unit, height: height / unit };
};

const LARGEST = 8192; // pixels of a side of a PNG
const addressOf = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
const pngOf = (svg) => new Promise((resolve, reject) => {
  const image = new Image();
  image.onload = () => {
    const scale = Math.min(2, LARGEST / Math.max(svg.width, svg.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.max(1, Math.round(svg.width * scale)), Math.max(1, Math.round(svg.height * scale))];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large for a PNG"))), "image/png");
  };
  image.onerror = () => reject(new Error("the picture could not be painted"));
  image.src = addressOf(svg.text);
});
const fileName = (ending) => `${(String(report.question).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60).replace(/-+$/, "")) || "graph"}.${ending}`;
const mayDownload = window.parent === window || window.origin !== "null";
const download = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  tell(`Saved as ${name}`);
};
const offer = (svg) => {
  byId("save-image").src = addressOf(svg.text);
  byId("save-source").value = svg.text;
  byId("save").showModal();
};
const save = async (ending) => {
  const svg = svgOf();
  if (!mayDownload) return offer(svg);
  try {
    return download(ending === "svg" ? new Blob([svg.text], { type: "image/svg+xml" }) : await pngOf(svg), fileName(ending));
  } catch (error) {
    return tell(`Not saved: ${error.message}`);
  }
};

// How the picture looks: one list of styles, made again when the theme changes.
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const MOST_BARS = 150; // nodes that show their truth as bars; more of them are dots
const withTruth = nodes.map((node, index) => {
  if (node.kind === "rule") return null;
  const goal = goalOf.indexOf(index);
  const [f, c] = goal >= 0 && !isProofGraph ? [answers[goal].frequency, answers[goal].confidence] : [node.f, node.c];
  return truthOf(f, c) ?? (isProofGraph && answers.length ? proofs[0].get(String(node.id))?.truth ?? null : null);
});
const showsBars = withTruth.filter(Boolean).length <= MOST_BARS;
const bars = ([f, c]) => {
  const bar = (y, share, level) => `<rect x="5" y="${y}" width="62" height="6" fill="${colour("line")}"/><rect x="5" y="${y}" width="${62 * share}" height="6" fill="${colour(level)}"/>`;
  const body = `<rect width="72" height="30" fill="${colour("sheet")}"/>${bar(6, f, "way")}${bar(18, c, "soft")}`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="72" height="30" viewBox="0 0 72 30">${body}</svg>`)}`;
};
const SIZES = { quiet: 9, main: 14, source: 18, answer: 23, rule: 12, bars: [36, 15] };
const spanOf = (axis) => { const values = layout.places.map((place) => place[axis]); return values.length ? Math.max(...values) - Math.min(...values) : 0; };
const spans = [spanOf(0), spanOf(1)];
const dot = clamp(4 * Math.max(spans[0] / 860, spans[1] / 600), SIZES.quiet, 30); // dots stay large enough to be seen when all is in view
const sizeOf = (node, most) => { // at most so wide, so that neighbours do not touch
  if (node.hasClass("pill")) return [widthOf(node.data("words"), 400) + 16, 21];
  const size = node.hasClass("bars") ? SIZES.bars : ["answer", "source", "rule", "main"].filter((kind) => node.hasClass(kind)).map((kind) => SIZES[kind])[0] ?? SIZES.quiet;
  const [width, height] = Array.isArray(size) ? size : [size, size];
  return [Math.min(width, most), Math.min(height, most)];
};

const looks = () => {
  const [sheet, ink, soft, faint, way, answer, onward] = ["sheet", "ink", "soft", "faint", "way", "answer", "onward"].map(colour);
  const label = { "font-family": family, "text-background-color": sheet, "text-background-opacity": 0.88, "text-background-padding": "1px", "text-background-shape": "roundrectangle" };
  const arrow = isLarge ? { "curve-style": "haystack", "haystack-radius": 0 } : { "curve-style": "bezier", "target-arrow-shape": "triangle", "target-arrow-color": faint, "arrow-scale": 0.7 };
  return [
    { selector: "core", style: { "active-bg-opacity": 0, "selection-box-opacity": 0 } },
    { selector: "node", style: { ...label, label: "data(words)", width: dot, height: dot, "background-color": faint, color: soft, "font-size": FONT - 1, "line-height": 1.15,
      "text-valign": "bottom", "text-margin-y": 4, "text-wrap": "wrap", "text-max-width": "9999px", "min-zoomed-font-size": 7 } },
    { selector: "edge", style: { ...label, ...arrow, label: isLarge ? "" : "data(words)", width: (isLarge ? 0.06 : 0.13) * dot, "line-color": faint, "line-opacity": isLarge ? 0.5 : 0.8, color: soft, "font-size": 10.5, "text-rotation": "autorotate",
      "min-zoomed-font-size": 8 } },
    ...(isLarge ? [{ selector: "edge.used", style: { "curve-style": "straight", "target-arrow-shape": "triangle" } }] : []),
    { selector: "node.main", style: { width: SIZES.main, height: SIZES.main, "background-color": way, color: ink, "font-size": FONT, "min-zoomed-font-size": 4, "z-index": 5 } },
    { selector: "node.query", style: { "background-color": sheet, "border-width": 2, "border-color": way } },
    { selector: "node.rule", style: { width: SIZES.rule, height: SIZES.rule, shape: "ellipse", "background-color": sheet, "border-width": 2, "border-color": soft, color: ink } },
    { selector: "node.pill", style: { shape: "round-rectangle", "border-width": 1.5, "border-color": faint, "text-valign": "center", "text-margin-y": 0, "text-background-opacity": 0 } },
    { selector: "node.source", style: { shape: "round-rectangle", width: SIZES.source, height: SIZES.source, "font-weight": 600, "z-index": 9 } },
    { selector: "node.answer", style: { shape: "diamond", width: SIZES.answer, height: SIZES.answer, "background-color": answer, "font-weight": 600, "z-index": 10 } },
    { selector: "node.bars", style: { shape: "round-rectangle", width: SIZES.bars[0], height: SIZES.bars[1], "background-color": sheet, "border-width": 1.5, "border-color": way,
      "background-image": (node) => bars(withTruth[node.data("place")]), "background-fit": "none", "background-width": "100%", "background-height": "100%" } },
    { selector: "node.bars.answer", style: { "border-color": answer, "border-width": 3 } },
    { selector: "edge.match", style: { "line-style": "dashed" } },
    { selector: "edge.shared", style: { "line-color": way, "target-arrow-color": way, width: "mapData(share, 0, 1, 0.8, 8)", "line-opacity": "mapData(share, 0, 1, 0.35, 0.9)", "arrow-scale": 0.9 } },
    { selector: "edge.used", style: { "line-color": way, "line-opacity": 0.5, "target-arrow-color": way, "arrow-scale": 0.8, width: 1.6, "z-index": 3 } },
    { selector: "edge.cited", style: { width: 3.2, "line-opacity": 1, color: way, "font-size": 11.5, "arrow-scale": 0.9, "min-zoomed-font-size": 4, "z-index": 4 } },
    { selector: "edge.decisive", style: { width: 4.6, "line-color": answer, "line-opacity": 1, "target-arrow-color": answer, color: answer, "font-weight": 600, "min-zoomed-font-size": 4, "z-index": 6 } },
    ...(isLarge ? [] : [{ selector: "edge.bow", style: { "curve-style": "unbundled-bezier", "control-point-distances": 58, "control-point-weights": 0.5 } }]),
    { selector: ".dim", style: { opacity: 0.2 } },
    { selector: "edge.lit", style: { width: 4.2, "line-color": answer, "line-opacity": 1, "target-arrow-color": answer, color: answer, "z-index": 20 } },
    { selector: "edge.onward", style: { width: 4.2, "line-color": onward, "line-style": "dotted", "line-opacity": 1, "target-arrow-color": onward, color: onward, "z-index": 20 } },
    { selector: "node.lit, node.onward", style: { "z-index": 21, color: ink } },
    { selector: "node.hover", style: { "min-zoomed-font-size": 0, color: ink, "z-index": 30 } },
    { selector: "node.found", style: { "underlay-color": answer, "underlay-opacity": 0.35, "underlay-padding": 6, "underlay-shape": "ellipse", "min-zoomed-font-size": 0, color: ink } },
    { selector: "node.picked", style: { "underlay-color": way, "underlay-opacity": 0.3, "underlay-padding": 7, "underlay-shape": "ellipse", "min-zoomed-font-size": 0, color: ink } },
    { selector: "edge.picked", style: { "underlay-color": way, "underlay-opacity": 0.3, "underlay-padding": 5, "min-zoomed-font-size": 0 } },
    { selector: ".late, .weak", style: { display: "none" } },
    { selector: "node:active, edge:active", style: { "overlay-opacity": 0 } },
  ];
};

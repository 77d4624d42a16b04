// What the controls, the keys and the pointer do.
byId("theme").addEventListener("click", () => { theme = isDark() ? "light" : "dark"; repaint(); remember(); });
dark.addEventListener("change", repaint);
byId("in").addEventListener("click", () => zoom(1.3));
byId("out").addEventListener("click", () => zoom(1 / 1.3));
byId("fit").addEventListener("click", () => { fit(); remember(); });
byId("reset").addEventListener("click", () => {
  [hop, share] = [lastColumn, 0];
  [hopSlider.value, shareSlider.value] = [String(hop), "0"];
  filter();
  choose(0);
  clear();
  fit();
  tell("All is shown");
});
byId("svg").addEventListener("click", () => save("svg"));
byId("png").addEventListener("click", () => save("png"));
byId("save-close").addEventListener("click", () => byId("save").close());
let waiting = 0;
const refilter = () => { // once a frame, however fast the slider moves
  hop = Number(hopSlider.value);
  share = Number(shareSlider.value);
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => { filter(); tell(shownCount()); remember(); });
};
hopSlider.addEventListener("input", refilter);
shareSlider.addEventListener("input", refilter);
byId("find").addEventListener("input", () => {
  picked = "";
  panel.hidden = true;
  cy.elements(".picked").removeClass("picked");
  tell(find(byId("find").value));
  remember();
});
byId("find").addEventListener("keydown", (event) => { if (event.key === "Enter") nextHit(); });
buttons.forEach((each, index) => each.addEventListener("click", () => chooseAnswer(index)));
document.querySelectorAll("button[data-trace]").forEach((each) => each.addEventListener("click", () => {
  const index = Number(each.closest("[data-of]").dataset.of);
  if (index !== chosen) choose(index);
  pickName(each.dataset.trace);
  if (each.closest(".reasons")) frame.scrollIntoView({ block: "nearest", behavior: reduced.matches ? "auto" : "smooth" });
}));

// Arrow keys go to the nearest node in their direction, one that is linked first.
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const firstNode = () => {
  const shown = cy.nodes(":visible");
  return shown.filter(".source").union(shown.filter(".main")).union(shown)[0];
};
const stepFrom = (node, [right, down]) => {
  const here = node.position();
  const linked = node.neighborhood("node");
  const cost = (other) => {
    const [x, y] = [other.position("x") - here.x, other.position("y") - here.y];
    const [ahead, aside] = right ? [right * x, Math.abs(y)] : [down * y, Math.abs(x)];
    return ahead <= 1 ? Infinity : ahead + 3 * aside + (right && linked.contains(other) ? 0 : right ? 1e6 : 0);
  };
  return cy.nodes(":visible").min(cost);
};
const go = (direction) => {
  const current = picked ? cy.nodes(".picked") : cy.collection();
  if (!nodes.length) return;
  if (current.empty()) { pick(firstNode()); return; }
  const next = stepFrom(current[0], direction);
  if (Number.isFinite(next.value)) pick(next.ele); else tell("There is nothing farther in this direction");
};
const keys = { "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: () => { fit(); remember(); },
  Enter: () => { if (panel.hidden) go([1, 0]); else panel.querySelector("h3")?.focus(); }, Home: () => nodes.length && pick(firstNode()) };
frame.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const direction = DIRECTIONS[event.key];
  if (!direction && !keys[event.key]) return;
  event.preventDefault();
  if (!direction) keys[event.key]();
  else if (event.shiftKey) move(-60 * direction[0], -60 * direction[1]);
  else go(direction);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || byId("save").open) return;
  if (panel.contains(document.activeElement)) frame.focus({ preventScroll: true });
  clear();
});
cy.on("tap", (event) => (event.target === cy ? clear() : pick(event.target)));
cy.on("mouseover", "node, edge", ({ target }) => { frame.style.cursor = "pointer"; target.addClass("hover"); if (target.isNode()) dress(true); });
cy.on("mouseout", "node, edge", ({ target }) => { frame.style.cursor = ""; target.removeClass("hover"); if (target.isNode()) dress(true); });
cy.on("dragpan scrollzoom pinchzoom", () => { touched = true; });
cy.on("viewport", () => { if (!quietDressed && cy.zoom() >= NEAR) dressQuiet(); dress(); placeHeadings(); remember(); });
let width = 0;
new ResizeObserver(() => {
  cy.resize();
  const wide = cy.width() !== width;
  width = cy.width();
  if (wide && spread()) { dressQuiet(); dress(true); }
  if (!touched) fit();
  placeHeadings();
}).observe(frame);
window.addEventListener("hashchange", () => { if (location.hash.slice(1) !== own) read(); });

cy.one("render", () => performance.mark("drawn"));
spread();
dressQuiet();
read();
placeHeadings();
window.hybridattn = { cy, report, chooseAnswer, pick, pickName, clear, svg: () => svgOf().text, state: written };

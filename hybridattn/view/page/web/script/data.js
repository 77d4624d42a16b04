// What the page was given, and small words on it. All text of the report reaches the page through textContent or the canvas.
const byId = (id) => document.getElementById(id);
const report = JSON.parse(byId("report").textContent);
const layout = JSON.parse(byId("layout").textContent);
const root = document.documentElement;
root.classList.remove("no-script");

const nodes = report.graph.nodes;
const edges = report.graph.edges;
const answers = report.answers;
const isLarge = nodes.length > 400 || edges.length > 1200; // labels of what is not on the way are then short, and lines are left out while it moves
const numberOf = new Map(nodes.map((node, index) => [node.id, index]));
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const tell = (words) => { byId("status").textContent = words; };
const truthOf = (f, c) => (isNumber(f) && isNumber(c) ? [clamp(f, 0, 1), clamp(c, 0, 1)] : null);
const reduced = matchMedia("(prefers-reduced-motion: reduce)");

// ---- the proof of each answer by the names of its parts: fact:ID, match:K, step:K -------------------------------------
const COPULAS = ["-->", "<->", "==>", "<=>"];
const stated = ({ source, relation, target }) => (COPULAS.includes(relation) ? [`<${source} ${relation} ${target}>`] : [source, relation, target]);
const proofOf = (answer) => {
  const parts = new Map();
  const add = (name, part) => parts.set(name, { name, premises: [], follows: [], ...part });
  answer.facts.forEach((fact) => add(`fact:${fact.id}`, { said: stated(fact), rule: "given", truth: truthOf(fact.frequency, fact.confidence) }));
  (answer.matches ?? []).forEach((match) => add(`match:${match.id}`, { said: [match.query, "↔", match.key], rule: "match", truth: truthOf(match.frequency, match.confidence), match }));
  answer.derivation.forEach((step, place) => add(`step:${place}`, { said: [step.conclusion], rule: step.rule, premises: step.premises.map(String), truth: truthOf(step.frequency, step.confidence) }));
  parts.forEach((part) => part.premises.forEach((premise) => parts.get(premise)?.follows.push(part.name)));
  return parts;
};
const proofs = answers.map(proofOf);
const closure = (parts, name, way) => {
  const found = new Set();
  const waiting = [name];
  while (waiting.length) {
    const here = waiting.pop();
    if (found.has(here) || !parts.has(here)) continue;
    found.add(here);
    waiting.push(...parts.get(here)[way]);
  }
  return found;
};
const lastOf = (answer) => (answer.derivation.length ? `step:${answer.derivation.length - 1}` : answer.facts.length ? `fact:${answer.facts[0].id}` : "");

// ---- which links of the picture answers rest on -----------------------------------------------------------------------
const factsOf = answers.map((answer) => new Set(answer.facts.map((fact) => String(fact.id))));
const isMatchOf = (edge, { query, key }) => edge.kind === "match" && ((edge.source === query && edge.target === key) || (edge.source === key && edge.target === query));
const isProofGraph = nodes.some((node) => node.kind === "rule");
const restsOn = (index, edge) => (isProofGraph ? Boolean(edge.cited) || !answers.length : edge.kind === "match"
  ? (answers[index].matches ?? []).some((match) => isMatchOf(edge, match))
  : edge.fact !== undefined && factsOf[index].has(String(edge.fact)));
const walked = new Map(); // the same fact may be met at several hops: the link that is marked as cited stands for it, or else the first
edges.forEach((edge) => { if (edge.fact !== undefined && edge.kind !== "match" && (!walked.has(edge.fact) || (edge.cited && !walked.get(edge.fact).cited))) walked.set(edge.fact, edge); });
const isFirst = (edge) => edge.kind === "match" || edge.fact === undefined || isProofGraph || walked.get(edge.fact) === edge;
const usedBy = edges.map((edge) => answers.flatMap((_, index) => (isFirst(edge) && restsOn(index, edge) ? [index] : [])));
const isUsed = (index) => usedBy[index].length > 0 || Boolean(edges[index].cited);
const hasShare = (edge) => !answers.length && !isLarge && isNumber(edge.share); // where nothing is cited, links are as strong as their share
const main = new Set(edges.flatMap((edge, index) => (isUsed(index) ? [edge.source, edge.target] : [])));
nodes.forEach((node) => { if (node.role) main.add(node.id); });

const keyOf = (index) => layout.keys[index] ?? Infinity;
const endsOf = answers.map(() => new Set());
edges.forEach((edge, place) => usedBy[place].forEach((index) => { endsOf[index].add(edge.source).add(edge.target); }));
const goals = nodes.filter((node) => node.role === "answer").sort((one, other) => keyOf(numberOf.get(other.id)) - keyOf(numberOf.get(one.id)));
const goalOf = answers.map((_, index) => numberOf.get(goals.find((node) => isProofGraph || endsOf[index].has(node.id))?.id) ?? -1); // the farthest of those that are answers

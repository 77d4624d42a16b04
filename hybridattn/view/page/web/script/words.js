// Labels of the picture: lines that fit, with an ellipsis where they do not. The panel has the whole.
const LONGEST = 160; // letters of a label that are looked at
const MOST_UNITS = 20 * LONGEST; // an emoji may be made of many
const FONT = 12.5;
const STRETCH = 1.16; // a single word may be this much wider than its line
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;
const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter() : null;
const letters = (words) => (segmenter ? Array.from(segmenter.segment(words), (part) => part.segment) : Array.from(words));
const PLAIN = /^[!-~](?:[ -~]{0,38}[!-~])?$/; // most labels are
const clip = (words, length = LONGEST) => {
  if (typeof words === "string" && PLAIN.test(words) && !words.includes("  ")) return words;
  const whole = String(words ?? "");
  const shown = whole.slice(0, MOST_UNITS).replace(CONTROLS, " ").replace(/\s+/g, " ").trim();
  const all = letters(shown.isWellFormed && !shown.isWellFormed() ? shown.toWellFormed() : shown);
  return all.length > length || whole.length > MOST_UNITS ? `${all.slice(0, length - 1).join("")}…` : all.join("");
};

const pen = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily;
const widths = new Map();
const widthOf = (words, weight) => {
  const key = `${weight}${words}`;
  if (!widths.has(key)) {
    pen.font = `${weight} ${FONT}px ${family}`;
    widths.set(key, pen.measureText(words).width);
  }
  return widths.get(key);
};
const shortened = (line, width, weight) => {
  const all = letters(line.trimEnd());
  while (all.length > 1 && widthOf(`${all.join("")}…`, weight) > width) all.pop();
  return `${all.join("").replace(/…$/, "")}…`;
};
// Break after spaces, and within names after _ / , : and a closing bracket, and before a dot behind three letters.
const pieces = (words) => words.split(/(?<=\s)|(?<=[_/,:)])(?=[^\s)>.])|(?<=[\p{L}\p{N}]{3})(?=\.[\p{L}\p{N}])/u);
const broken = (piece, width, weight) => {
  const parts = [""];
  letters(piece).forEach((letter) => {
    if (parts.at(-1) && widthOf(parts.at(-1) + letter, weight) > width) parts.push("");
    parts[parts.length - 1] += letter;
  });
  return parts;
};
const fittings = new Map();
const wrapped = (words, width, most, weight = 400) => {
  const key = `${weight} ${Math.round(width)} ${most} ${words}`;
  if (fittings.has(key)) return fittings.get(key);
  const lines = [""];
  const add = (piece) => {
    if (lines.at(-1) && widthOf((lines.at(-1) + piece).trimEnd(), weight) > width) lines.push("");
    if (widthOf(piece.trimEnd(), weight) <= STRETCH * width) lines[lines.length - 1] += piece;
    else broken(piece, width, weight).forEach((part, index) => { if (index) lines.push(part); else lines[lines.length - 1] += part; });
  };
  pieces(words).forEach(add);
  const shown = lines.slice(0, most).map((line) => line.trimEnd());
  if (lines.length > most) shown[most - 1] = shortened(`${shown[most - 1]}…`, width, weight);
  const fitting = shown.join("\n");
  fittings.set(key, fitting);
  return fitting;
};

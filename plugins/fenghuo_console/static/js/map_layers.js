// @ts-check
// Official boundaries that the centre has imported: taken page by page, drawn in place of our schematic, and said whose they are.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";

/** @typedef {import("./app.js").App} App @typedef {import("./map.js").Area} Area @typedef {import("./map_drawn.js").Shape} Shape */
/** @typedef {{name: string, source: string, date: string, approval: string, digest: string}} Layer */
/** @typedef {Shape & {name: string, layer: string}} Official */

const NAMED = 6;
// More pages than a layer of the most corners has: an answer that never ends is none.
const MOST_PAGES = 100;

/** The shapes that count, once they are all there; asked for anew when a layer is another. @param {App} app @param {Layer[]} layers @returns {Official[]} */
export function useOfficial(app, layers) {
  const [found, setFound] = useState(/** @type {Official[]} */ ([]));
  const turn = useRef(0);
  const live = app.link.value.state === "live";
  const stamp = layers.map((one) => `${one.name} ${one.digest}`).join("|");
  useEffect(() => {
    turn.current += 1;
    const mine = turn.current;
    if (!live) return;
    void pages(app, layers.length > 0).then((shapes) => { if (mine === turn.current) setFound(shapes); }, () => undefined);
  }, [stamp, live]);
  return found;
}

/** @param {App} app @param {boolean} isAny @returns {Promise<Official[]>} */
async function pages(app, isAny) {
  const shapes = [];
  for (let after = "", page = 0; isAny && page < MOST_PAGES && (page === 0 || after); page += 1) {
    const answer = await app.ask("layer.show", { after });
    shapes.push(...answer.shapes);
    after = answer.next;
  }
  return shapes;
}

/** Shapes by code; an area that is in both lists by both of its codes. @param {Official[]} official @param {Area|null} area @returns {Map<string, Official>} */
export function byCode(official, area) {
  const shapes = new Map(official.map((one) => [one.area, one]));
  const pairs = area ? [...area.towns.map((town) => [town.ref, town.same_as]), area.refs] : [];
  for (const [one, other] of pairs) {
    const [here, there] = [shapes.get(one), shapes.get(other)];
    if (one && here && !there && other) shapes.set(other, here);
    if (other && there && !here) shapes.set(one, there);
  }
  return shapes;
}

/** Whether nothing of the schematic is left: the county is covered, and every town of one of the lists. @param {Area} area @param {Map<string, Official>} shapes */
export function isWhole(area, shapes) {
  const codes = Object.keys(area.cells);
  return area.refs.some((ref) => shapes.has(ref)) && ["mca:", "nbs:"].some((list) => codes.filter((code) => code.startsWith(list)).every((code) => shapes.has(code)));
}

/** @param {Official[]} official @returns {import("./map.js").Drawn[]} */
export function linesOf(official) {
  return official.flatMap((one) => one.polygons.map((rings, place) => ({ key: `${one.layer} ${one.area} ${place}`, rings, className: "official", hatch: "", label: "", id: "" })));
}

/** What is a schematic, and whose the rest is. @param {{app: App, area: Area|null, layers: Layer[], official: Official[], shapes: Map<string, Official>}} props */
export function Disclaimer({ app, area, layers, official, shapes }) {
  const drawn = layers.filter((layer) => official.some((one) => one.layer === layer.name));
  return html`${area && isWhole(area, shapes) ? null : html`<p class="disclaimer">${app.t(drawn.length ? "map.schematic_rest" : "map.schematic")}</p>`}
    ${drawn.length ? html`<ul class="sources" aria-label=${app.t("map.sources")}>${drawn.map((layer) => html`<li key=${layer.name}>${app.t("map.source", { names: namesOf(app, official.filter((one) => one.layer === layer.name)), whose: creditOf(layer) })}</li>`)}</ul>` : null}`;
}

/** @param {App} app @param {Official[]} official */
function namesOf(app, official) {
  const names = official.map((one) => one.name);
  const first = names.slice(0, NAMED).join(app.t("map.comma"));
  return names.length > NAMED ? app.t("map.and_more", { first, n: names.length }) : first;
}

/** Whose lines, of which day, and the review number. @param {Layer} layer */
export function creditOf(layer) {
  return [layer.source, layer.date, layer.approval].filter(Boolean).join(" ");
}

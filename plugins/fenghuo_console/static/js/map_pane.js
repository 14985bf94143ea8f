// @ts-check
// The map on the watch screen, with the same as a list for whoever cannot see or use a map.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { pick } from "./alarm_parts.js";
import { lang, named } from "./i18n.js";
import { AreaMap } from "./map.js";
import { marksOf, townOf, towns as known } from "./marks.js";

/** @typedef {import("./app.js").App} App */

/** @param {{app: App, bare?: boolean}} props `bare`: for the wall, without the list */
export function MapPane({ app, bare = false }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const drawn = useRef(/** @type {AreaMap|null} */ (null));
  const [area, setArea] = useState(/** @type {import("./map.js").Area|null} */ (null));
  const [seen, setSeen] = useState(/** @type {Set<string>} */ (new Set()));
  const towns = area?.towns ?? [];
  const marks = marksOf(towns, [...app.state.alarm.value.values()], [...app.state.mode.value.values()]);
  const chosen = chosenTown(app, towns);
  const choose = (/** @type {string} */ ref) => {
    const first = marks.find((mark) => mark.ref === ref)?.alarms[0];
    if (first) pick(app, first.id);
    else app.selected.value = { topic: "area", id: ref };
  };
  const act = useRef(choose);
  act.current = choose;
  useEffect(() => { void fetch("/map/area.json").then((answer) => answer.json()).then((given) => { known.value = given.towns; setArea(given); }); }, []);
  useEffect(() => {
    if (!area || !box.current) return undefined;
    const words = { zoomIn: app.t("map.zoom_in"), zoomOut: app.t("map.zoom_out"), credit: app.t("map.credit") };
    const map = new AreaMap(box.current, area, words, { pick: (ref) => act.current(ref), moved: () => setSeen(map.inView()) });
    drawn.current = map;
    setSeen(map.inView());
    return () => { drawn.current = null; map.remove(); };
  }, [area, lang.value]);
  useEffect(() => { drawn.current?.show(marks.map((mark) => ({ ...mark, label: labelOf(app, mark) })), chosen); });
  useEffect(() => app.keys.bind([{ id: "map", code: "KeyM", title: "map.focus", run: () => drawn.current?.focus() }]), []);
  const inView = towns.filter((town) => seen.has(town.ref));
  return html`<section class="mapped" aria-labelledby="map-title"><h2 id="map-title">${app.t("map.title")}</h2>
    <p class="disclaimer">${app.t("map.schematic")}</p>
    <div class="map" ref=${box} role="region" aria-label=${app.t("map.region")}></div>
    ${bare ? null : html`<h3>${app.t("map.in_view", { n: inView.length })}</h3>
    <ul class="in-view">${inView.map((town) => html`<li key=${town.ref}><button type="button" aria-pressed=${chosen === town.ref ? "true" : "false"} onClick=${() => choose(town.ref)}>
      ${town.name} ${labelOf(app, marks.find((mark) => mark.ref === town.ref))}</button></li>`)}</ul>`}
  </section>`;
}

/** @param {App} app @param {import("./map.js").Town[]} towns */
function chosenTown(app, towns) {
  const selected = app.selected.value;
  if (selected?.topic === "area") return selected.id;
  const alarm = selected?.topic === "alarm" ? app.state.alarm.value.get(`alarm/${selected.id}`) : undefined;
  return (alarm && townOf(alarm, towns)?.ref) ?? "";
}

/** @param {App} app @param {any} mark */
function labelOf(app, mark) {
  if (!mark) return "";
  const modes = mark.stands.map((/** @type {any} */ stand) => named(`mode.${stand.axis}`, stand.mode));
  const worst = { high: "HIGH", medium: "MEDIUM", low: "LOW" }[/** @type {"high"} */ (mark.level)];
  const alarms = mark.alarms.length ? [`${app.t(`alarm.priority.${worst}`)} ${mark.alarms.length}`] : [];
  return [...alarms, ...modes].join(" ");
}

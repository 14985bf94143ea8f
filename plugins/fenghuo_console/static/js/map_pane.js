// @ts-check
// The map on the watch screen and the wall, with the same as lists for whoever cannot see or use a map.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { useAsk } from "../screens/asking.js";
import { pick } from "./alarm_parts.js";
import { lang, named } from "./i18n.js";
import { AreaMap } from "./map.js";
import { AlertList, drawnOf, Legend, told } from "./map_alerts.js";
import { placedOf } from "./map_drawn.js";
import { byCode, creditOf, Disclaimer, linesOf, useOfficial } from "./map_layers.js";
import { marksOf, shapeOf, townOf, towns as known } from "./marks.js";

/** @typedef {import("./app.js").App} App */

// What expires does so without anybody saying anything; what changes is asked for no more often than anybody looks.
const ASK_EVERY_MS = 30_000;
const REST_MS = 2_000;
const NOTHING = { alerts: [], left_out: 0, places: [], layers: [] };

/** @param {{app: App, bare?: boolean}} props `bare`: for the wall, without the lists */
export function MapPane({ app, bare = false }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const drawn = useRef(/** @type {AreaMap|null} */ (null));
  const [area, setArea] = useState(/** @type {import("./map.js").Area|null} */ (null));
  const [seen, setSeen] = useState(/** @type {Set<string>} */ (new Set()));
  const [groundless, setGroundless] = useState("");
  const asked = useMapped(app);
  const found = asked.data ?? NOTHING;
  const towns = area?.towns ?? [];
  const official = useOfficial(app, found.layers);
  const shapes = useMemo(() => byCode(official, area), [area, official]);
  const placed = useMemo(() => (area ? found.alerts.map((/** @type {any} */ alert) => placedOf(alert, area, shapes)) : []), [area, found, shapes]);
  const marks = marksOf(towns, [...app.state.alarm.value.values()], [...app.state.mode.value.values()], placed, found.places);
  const chosen = chosenTown(app, towns);
  const opened = app.selected.value?.topic === "message" ? app.selected.value.id : "";
  const choose = (/** @type {string} */ ref) => {
    const first = marks.find((mark) => mark.ref === ref)?.alarms[0];
    if (first) pick(app, first.id);
    else app.selected.value = { topic: "area", id: ref };
  };
  const open = (/** @type {string} */ id) => { app.selected.value = { topic: "message", id }; };
  const act = useRef({ choose, open });
  act.current = { choose, open };
  useEffect(() => { void fetch("/map/area.json").then((answer) => answer.json()).then((given) => { known.value = given.towns; setArea(given); }); }, []);
  useEffect(() => {
    if (!area || !box.current) return undefined;
    const words = { zoomIn: app.t("map.zoom_in"), zoomOut: app.t("map.zoom_out"), credit: app.t("map.credit") };
    const map = new AreaMap(box.current, area, words, { pick: (ref) => act.current.choose(ref), open: (id) => act.current.open(id), moved: () => setSeen(map.inView()) });
    drawn.current = map;
    void fetch("/tiles/info.json").then((answer) => answer.json()).then((info) => { setGroundless(info.fault); if (drawn.current === map) map.ground(info); }, () => undefined);
    setSeen(map.inView());
    return () => { drawn.current = null; map.remove(); };
  }, [area, lang.value]);
  useEffect(() => { drawn.current?.show(marks.map((mark) => ({ ...mark, label: labelOf(app, mark), ways: shapeOf(mark) })), chosen); });
  useEffect(() => { drawn.current?.draw([...drawnOf(app, placed), ...linesOf(official)], opened); }, [area, lang.value, placed, official, opened]);
  useEffect(() => {
    drawn.current?.replaceOutline(area !== null && area.refs.some((ref) => shapes.has(ref)));
    drawn.current?.credits(found.layers.filter((/** @type {any} */ layer) => official.some((one) => one.layer === layer.name)).map(creditOf));
  }, [area, lang.value, shapes]);
  useEffect(() => app.keys.bind([{ id: "map", code: "KeyM", title: "map.focus", run: () => drawn.current?.focus() }]), []);
  // A hundred alerts are not gone through for each alarm that changes.
  const list = useMemo(() => html`<${AlertList} app=${app} placed=${placed} leftOut=${found.left_out} opened=${opened} onOpen=${(/** @type {string} */ id) => act.current.open(id)} />`, [placed, opened, lang.value]);
  const legend = useMemo(() => html`<${Legend} app=${app} alerts=${found.alerts} />`, [found, lang.value]);
  const inView = towns.filter((town) => seen.has(town.ref));
  return html`<section class="mapped" aria-labelledby="map-title"><h2 id="map-title">${app.t("map.title")}</h2>
    <${Disclaimer} app=${app} area=${area} layers=${found.layers} official=${official} shapes=${shapes} />
    <div class="map" ref=${box} role="region" aria-label=${app.t("map.region")}></div>
    ${asked.err ? html`<p class="warn" role="status">${app.t("map.not_new", { why: told(asked) })}</p>` : null}
    ${groundless ? html`<p class="warn">${app.t("map.groundless")} <small lang="en">${groundless}</small></p>` : null}
    ${legend}
    ${bare ? null : html`${list}
    <h3>${app.t("map.in_view", { n: inView.length })}</h3>
    <ul class="in-view">${inView.map((town) => html`<li key=${town.ref}><button type="button" aria-pressed=${chosen === town.ref ? "true" : "false"} onClick=${() => choose(town.ref)}>
      ${town.name}${town.is_seat ? "" : "*"} ${spokenOf(app, marks.find((mark) => mark.ref === town.ref))}</button></li>`)}</ul>`}
  </section>`;
}

/** What there is to draw, asked anew when a message or a channel has changed, and now and then. @param {App} app */
function useMapped(app) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((was) => was + 1), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const [messages, channels] = [app.state.message.value, app.state.channel.value];
  return useAsk(app, "map.show", {}, { on: useMemo(() => ({}), [messages, channels, turn]), restMs: REST_MS });
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
  const alerts = mark.alerts ? [app.t("map.alerts_here", { n: mark.alerts })] : [];
  return [...alarms, ...alerts, ...modes].join(" ");
}

/** As the map has it, with the shape in words. @param {App} app @param {any} mark */
function spokenOf(app, mark) {
  const channels = mark?.channels;
  const total = channels ? channels.up + channels.doubtful + channels.down + channels.off : 0;
  return [labelOf(app, mark), total ? `${shapeOf(mark)} ${app.t("map.channels_here", { up: channels.up, all: total })}` : ""].filter(Boolean).join(" ");
}

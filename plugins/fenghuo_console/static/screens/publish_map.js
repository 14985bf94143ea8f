// @ts-check
// The corners of a polygon, taken from the map by clicks; the field beside it takes the same by keyboard.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import * as L from "../vendor/leaflet.js";
import { AreaMap } from "../js/map.js";
import { lang, t } from "../js/i18n.js";

/** @param {{app: import("../js/app.js").App, polygons: string[], drawn: string, onPoint: (point: string) => void}} props */
export function PolygonMap({ app, polygons, drawn, onPoint }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const held = useRef(/** @type {AreaMap|null} */ (null));
  const layers = useRef(/** @type {any[]} */ ([]));
  const [area, setArea] = useState(/** @type {any} */ (null));
  const act = useRef(onPoint);
  act.current = onPoint;
  useEffect(() => { void fetch("/map/area.json").then((answer) => answer.json()).then(setArea); }, []);
  useEffect(() => {
    if (!area || !box.current) return undefined;
    const words = { zoomIn: app.t("map.zoom_in"), zoomOut: app.t("map.zoom_out"), credit: app.t("map.credit") };
    const map = new AreaMap(box.current, area, words, { pick: () => {}, moved: () => {} });
    map.map.on("click", (/** @type {any} */ event) => act.current(`${event.latlng.lat.toFixed(5)},${event.latlng.lng.toFixed(5)}`));
    held.current = map;
    return () => { held.current = null; map.remove(); };
  }, [area, lang.value]);
  useEffect(() => {
    if (!held.current) return;
    for (const layer of layers.current) layer.remove();
    layers.current = [...polygons, drawn].map(pointsOf).filter((points) => points.length > 1).map((points) => L.polygon(points, { className: "drawn", interactive: false }).addTo(/** @type {AreaMap} */ (held.current).map));
  }, [area, polygons.join("|"), drawn]);
  return html`<p class="disclaimer">${t("map.schematic")}</p><div class="map small" ref=${box} role="region" aria-label=${t("publish.area.map_region")}></div>`;
}

/** @param {string} text @returns {[number, number][]} */
function pointsOf(text) {
  const pairs = text.trim().split(/\s+/).map((pair) => pair.split(",").map(Number));
  return /** @type {[number, number][]} */ (pairs.filter((pair) => pair.length === 2 && pair.every(Number.isFinite)));
}

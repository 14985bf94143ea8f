// @ts-check
// The map: Leaflet behind one door. Text goes in as text nodes, and nothing is fetched from anywhere but this daemon.
import * as L from "../vendor/leaflet.js";

/**
 * @typedef {[number, number]} Point longitude, latitude, WGS 84
 * @typedef {{ref: string, same_as: string, name: string, lat: number, lon: number, is_seat: boolean}} Town `is_seat`: where it is; else only drawn somewhere
 * @typedef {{name: string, refs: string[], outline: Point[], towns: Town[], cells: Record<string, Point[]>}} Area our own drawing: the outline, and the ground of each code
 * @typedef {{ref: string, label: string, level: ""|"low"|"medium"|"high", ways: string}} Mark what is to be said at a town; `ways`: the shape of its channels
 * @typedef {{key: string, rings: Point[][], className: string, hatch: string, label: string, id: string}} Drawn one shape; `hatch`: name of a pattern, "" for none; `id` of its alert
 */

const CANVAS_OVER = 1000;
const PAD = 0.15;
const SVG = "http://www.w3.org/2000/svg";
/** Name of each pattern of slanted lines. */
export const HATCHES = ["extreme", "severe", "moderate", "minor", "unknown"];

export class AreaMap {
  /** @param {HTMLElement} box @param {Area} area @param {{zoomIn: string, zoomOut: string, credit: string}} words @param {{pick: (ref: string) => void, moved: () => void, open?: (id: string) => void}} acts */
  constructor(box, area, words, acts) {
    this.area = area;
    this.acts = acts;
    const corners = L.latLngBounds(area.outline.map(([lon, lat]) => [lat, lon]));
    this.map = L.map(box, {
      // Leaflet's own answer to a resize comes late, and then after the map has gone.
      trackResize: false, zoomControl: false, attributionControl: false, preferCanvas: area.towns.length > CANVAS_OVER,
      zoomSnap: 0.25, maxBounds: corners.pad(1), fadeAnimation: false, zoomAnimation: false, markerZoomAnimation: false, inertia: false,
    });
    L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(this.map);
    this.credit = L.control.attribution({ prefix: false }).addTo(this.map);
    this.credit.addAttribution(words.credit);
    /** @type {string[]} */
    this.credited = [];
    this.outline = L.polygon(area.outline.map(([lon, lat]) => [lat, lon]), { className: "outline", interactive: false }).addTo(this.map);
    /** @type {Map<string, {icon: HTMLElement, site: HTMLElement, text: Text, marker: any}>} */
    this.towns = new Map(area.towns.map((town) => [town.ref, this.put(town)]));
    /** @type {Map<string, {said: string, shape: any}>} */
    this.shapes = new Map();
    this.map.fitBounds(corners.pad(PAD / 4));
    hatch(box);
    this.map.on("moveend", () => acts.moved());
    this.sized = new ResizeObserver(() => this.map.invalidateSize({ animate: false }));
    this.sized.observe(box);
  }

  /** @param {Town} town */
  put(town) {
    const [icon, site, text] = [document.createElement("span"), document.createElement("span"), document.createTextNode(town.name)];
    site.className = "site";
    site.setAttribute("aria-hidden", "true");
    icon.append(site, text);
    const marker = L.marker([town.lat, town.lon], { icon: L.divIcon({ html: icon, className: town.is_seat ? "town" : "town set-by-hand", iconSize: [88, 28], iconAnchor: [10, 14] }), keyboard: true });
    marker.on("click keypress", (/** @type {any} */ event) => { if (event.type === "click" || event.originalEvent?.key === "Enter") this.acts.pick(town.ref); });
    marker.addTo(this.map);
    return { icon, site, text, marker };
  }

  /** Say at each town what there is to be said. @param {Mark[]} marks @param {string} chosen ref of the chosen town, "" for none */
  show(marks, chosen) {
    const at = new Map(marks.map((mark) => [mark.ref, mark]));
    for (const town of this.area.towns) {
      const { icon, site, text, marker } = /** @type {any} */ (this.towns.get(town.ref));
      const mark = at.get(town.ref);
      const said = [`${town.name}${town.is_seat ? "" : "*"}`, mark?.label].filter(Boolean).join(" ");
      if (text.data !== said) text.data = said;
      if (site.textContent !== (mark?.ways ?? "")) site.textContent = mark?.ways ?? "";
      icon.className = mark?.level ?? "";
      marker.getElement().classList.toggle("chosen", town.ref === chosen);
      marker.getElement().setAttribute("aria-pressed", String(town.ref === chosen));
    }
  }

  /** Draw these shapes and no others, the first on top; one that has not changed is left alone. @param {Drawn[]} drawn @param {string} chosen id of the chosen alert */
  draw(drawn, chosen) {
    const wanted = new Map(drawn.map((one) => [one.key, one]));
    for (const [key, held] of this.shapes) {
      const one = wanted.get(key);
      if (!one || held.said !== JSON.stringify(one)) { held.shape.remove(); this.shapes.delete(key); }
    }
    for (const one of [...drawn].reverse()) {
      const held = this.shapes.get(one.key) ?? this.lay(one);
      held.shape.getElement()?.classList.toggle("chosen", one.id !== "" && one.id === chosen);
      if (one.id) held.shape.bringToFront();
    }
  }

  /** @param {Drawn} one */
  lay(one) {
    const shape = L.polygon(one.rings.map((ring) => ring.map(([lon, lat]) => [lat, lon])), {
      className: one.className, interactive: one.id !== "", ...(one.hatch ? { fillColor: `url(#hatch-${one.hatch})`, fillOpacity: 1 } : {}),
    }).addTo(this.map);
    if (one.id) shape.on("click", () => this.acts.open?.(one.id));
    const path = shape.getElement();
    if (path && one.label) {
      const title = document.createElementNS(SVG, "title");
      title.append(one.label);
      path.append(title);
    }
    const held = { said: JSON.stringify(one), shape };
    this.shapes.set(one.key, held);
    return held;
  }

  /** Where the official line stands, ours is not drawn beside it. @param {boolean} isOfficial */
  replaceOutline(isOfficial) {
    this.outline.getElement()?.classList.toggle("replaced", isOfficial);
  }

  /** Lay a base map of this machine under everything, if there is one. @param {{shallowest: number, deepest: number, credit: string}} info */
  ground(info) {
    if (info.deepest < 0) return;
    L.tileLayer("/tiles/{z}/{x}/{y}.png", { minNativeZoom: info.shallowest, maxNativeZoom: info.deepest, maxZoom: 22, noWrap: true }).addTo(this.map);
    this.credit.addAttribution(plain(info.credit));
    this.map.getContainer().classList.add("tiled");
  }

  /** Whose lines are drawn beside ours, in the corner. @param {string[]} said */
  credits(said) {
    for (const text of this.credited) this.credit.removeAttribution(text);
    this.credited = said.map(plain);
    for (const text of this.credited) this.credit.addAttribution(text);
  }

  /** Refs of the towns that can be seen. @returns {Set<string>} */
  inView() {
    const bounds = this.map.getBounds();
    return new Set(this.area.towns.filter((town) => bounds.contains([town.lat, town.lon])).map((town) => town.ref));
  }

  /** Give the keyboard to the map. */
  focus() {
    this.map.getContainer().focus();
  }

  remove() {
    this.sized.disconnect();
    this.map.off("moveend");
    this.map.remove();
  }
}

// The library takes HTML for what stands in the corner, and these are words of people.
/** @param {string} text */
function plain(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Patterns of slanted lines, one for each severity, in the map's own picture. @param {HTMLElement} box */
function hatch(box) {
  const picture = box.querySelector("svg.leaflet-zoom-animated, .leaflet-overlay-pane svg");
  if (!picture) return;
  const defs = document.createElementNS(SVG, "defs");
  for (const name of HATCHES) {
    const [pattern, line] = [document.createElementNS(SVG, "pattern"), document.createElementNS(SVG, "path")];
    for (const [key, value] of Object.entries({ id: `hatch-${name}`, width: "8", height: "8", patternUnits: "userSpaceOnUse" })) pattern.setAttribute(key, value);
    line.setAttribute("d", "M-2,2l4,-4M0,8l8,-8M6,10l4,-4");
    line.setAttribute("class", `hatch ${name}`);
    pattern.append(line);
    defs.append(pattern);
  }
  picture.prepend(defs);
}

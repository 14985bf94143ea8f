// @ts-check
// The map: Leaflet behind one door. Text goes in as text nodes, and nothing is fetched from anywhere but this daemon.
import * as L from "../vendor/leaflet.js";

/**
 * @typedef {{ref: string, same_as: string, name: string, lat: number, lon: number}} Town
 * @typedef {{name: string, outline: [number, number][], towns: Town[]}} Area outline: our own drawing, lon and lat, WGS 84
 * @typedef {{ref: string, label: string, level: ""|"low"|"medium"|"high"}} Mark what is to be said at a town
 */

const CANVAS_OVER = 1000;
const PAD = 0.15;

export class AreaMap {
  /** @param {HTMLElement} box @param {Area} area @param {{zoomIn: string, zoomOut: string, credit: string}} words @param {{pick: (ref: string) => void, moved: () => void}} acts */
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
    L.polygon(area.outline.map(([lon, lat]) => [lat, lon]), { className: "outline", interactive: false }).addTo(this.map);
    /** @type {Map<string, {icon: HTMLElement, marker: any}>} */
    this.towns = new Map(area.towns.map((town) => [town.ref, this.put(town)]));
    this.map.fitBounds(corners.pad(PAD / 4));
    this.map.on("moveend", () => acts.moved());
    this.sized = new ResizeObserver(() => this.map.invalidateSize({ animate: false }));
    this.sized.observe(box);
  }

  /** @param {Town} town */
  put(town) {
    const icon = document.createElement("span");
    icon.append(town.name);
    const marker = L.marker([town.lat, town.lon], { icon: L.divIcon({ html: icon, className: "town", iconSize: [88, 28], iconAnchor: [10, 14] }), keyboard: true });
    marker.on("click keypress", (/** @type {any} */ event) => { if (event.type === "click" || event.originalEvent?.key === "Enter") this.acts.pick(town.ref); });
    marker.addTo(this.map);
    return { icon, marker };
  }

  /** Say at each town what there is to be said. @param {Mark[]} marks @param {string} chosen ref of the chosen town, "" for none */
  show(marks, chosen) {
    const at = new Map(marks.map((mark) => [mark.ref, mark]));
    for (const town of this.area.towns) {
      const { icon, marker } = /** @type {any} */ (this.towns.get(town.ref));
      const mark = at.get(town.ref);
      const text = mark?.label ? `${town.name} ${mark.label}` : town.name;
      if (icon.textContent !== text) icon.textContent = text;
      icon.className = mark?.level ?? "";
      marker.getElement().classList.toggle("chosen", town.ref === chosen);
      marker.getElement().setAttribute("aria-pressed", String(town.ref === chosen));
    }
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

// @ts-check
// Which areas a draft is for: by code, never without its system, and by polygon.
import { html, useState } from "../vendor/ui.js";
import { t } from "../js/i18n.js";
import { Field } from "../js/parts.js";
import { Asking, useAsk } from "./asking.js";
import { ring } from "./cap.js";
import { PolygonMap } from "./publish_map.js";

const SHOWN = 60;

/** An area as it is always shown: name, system and code, and the code of the same area in the other list. @param {{area: any}} props */
export function AreaName({ area }) {
  const other = area.other ? html` <span class="quiet">= ${area.other}</span>` : null;
  return html`<span>${area.name} <code>${area.area}</code>${other}</span>`;
}

/**
 * @param {{app: import("../js/app.js").App, chosen: import("./cap.js").Chosen[], polygons: string[],
 *   onChange: (change: {areas?: import("./cap.js").Chosen[], polygons?: string[]}) => void}} props
 */
export function Areas({ app, chosen, polygons, onChange }) {
  const [words, setWords] = useState("");
  const [drawn, setDrawn] = useState("");
  const asked = useAsk(app, "area.ls", words ? { words } : { level: "town" });
  const found = (asked.data ?? []).slice(0, SHOWN);
  const isChosen = (/** @type {any} */ area) => chosen.some((one) => one.area === area.area || one.area === area.other);
  const add = (/** @type {any} */ area) => onChange({ areas: [...chosen, { area: area.area, system: area.system, code: area.code, name: area.name }] });
  const polygon = ring(drawn);
  return html`<fieldset class="areas"><legend>${t("publish.area.title")}</legend>
    <ul class="chips" aria-label=${t("publish.area.chosen")}>
      ${chosen.map((one) => html`<li key=${one.area}><${AreaName} area=${one} />
        <button type="button" aria-label=${t("publish.area.remove", { name: one.name, area: one.area })} onClick=${() => onChange({ areas: chosen.filter((other) => other !== one) })}>×</button></li>`)}
      ${polygons.map((one, index) => html`<li key=${`${index} ${one}`}><span>${t("publish.area.polygon", { n: one.split(" ").length })}</span>
        <button type="button" aria-label=${t("publish.area.remove_polygon", { n: index + 1 })} onClick=${() => onChange({ polygons: polygons.filter((_, other) => other !== index) })}>×</button></li>`)}
      ${chosen.length || polygons.length ? null : html`<li class="quiet">${t("publish.area.none")}</li>`}
    </ul>
    <${Field} label=${t("publish.area.search")} hint=${t("publish.area.search_hint")} value=${words} onInput=${(/** @type {any} */ event) => setWords(event.target.value.trim())} />
    ${asked.data ? null : html`<${Asking} asked=${asked} app=${app} t=${t} />`}
    <ul class="found" aria-label=${t("publish.area.found")}>
      ${found.filter((/** @type {any} */ area) => !isChosen(area)).map((/** @type {any} */ area) => html`<li key=${area.area}>
        <button type="button" onClick=${() => add(area)}><span aria-hidden="true">+</span> <${AreaName} area=${area} /></button></li>`)}
    </ul>
    <${Field} as="textarea" rows="3" label=${t("publish.area.draw")} hint=${t("publish.area.draw_hint")} value=${drawn} onInput=${(/** @type {any} */ event) => setDrawn(event.target.value)} />
    <${PolygonMap} app=${app} polygons=${polygons} drawn=${drawn} onPoint=${(/** @type {string} */ point) => setDrawn((was) => `${was} ${point}`.trim())} />
    <p class="row"><button type="button" disabled=${!polygon} onClick=${() => { onChange({ polygons: [...polygons, polygon] }); setDrawn(""); }}>${t("publish.area.add_polygon")}</button></p>
  </fieldset>`;
}

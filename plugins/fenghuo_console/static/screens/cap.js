// @ts-check
// An alert as a form holds it, and as CAP 1.2. The page makes text and nothing else of it: the daemon judges what it gets.
const CAP = "urn:oasis:names:tc:emergency:cap:1.2";

/**
 * @typedef {{area: string, system: string, code: string, name: string}} Chosen
 * @typedef {{event: string, category: string, headline: string, description: string, instruction: string, response: string,
 *   urgency: string, severity: string, certainty: string, colour: string, grade: string, level: string, lastsH: string,
 *   issuer: string, contact: string, correction: string, areas: Chosen[], polygons: string[], traffic: string}} Draft
 *   `colour`: 预警级别, `grade`: 事件分级, `level`: 响应级别: three things, never made of one another; `polygons`: "lat,lon lat,lon …".
 */

/** @type {Draft} */
export const EMPTY = {
  event: "", category: "Safety", headline: "", description: "", instruction: "", response: "", urgency: "Immediate", severity: "Severe",
  certainty: "Likely", colour: "", grade: "", level: "", lastsH: "6", issuer: "", contact: "", correction: "", areas: [], polygons: [], traffic: "Actual",
};
/** What may be chosen; a meteorological signal is not there, for it is its issuer's and is relayed. */
export const CATEGORIES = ["Safety", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Geo", "Other"];
export const URGENCIES = ["Immediate", "Expected", "Future", "Past", "Unknown"];
export const SEVERITIES = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"];
export const CERTAINTIES = ["Observed", "Likely", "Possible", "Unlikely", "Unknown"];
export const RESPONSES = ["Evacuate", "Shelter", "Prepare", "Avoid", "Execute", "Monitor", "AllClear", "None"];
export const COLOURS = ["Red", "Orange", "Yellow", "Blue"];
export const GRADES = ["1", "2", "3", "4"];

/** A polygon as CAP has it, closed; "" where it is none. @param {string} text points as "lat,lon", by spaces or lines */
export function ring(text) {
  const points = text.trim().split(/\s+/).filter(Boolean);
  const isSound = points.length >= 3 && points.every((point) => /^-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?$/.test(point));
  if (!isSound) return "";
  return (points[0] === points.at(-1) ? points : [...points, points[0]]).join(" ");
}

/** What is missing before it can be shown to anybody: keys of the catalogue. @param {Draft} draft */
export function missing(draft) {
  const lacks = [];
  if (!draft.event.trim()) lacks.push("publish.lacks.event");
  if (!draft.headline.trim()) lacks.push("publish.lacks.headline");
  if (!draft.description.trim()) lacks.push("publish.lacks.description");
  if (!draft.response) lacks.push("publish.lacks.response");
  if (!draft.issuer.trim()) lacks.push("publish.lacks.issuer");
  if (!(Number(draft.lastsH) > 0 && Number(draft.lastsH) <= 72)) lacks.push("publish.lacks.lasts");
  if (!draft.areas.length && !draft.polygons.length) lacks.push("publish.lacks.area");
  if (draft.polygons.some((polygon) => !ring(polygon))) lacks.push("publish.lacks.polygon");
  if (!draft.correction.trim()) lacks.push("publish.lacks.correction");
  return lacks;
}

/**
 * The document. `nowMs`: server time; the same draft, moment and identifier give the same text.
 * @param {Draft} draft @param {{nowMs: number, sender: string, identifier: string, reference?: string}} given
 */
export function capOf(draft, { nowMs, sender, identifier, reference = "" }) {
  const doc = document.implementation.createDocument(CAP, "alert", null);
  const add = (/** @type {Element} */ to, /** @type {string} */ name, /** @type {string} */ text) => {
    const made = doc.createElementNS(CAP, name);
    made.textContent = text;
    to.append(made);
    return made;
  };
  const pair = (/** @type {Element} */ to, /** @type {string} */ tag, /** @type {string} */ name, /** @type {string} */ value) => {
    if (!value) return;
    const made = add(to, tag, "");
    add(made, "valueName", name);
    add(made, "value", value);
  };
  const root = doc.documentElement;
  add(root, "identifier", identifier);
  add(root, "sender", sender);
  add(root, "sent", instant(nowMs));
  add(root, "status", draft.traffic === "Exercise" ? "Exercise" : "Actual");
  add(root, "msgType", reference ? "Update" : "Alert");
  add(root, "scope", "Public");
  if (reference) add(root, "references", reference);
  const info = add(root, "info", "");
  add(info, "language", "zh-CN");
  add(info, "category", draft.category);
  add(info, "event", draft.event.trim());
  add(info, "responseType", draft.response);
  add(info, "urgency", draft.urgency);
  add(info, "severity", draft.severity);
  add(info, "certainty", draft.certainty);
  add(info, "expires", instant(nowMs + Number(draft.lastsH) * 3_600_000));
  add(info, "senderName", draft.issuer.trim());
  add(info, "headline", draft.headline.trim());
  add(info, "description", draft.description.trim());
  if (draft.instruction.trim()) add(info, "instruction", draft.instruction.trim());
  if (draft.contact.trim()) add(info, "contact", draft.contact.trim());
  pair(info, "parameter", "colour", draft.colour);
  pair(info, "parameter", "fenghuo:event-grade", draft.grade);
  pair(info, "parameter", "fenghuo:response-level", draft.level);
  pair(info, "parameter", "fenghuo:correction", draft.correction.trim());
  for (const chosen of draft.areas) {
    const area = add(info, "area", "");
    add(area, "areaDesc", chosen.name);
    pair(area, "geocode", chosen.system, chosen.code);
  }
  for (const polygon of draft.polygons) {
    const area = add(info, "area", "");
    add(area, "areaDesc", draft.headline.trim());
    add(area, "polygon", ring(polygon));
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(doc)}`;
}

/** As CAP has it: with the zone, and seconds. @param {number} ms */
function instant(ms) {
  const local = new Date(Math.floor(ms / 1000) * 1000 + 8 * 3_600_000).toISOString().slice(0, 19);
  return `${local}+08:00`;
}

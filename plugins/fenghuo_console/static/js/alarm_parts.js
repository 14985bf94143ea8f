// @ts-check
// Pieces of the alarm list that the frame and the screens share.
import { html } from "../vendor/ui.js";
import { spanText } from "./i18n.js";

/** @typedef {import("./app.js").App} App */

/** How long there is to answer, on the server's clock. @param {{app: App, by?: string|null}} props */
export function Due({ app, by }) {
  app.second.value;
  if (!by) return null;
  const left = Date.parse(by) - app.now();
  return html`<span class=${`due ${left < 0 ? "over" : ""}`}>${left < 0 ? app.t("alarm.overdue", { span: spanText(-left) }) : spanText(left)}</span>`;
}

/** Choose an alarm, and show it. @param {App} app @param {number} id */
export function pick(app, id) {
  app.selected.value = { topic: "alarm", id: String(id) };
  if (app.place.value.id !== "watch") app.go("watch");
}

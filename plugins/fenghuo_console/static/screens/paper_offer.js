// @ts-check
// The board is printed while there is still power for a printer: offered on a battery that is to be saved, urged on one that is nearly empty.
import { html } from "../vendor/ui.js";
import { t } from "../js/i18n.js";

const URGED = ["battery_min", "last_gasp"];

/** How much the node's own power asks for paper: "", "offered" or "urged". @param {Map<string, any>} modes the topic */
export function paperAsked(modes) {
  const mode = modes.get("mode/power")?.mode ?? "";
  return URGED.includes(mode) ? "urged" : mode === "battery_save" ? "offered" : "";
}

/** @param {{app: import("../js/app.js").App}} props */
export function PaperOffer({ app }) {
  const asked = paperAsked(app.state.mode.value);
  if (!asked) return null;
  return html`<p class=${`bar ${asked === "urged" ? "bad" : "warn"}`} id="paper-offer">${asked === "urged" ? t("paper.urged") : t("paper.offered")} <a class="button" href="#paper">${t("paper.title")}</a></p>`;
}

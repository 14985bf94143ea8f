// @ts-check
// Not waiting: the next rung of an objective opens now, and the next person is asked. It says why, and stands in the audit.
import { html, useState } from "../vendor/ui.js";
import { t } from "./i18n.js";
import { Ask, sentence } from "./parts.js";

/** @param {{app: import("./app.js").App, id: number, rev?: number, recipient?: string, name: string, onClose: () => void}} props `rev`: when it was drawn; `recipient`: of this one alone, none: of all it has not reached */
export function Escalate({ app, id, rev, recipient = "", name, onClose }) {
  const [err, setErr] = useState(/** @type {any} */ (null));
  const urge = async (/** @type {string} */ reason) => {
    try {
      await app.cmd("queue.escalate", { id, recipient, reason }, rev === undefined ? {} : { ifRev: rev });
      app.say(t("endpoints.escalated", { name }));
      onClose();
    } catch (refusal) {
      setErr(refusal);
      app.say(sentence(/** @type {any} */ (refusal)), true);
    }
  };
  return html`<${Ask} title=${`${t("endpoints.escalate")}: ${name}`} label=${t("endpoints.reason")} act=${t("endpoints.escalate")} onDone=${urge} onClose=${onClose}>
    <p>${t("endpoints.escalate_says")}</p>${err ? html`<p class="refused" role="alert">${sentence(err)}</p>` : null}</${Ask}>`;
}

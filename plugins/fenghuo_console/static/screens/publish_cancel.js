// @ts-check
// To end an alert takes one person and two presses, on everything it used. What people read then was drafted with it.
import { html, useState } from "../vendor/ui.js";
import { named, t } from "../js/i18n.js";
import { Ask, Dialog, Field, sentence } from "../js/parts.js";
import { Refused, useAsk, useCommand } from "./asking.js";

/** @param {{app: import("../js/app.js").App, message: any}} props */
export function CancelButton({ app, message }) {
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const command = useCommand(app);
  const isHeld = message.state === "held" && message.revision === 1;
  const [act, keep] = isHeld ? [t("publish.cancel.confirm_held"), t("publish.cancel.keep_held")] : [t("publish.cancel.confirm"), t("publish.cancel.keep")];
  const end = (/** @type {Event} */ event) => {
    event.preventDefault();
    command.run("alert.cancel", { id: message.id, reason: reason.trim() }, (data) => { setOpen(false); app.say([t("publish.cancel.done", { headline: message.headline }), ...barredText(data)].join(" "), true); });
  };
  const mayStop = app.me !== null && app.me.rights.includes("operator");
  return html`<button type="button" class="danger" disabled=${!mayStop} onClick=${() => setOpen(true)}>${t("publish.cancel.act")}</button>
    ${isOpen ? html`<${Dialog} bare title=${t(isHeld ? "publish.cancel.title_held" : "publish.cancel.title", { headline: message.headline })} onClose=${() => setOpen(false)}><form onSubmit=${end}>
      ${isHeld ? html`<p>${t("publish.cancel.unsaid")}</p>` : html`<p>${t("publish.cancel.everywhere")}</p><${Words} app=${app} message=${message} />`}
      <${Refused} err=${command.err} />
      <p class="row"><button class="main danger" autofocus disabled=${command.isOut}>${act}</button> <button type="button" onClick=${() => setOpen(false)}>${keep}</button></p>
      <${Field} label=${t("publish.cancel.reason")} hint=${t("publish.cancel.reason_hint")} value=${reason} onInput=${(/** @type {any} */ event) => setReason(event.target.value)} />
    </form></${Dialog}>` : null}`;
}

/** Which of the channels that it used cannot carry the end now, and why. @param {{barred?: {channel: string, code: string, why: string}[]}} answer */
function barredText({ barred = [] }) {
  return barred.map((one) => t("publish.cancel.barred", { channel: one.channel, why: named("publish.cancel.barred_by", one.code) }));
}

/** What whoever was told hears then, word for word. @param {{app: import("../js/app.js").App, message: any}} props */
function Words({ app, message }) {
  const asked = useAsk(app, message.correction ? "" : "message.show", { id: message.id });
  const words = message.correction ?? asked.data?.correction;
  return html`<p>${t("publish.cancel.words")}</p><p class="said" lang="zh-CN">${words ? words.text : asked.err ? sentence(asked.err) : t("asking.wait")} ${words && !words.drafted ? html`<span class="quiet">${t("publish.review.standard_words")}</span>` : null}</p>`;
}

/** Other words than those that were signed with it: they wait for signatures again. @param {{app: import("../js/app.js").App, message: any}} props */
export function CorrectButton({ app, message }) {
  const [isOpen, setOpen] = useState(false);
  const command = useCommand(app);
  const correct = (/** @type {string} */ text) => command.run("alert.correct", { id: message.id, text }, () => { setOpen(false); app.say(t("publish.correct.done")); });
  return html`<button type="button" disabled=${!app.may("operator")} onClick=${() => { command.clear(); setOpen(true); }}>${t("publish.correct.act")}</button>
    ${isOpen ? html`<${Ask} title=${t("publish.correct.title", { headline: message.headline })} label=${t("publish.correct.text")} act=${t("publish.submit.act")} required onDone=${correct} onClose=${() => setOpen(false)}>
      <p>${t("publish.correct.says")}</p><${Refused} err=${command.err} /></${Ask}>` : null}`;
}

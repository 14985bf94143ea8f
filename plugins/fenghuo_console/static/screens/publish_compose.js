// @ts-check
// 拟稿: the form of a public alert of our own, and the relaying of somebody else's, which nobody here words anew.
import { html, useEffect, useState } from "../vendor/ui.js";
import { named, t } from "../js/i18n.js";
import { Dialog, Field } from "../js/parts.js";
import { Asking, base64Of, octetsOf, Refused, useAsk, useCommand } from "./asking.js";
import { CATEGORIES, CERTAINTIES, COLOURS, EMPTY, GRADES, RESPONSES, SEVERITIES, URGENCIES, capOf, missing } from "./cap.js";
import { Areas } from "./publish_areas.js";
import { Preview } from "./publish_preview.js";

const PLACE = "fenghuo.draft";

/** @param {string} traffic @returns {import("./cap.js").Draft} */
function kept(traffic) {
  try {
    return { ...EMPTY, ...JSON.parse(localStorage.getItem(`${PLACE}.${traffic}`) ?? "{}"), traffic };
  } catch {
    return { ...EMPTY, traffic };
  }
}

/** A random name of a document; the daemon gives the message its own. */
function fresh() {
  const octets = crypto.getRandomValues(new Uint8Array(8));
  return `console-${Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
}

/** A draft that is kept at the daemon, by whoever wrote on it. @param {{app: import("../js/app.js").App, id: string}} props */
export function Shared({ app, id }) {
  const asked = useAsk(app, "alert.drafts", { id });
  const draft = asked.data?.find((/** @type {any} */ one) => one.id === id);
  if (!draft) return html`<${Asking} asked=${asked} app=${app} t=${t} />`;
  if (draft.gone || draft.message) return html`<p class="quiet">${t("publish.draft.gone")}</p>`;
  return html`<${Compose} key=${`${draft.id} ${draft.revision}`} app=${app} from=${draft} />`;
}

/** @param {{app: import("../js/app.js").App, from?: any}} props `from`: a draft of the daemon's that is gone on with */
export function Compose({ app, from = null }) {
  const traffic = app.me?.traffic ?? "Actual";
  const [draft, setDraft] = useState(() => (from ? { ...EMPTY, ...from.fields, traffic } : kept(traffic)));
  const saving = useCommand(app);
  const [shown, setShown] = useState(/** @type {{raw: string, key: string}|null} */ (null));
  const [lacks, setLacks] = useState(/** @type {string[]} */ ([]));
  const [isRelay, setRelay] = useState(false);
  useEffect(() => { if (!from) localStorage.setItem(`${PLACE}.${traffic}`, JSON.stringify(draft)); }, [draft]);
  const change = (/** @type {Partial<import("./cap.js").Draft>} */ some) => { setDraft({ ...draft, ...some }); setShown(null); };
  const preview = (/** @type {Event} */ event) => {
    event.preventDefault();
    const wrong = missing(draft);
    setLacks(wrong);
    if (wrong.length) { app.say(wrong.map((key) => t(key)).join(" "), true); return; }
    const identifier = fresh();
    const xml = capOf({ ...draft, traffic }, { nowMs: app.now(), sender: app.me?.name ?? "console", identifier });
    setShown({ raw: octetsOf(xml), key: identifier });
  };
  const save = () => saving.run("alert.draft", { id: from?.id ?? "", revision: from?.revision ?? 0, fields: draft }, (data) => {
    if (!from) localStorage.removeItem(`${PLACE}.${traffic}`);
    app.say(t("publish.draft.saved"));
    app.go("publish", "draft", data.id, String(data.revision));
  });
  const done = () => { if (!from) localStorage.removeItem(`${PLACE}.${traffic}`); setDraft({ ...EMPTY, traffic }); };
  return html`<section aria-label=${t("publish.compose.title")}>
    <p class="row" role="group" aria-label=${t("publish.compose.kind")}>
      <button type="button" aria-pressed=${!isRelay} onClick=${() => { setRelay(false); setShown(null); }}>${t("publish.compose.own")}</button>
      <button type="button" aria-pressed=${isRelay} onClick=${() => { setRelay(true); setShown(null); }}>${t("publish.compose.relay")}</button></p>
    ${isRelay ? html`<${Relay} app=${app} onShown=${setShown} />` : html`<form class="compose" onSubmit=${preview} noValidate>
      <${What} draft=${draft} change=${change} />
      <${Levels} draft=${draft} change=${change} />
      <${Areas} app=${app} chosen=${draft.areas} polygons=${draft.polygons} onChange=${change} />
      <${Who} draft=${draft} change=${change} />
      ${lacks.length ? html`<ul class="refused" role="alert">${lacks.map((key) => html`<li>${t(key)}</li>`)}</ul>` : null}
      <p class="row"><button class="main">${t("publish.compose.preview")}</button> <button type="button" disabled=${saving.isOut || !app.may("operator")} onClick=${save}>${t("publish.draft.save")}</button> <button type="button" onClick=${() => { setDraft({ ...EMPTY, traffic }); setShown(null); setLacks([]); }}>${t("publish.compose.clear")}</button>${from ? html` <${Discard} app=${app} draft=${from} />` : null}</p>
      ${from ? html`<p class="quiet">${t("publish.draft.by", { authors: from.authors.join(", ") })}</p>` : null}
      <${Refused} err=${saving.err} />
    </form>`}
    ${shown ? html`<${Submit} app=${app} shown=${shown} areas=${isRelay ? [] : draft.areas.map((/** @type {any} */ one) => one.area)} from=${isRelay ? null : from} onDone=${done} />` : null}
  </section>`;
}

/** To give a draft up, as it was read: whoever wrote on it meanwhile is not overruled. @param {{app: import("../js/app.js").App, draft: any}} props */
function Discard({ app, draft }) {
  const [isOpen, setOpen] = useState(false);
  const command = useCommand(app);
  const title = t("publish.discard.title", { headline: draft.fields.headline || t("publish.draft.unnamed") });
  const discard = () => command.run("alert.draft", { id: draft.id, revision: draft.revision, discard: true }, () => { app.say(t("publish.discard.done")); app.go("publish", "new"); });
  return html`<button type="button" disabled=${!app.may("operator")} onClick=${() => { command.clear(); setOpen(true); }}>${t("publish.discard.act")}</button>
    ${isOpen ? html`<${Dialog} title=${title} onClose=${() => setOpen(false)}><p>${t("publish.discard.says")}</p><${Refused} err=${command.err} />
      <p class="row"><button type="button" class="main" disabled=${command.isOut} onClick=${discard}>${t("publish.discard.confirm")}</button> <button type="button" onClick=${() => setOpen(false)}>${t("dialog.cancel")}</button></p></${Dialog}>` : null}`;
}

/** @param {{draft: any, change: (some: any) => void}} props */
function What({ draft, change }) {
  const put = (/** @type {string} */ name) => (/** @type {any} */ event) => change({ [name]: event.target.value });
  return html`<fieldset><legend>${t("publish.what.title")}</legend>
    <${Field} label=${t("publish.field.event")} hint=${t("publish.field.event_hint")} value=${draft.event} required onInput=${put("event")} lang="zh-CN" />
    <${Choice} label=${t("publish.field.category")} name=${(/** @type {string} */ one) => named("cap.category", one)} values=${CATEGORIES} value=${draft.category} onInput=${put("category")} />
    <${Field} label=${t("publish.field.headline")} value=${draft.headline} required onInput=${put("headline")} lang="zh-CN" />
    <${Field} as="textarea" rows="4" label=${t("publish.field.description")} value=${draft.description} required onInput=${put("description")} lang="zh-CN" />
    <${Field} as="textarea" rows="3" label=${t("publish.field.instruction")} value=${draft.instruction} onInput=${put("instruction")} lang="zh-CN" />
    <${Choice} label=${t("publish.field.response")} name=${(/** @type {string} */ one) => named("cap.response", one)} values=${RESPONSES} value=${draft.response} none=${t("publish.field.choose")} onInput=${put("response")} />
    <${Choice} label=${t("publish.field.urgency")} name=${(/** @type {string} */ one) => named("cap.urgency", one)} values=${URGENCIES} value=${draft.urgency} onInput=${put("urgency")} />
    <${Choice} label=${t("publish.field.severity")} name=${(/** @type {string} */ one) => named("cap.severity", one)} values=${SEVERITIES} value=${draft.severity} onInput=${put("severity")} />
    <${Choice} label=${t("publish.field.certainty")} name=${(/** @type {string} */ one) => named("cap.certainty", one)} values=${CERTAINTIES} value=${draft.certainty} onInput=${put("certainty")} />
  </fieldset>`;
}

/** Three things that are often taken for one another. @param {{draft: any, change: (some: any) => void}} props */
function Levels({ draft, change }) {
  return html`<fieldset><legend>${t("publish.levels.title")}</legend><p class="quiet">${t("publish.levels.apart")}</p>
    <${Choice} label=${t("publish.levels.colour")} name=${(/** @type {string} */ one) => named("cap.colour", one)} values=${COLOURS} value=${draft.colour} none=${t("publish.levels.none")} onInput=${(/** @type {any} */ event) => change({ colour: event.target.value })} />
    <${Choice} label=${t("publish.levels.grade")} name=${(/** @type {string} */ one) => named("cap.grade", one)} values=${GRADES} value=${draft.grade} none=${t("publish.levels.none")} onInput=${(/** @type {any} */ event) => change({ grade: event.target.value })} />
    <${Choice} label=${t("publish.levels.level")} name=${(/** @type {string} */ one) => named("cap.level", one)} values=${GRADES} value=${draft.level} none=${t("publish.levels.none")} onInput=${(/** @type {any} */ event) => change({ level: event.target.value })} />
    ${draft.colour ? html`<p><span class=${`colour ${draft.colour.toLowerCase()}`}>${named("cap.colour", draft.colour)}</span></p>` : null}
  </fieldset>`;
}

/** @param {{draft: any, change: (some: any) => void}} props */
function Who({ draft, change }) {
  const put = (/** @type {string} */ name) => (/** @type {any} */ event) => change({ [name]: event.target.value });
  return html`<fieldset><legend>${t("publish.who.title")}</legend>
    <${Field} label=${t("publish.field.issuer")} value=${draft.issuer} required onInput=${put("issuer")} lang="zh-CN" />
    <${Field} label=${t("publish.field.lasts")} hint=${t("publish.field.lasts_hint")} type="number" min="0.5" max="72" step="0.5" value=${draft.lastsH} required onInput=${put("lastsH")} />
    <${Field} label=${t("publish.field.contact")} value=${draft.contact} onInput=${put("contact")} />
    <${Field} as="textarea" rows="2" label=${t("publish.field.correction")} hint=${t("publish.field.correction_hint")} value=${draft.correction} required onInput=${put("correction")} lang="zh-CN" />
  </fieldset>`;
}

/** @param {any} props */
function Choice({ label, name, values, value, none, onInput }) {
  return html`<${Field} as="select" label=${label} value=${value} onInput=${onInput}>
    ${none === undefined ? null : html`<option value="" selected=${value === ""}>${none}</option>`}
    ${values.map((/** @type {string} */ one) => html`<option value=${one} selected=${one === value}>${name(one)}</option>`)}
  </${Field}>`;
}

/** A document of its issuer, as it came: no field of it can be changed here. @param {{app: import("../js/app.js").App, onShown: (shown: any) => void}} props */
function Relay({ app, onShown }) {
  const [text, setText] = useState("");
  const take = async (/** @type {any} */ event) => {
    const file = event.target.files[0];
    if (!file) return;
    const octets = await file.arrayBuffer();
    setText(new TextDecoder().decode(octets));
    onShown({ raw: base64Of(octets), key: fresh() });
    app.say(t("publish.relay.read", { name: file.name }));
  };
  return html`<fieldset><legend>${t("publish.compose.relay")}</legend><p>${t("publish.relay.unchanged")}</p>
    <${Field} type="file" accept=".xml,application/xml,text/xml,application/cap+xml" label=${t("publish.relay.file")} onChange=${take} />
    ${text ? html`<pre class="said" tabindex="0" aria-label=${t("publish.relay.document")}>${text}</pre>` : null}</fieldset>`;
}

/** What will be heard, and the step that hands it to a second person. @param {{app: import("../js/app.js").App, shown: {raw: string, key: string}, areas: string[], from: any, onDone: () => void}} props */
function Submit({ app, shown, areas, from, onDone }) {
  const command = useCommand(app);
  const said = { raw: shown.raw, media_type: "application/cap+xml", key: shown.key };
  const [verb, args] = from ? ["alert.draft", { ...said, id: from.id, revision: from.revision, submit: true }] : ["alert.submit", said];
  const submit = () => command.run(verb, args, (data) => {
    onDone();
    app.go("publish", data.id);
  });
  return html`<section class="submit" aria-label=${t("publish.submit.title")}><h2>${t("publish.submit.title")}</h2>
    <${Preview} app=${app} raw=${shown.raw} areas=${areas} />
    <${Refused} err=${command.err} />
    <p class="row"><button type="button" class="main" disabled=${command.isOut || !app.may("operator")} onClick=${submit}>${t("publish.submit.act")}</button> <span class="quiet">${t("publish.submit.next")}</span></p>
    ${app.may("operator") ? null : html`<p class="refused">${t("publish.submit.not_yours")}</p>`}
  </section>`;
}

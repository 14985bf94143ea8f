// @ts-check
// 预警发布: 拟稿 → 审核 → 签发 → who has it. What is on its way stands beside it, and each can be ended from there.
import { html } from "../vendor/ui.js";
import { named, t, timeText } from "../js/i18n.js";
import { Asking, useAsk } from "./asking.js";
import { CancelButton } from "./publish_cancel.js";
import { Compose, Shared } from "./publish_compose.js";
import { Live } from "./publish_live.js";
import { Review } from "./publish_review.js";

const NEW = "new";
const DRAFT = "draft";
// The check that says who must sign; once that is done there is nothing left to say of it.
const RELEASE = "release";

/** @param {{app: import("../js/app.js").App}} props */
export default function Screen({ app }) {
  const [chosen = "", draft = "", revision = ""] = app.place.value.args;
  return html`<h1 class="unseen">${t("publish.title")}</h1><div class="split publish">
    <${Under} app=${app} chosen=${chosen} />
    <div class="detail">${chosen === NEW ? html`<h2>${t("publish.compose.title")}</h2><${Compose} app=${app} />` : chosen === DRAFT ? html`<h2>${t("publish.compose.title")}</h2><${Shared} key=${`${draft} ${revision}`} app=${app} id=${draft} />` : chosen ? html`<${One} key=${chosen} app=${app} id=${chosen} />` : html`<p class="quiet">${t("publish.choose")}</p>`}</div>
  </div>`;
}

/** What waits for a signature, and what is in force. @param {{app: import("../js/app.js").App, chosen: string}} props */
function Under({ app, chosen }) {
  const alerts = [...app.state.message.value.values()].filter((one) => one.kind === "Alert");
  const groups = [
    { state: "held", title: "publish.list.held", rows: alerts.filter((one) => one.state === "held") },
    { state: "active", title: "publish.list.active", rows: alerts.filter((one) => one.state === "active" && one.action !== "Cancel") },
    { state: "ended", title: "publish.list.ended", rows: alerts.filter((one) => isOver(one)).slice(0, 20) },
  ];
  return html`<nav class="list" aria-label=${t("publish.list.title")}>
    <p class="row"><button type="button" class="main" onClick=${() => app.go("publish", NEW)} disabled=${!app.may("operator")}>${t("publish.list.new")}</button></p>
    ${app.may("operator") ? html`<${Drafts} app=${app} />` : null}
    ${groups.map((group) => html`<section key=${group.state} aria-label=${t(group.title)}><h2>${t(group.title)} <span class="count">${group.rows.length}</span></h2>
      <ul>${group.rows.map((one) => html`<li key=${one.id} class=${one.id === chosen ? "chosen" : ""}>
        <a href=${`#publish/${encodeURIComponent(one.id)}`} aria-current=${one.id === chosen ? "true" : null}><b>#${one.number}</b> ${one.headline} <span class="quiet">${one.priority} ${named("traffic", one.traffic)} ${stateText(one)} ${timeText(one.accepted, app.now())}</span></a>
        ${group.state === "active" ? html`<${CancelButton} app=${app} message=${one} />` : null}
      </li>`)}</ul></section>`)}
  </nav>`;
}

/** What somebody has begun and kept; whoever writes on it may not sign it. @param {{app: import("../js/app.js").App}} props */
function Drafts({ app }) {
  const asked = useAsk(app, "alert.drafts", {}, { on: location.hash });
  const drafts = asked.data ?? [];
  if (!drafts.length) return null;
  return html`<section aria-label=${t("publish.list.drafts")}><h2>${t("publish.list.drafts")} <span class="count">${drafts.length}</span></h2>
    <ul>${drafts.map((/** @type {any} */ one) => html`<li key=${one.id}><a href=${`#publish/draft/${encodeURIComponent(one.id)}/${one.revision}`}>${one.fields.headline || t("publish.draft.unnamed")} <span class="quiet">${one.authors.join(", ")} ${timeText(one.at, app.now())}</span></a></li>`)}</ul></section>`;
}

/** Its Cancel is in force as long as the alert was meant to be; to people it is over. @param {any} one */
function isOver(one) {
  return !["held", "active"].includes(one.state) || (one.state === "active" && one.action === "Cancel");
}

/** How it stands, in a word. @param {any} one */
function stateText(one) {
  return one.state === "active" && one.action === "Cancel" ? t("publish.one.ended") : named("message.state", one.state);
}

/** @param {{app: import("../js/app.js").App, id: string}} props */
function One({ app, id }) {
  const line = app.state.message.value.get(`message/${id}`);
  const asked = useAsk(app, "message.show", { id }, { on: `${line?.state} ${line?.revision} ${countsOf(app, id)}` });
  const message = asked.data;
  if (!message) return html`<${Asking} asked=${asked} app=${app} t=${t} />`;
  const waits = message.state === "held" || message.waiting;
  return html`<article aria-label=${message.headline}>
    <h2>#${message.number} ${message.headline}</h2>
    <p class="quiet">${t("publish.one.from", { source: message.source, at: timeText(message.accepted, app.now()), revision: message.revision })} <code>${message.id}</code></p>
    ${waits ? html`<${Signatures} app=${app} message=${message} />` : null}
    ${message.verdicts.filter((/** @type {any} */ one) => !one.ok && one.check !== RELEASE).map((/** @type {any} */ one) => html`<p class="refused"><b>${one.check}</b> ${one.value}: ${one.detail}</p>`)}
    ${message.repairs.map((/** @type {string} */ one) => html`<p class="quiet">${one}</p>`)}
    ${waits ? html`<${Review} app=${app} message=${message} />` : html`<${Live} app=${app} message=${message} />`}
  </article>`;
}

/** How many sign it and how many have, for as long as it waits. @param {{app: import("../js/app.js").App, message: any}} props */
function Signatures({ app, message }) {
  const waiting = app.state.release.value.get(`release/${message.id}`);
  const why = message.verdicts.filter((/** @type {any} */ one) => one.check === RELEASE && !one.ok);
  const needed = waiting?.needed ?? Math.max(1, ...why.map((/** @type {any} */ one) => Number(one.value) || 0));
  return html`<p class="warn signatures">${t("publish.one.signatures", { needed, have: waiting?.signed.length ?? 0 })} <small lang="en">${why.map((/** @type {any} */ one) => one.detail).join("; ")}</small></p>`;
}

/** What moves with each receipt of a message, so that it is shown anew. @param {import("../js/app.js").App} app @param {string} id */
function countsOf(app, id) {
  return [...app.state.objective.value.values()].filter((one) => one.message === id).map((one) => `${one.id}:${one.met}/${one.ended}/${one.highest}`).join();
}

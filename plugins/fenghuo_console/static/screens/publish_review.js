// @ts-check
// 审核 and 签发: whoever signs sees what will be heard, and not the form; the signature is for exactly that, and for a short while.
import { html, useState } from "../vendor/ui.js";
import { spanText, t, timeText } from "../js/i18n.js";
import { Field } from "../js/parts.js";
import { Asking, Refused, useAsk, useCommand } from "./asking.js";
import { CancelButton } from "./publish_cancel.js";
import { AreaName } from "./publish_areas.js";
import { CoverageBoard } from "./coverage_board.js";
import { Forms } from "./publish_preview.js";

/** What waits. To look at it in order to sign is an act of its own, which the audit has. @param {{app: import("../js/app.js").App, message: any}} props */
export function Review({ app, message }) {
  const [review, setReview] = useState(/** @type {any} */ (null));
  const command = useCommand(app);
  const look = () => command.run("alert.review", { id: message.id }, setReview);
  const isOld = review && review.revision !== (message.waiting?.revision ?? message.revision);
  return html`<section class="waits" aria-label=${t("publish.review.title")}>
    <p class="row"><b>${t("publish.review.waits")}</b> <button type="button" class="main" disabled=${command.isOut} onClick=${look}>${review ? t("publish.review.anew") : t("publish.review.look")}</button> <${CancelButton} app=${app} message=${message} /></p>
    <${Refused} err=${command.err} />
    ${isOld ? html`<p class="refused" role="alert">${t("publish.review.changed")}</p>` : null}
    ${review ? html`<${Reviewed} key=${review.until} app=${app} review=${review} again=${look} />` : html`<${Seen} app=${app} id=${message.id} />`}
  </section>`;
}

/** For whoever only wants to see it: the forms, without the count-down. @param {{app: import("../js/app.js").App, id: string}} props */
function Seen({ app, id }) {
  const asked = useAsk(app, "message.preview", { id });
  return asked.data ? html`<${Forms} forms=${asked.data.forms} />` : html`<${Asking} asked=${asked} app=${app} t=${t} />`;
}

/** @param {{app: import("../js/app.js").App, review: any, again: () => void}} props `review`: as alert.review gives it */
function Reviewed({ app, review, again }) {
  const coverage = useAsk(app, "coverage", { alert: review.id });
  const costs = new Map(review.channels.map((/** @type {any} */ one) => [one.channel, one]));
  const forms = review.renditions.map((/** @type {any} */ one) => ({ ...one, channels: one.channels.map((/** @type {string} */ name) => ({ why_not: "", ...(costs.get(name) ?? { channel: name }) })) }));
  return html`<div class=${`review ${review.traffic.toLowerCase()}`}>
    <p class="stamp"><b>${review.live ? t("publish.review.live") : t("publish.review.exercise")}</b></p>
    ${(review.widened ?? []).map((/** @type {string} */ why) => html`<p class="refused" lang="en">${t("publish.review.widened", { why })}</p>`)}
    <dl class="facts column">
      <div><dt>${t("publish.review.author")}</dt><dd>${review.author} <span class="quiet">${review.source}</span></dd></div>
      <div><dt>${t("publish.review.areas")}</dt><dd>${review.areas.map((/** @type {any} */ area) => html`<span class="chip" key=${area.area}><${AreaName} area=${area} /></span> `)}</dd></div>
      <div><dt>${t("publish.review.people")}</dt><dd>${t("publish.review.people_of", { first: review.first_wave, n: review.people, who: review.audiences.map((/** @type {any} */ one) => `${one.audience} ${one.people}`).join(", ") })}</dd></div>
      <div><dt>${t("publish.review.channels")}</dt><dd><ul>${review.channels.map((/** @type {any} */ one) => html`<li key=${one.channel}><b translate="no">${one.channel}</b> ${one.starts ? html`<b class="bad">${t("publish.review.starts")}</b> ` : null}${one.loudness ? t("publish.review.loud", { level: one.loudness, s: one.sounds_s }) : t("publish.review.quiet")}</li>`)}</ul></dd></div>
      <div><dt>${t("publish.review.loudness")}</dt><dd>${t("publish.review.most", { level: review.loudness, s: Math.round(review.duration_s), yuan: (review.cost_fen / 100).toFixed(2) })}</dd></div>
      <div><dt>${t("publish.review.correction")}</dt><dd lang="zh-CN">${review.correction.text} ${review.correction.drafted ? null : html`<span class="quiet">${t("publish.review.standard_words")}</span>`}</dd></div>
      <div><dt>${t("publish.review.expires")}</dt><dd>${timeText(review.expires, app.now())}</dd></div>
      <div><dt>${t("publish.review.signatures")}</dt><dd>${t("publish.review.of", { have: review.signed.length, needed: review.needed })} ${review.signed.join(", ")}</dd></div>
      <div><dt>${t("publish.review.envelope")}</dt><dd><code class="envelope">${review.envelope.slice(0, 16)}</code></dd></div>
    </dl>
    <${Forms} forms=${forms} />
    <h3>${t("coverage.title")}</h3>
    ${coverage.data ? html`<${CoverageBoard} data=${coverage.data} />` : html`<${Asking} asked=${coverage} app=${app} t=${t} />`}
    <${Sign} app=${app} review=${review} again=${again} />
  </div>`;
}

/** How far the release is now: signed by how many of how many, or out. @param {{signatures: string[], needed: number}} done */
function standing({ signatures, needed }) {
  return signatures.length < needed ? t("publish.sign.more", { have: signatures.length, needed }) : t("publish.sign.done");
}

/** A word is typed, another one for the real thing than for a drill; after the time is over it is looked at anew. @param {{app: import("../js/app.js").App, review: any, again: () => void}} props */
function Sign({ app, review, again }) {
  const [word, setWord] = useState("");
  const [signed, setSigned] = useState(/** @type {any} */ (null));
  const command = useCommand(app);
  app.second.value;
  const leftMs = Date.parse(review.until) - app.now();
  const wanted = review.live ? t("publish.sign.word_live") : t("publish.sign.word_exercise");
  const isOver = leftMs <= 0;
  const isReady = !isOver && word.trim() === wanted && !command.isOut;
  const sign = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isReady) return;
    command.run("alert.sign", { id: review.id, envelope: review.envelope, revision: review.revision }, (done) => { setSigned(done); app.say(standing(done)); });
  };
  if (signed) return html`<p class="sign good" role="status">${standing(signed)}</p>`;
  if (!app.may("releaser")) return html`<p class="quiet">${t("publish.sign.not_yours")}</p>`;
  return html`<form class="sign" onSubmit=${sign}>
    <p class="clock" role="timer">${isOver ? t("publish.sign.over") : t("publish.sign.left", { left: spanText(leftMs) })}</p>
    ${isOver ? html`<p class="row"><button type="button" onClick=${again}>${t("publish.review.anew")}</button></p>` : html`<${Field} label=${t("publish.sign.type", { word: wanted })} value=${word} autocomplete="off" onInput=${(/** @type {any} */ event) => setWord(event.target.value)} />`}
    <${Refused} err=${command.err} />
    <p class="row"><button class="main danger" disabled=${!isReady}>${review.live ? t("publish.sign.act_live") : t("publish.sign.act_exercise")}</button></p>
  </form>`;
}

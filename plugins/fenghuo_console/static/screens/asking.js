// @ts-check
// How a screen asks the desk: at once, again when what it hangs on has changed, and never two questions of one kind at a time.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { sentence } from "../js/parts.js";
import { timeText } from "../js/i18n.js";

const NOTHING = { data: null, err: null, atMs: 0, isAsking: false };

/** @typedef {import("../js/app.js").App} App */
/** @typedef {{data: any, err: any, atMs: number, isAsking: boolean, again: () => void}} Asked `atMs`: server time of the answer, 0 for none yet */

/**
 * The answer of a verb that only reads. `verb` "" asks nothing. It is asked again when `on` changes, at most once in `restMs`.
 * @param {App} app @param {string} verb @param {Record<string, any>} args @param {{on?: any, restMs?: number}} [how] @returns {Asked}
 */
export function useAsk(app, verb, args, how = {}) {
  const [held, setHeld] = useState(/** @type {{data: any, err: any, atMs: number, isAsking: boolean}} */ (NOTHING));
  // What is asked next is what was rendered last: a timer and a late answer must not ask the question of before.
  const state = useRef({ verb, args, turn: 0, isOut: false, isWanted: false, rests: /** @type {any} */ (null) });
  state.current.verb = verb;
  state.current.args = args;
  const question = JSON.stringify([verb, args]);
  const live = app.link.value.state === "live";

  const ask = () => {
    const mine = state.current;
    if (!mine.verb) return;
    if (mine.isOut) { mine.isWanted = true; return; }
    mine.isOut = true;
    const turn = mine.turn;
    setHeld((was) => ({ ...was, isAsking: true }));
    const settle = (/** @type {any} */ next) => {
      mine.isOut = false;
      if (turn === mine.turn) setHeld((was) => ({ ...was, ...next, isAsking: false }));
      if (mine.isWanted || turn !== mine.turn) { mine.isWanted = false; ask(); }
    };
    app.ask(mine.verb, mine.args).then(
      (data) => settle({ data, err: null, atMs: app.now() }),
      (err) => settle({ err }),
    );
  };

  useEffect(() => {
    state.current.turn += 1;
    setHeld(NOTHING);
    if (live) ask();
  }, [question]);

  // Once the line is there again; until then what was answered stays, and the frame says how old it is.
  useEffect(() => { if (live && state.current.turn && !state.current.isOut) ask(); }, [live]);

  const isFirst = useRef(true);
  useEffect(() => {
    const mine = state.current;
    if (isFirst.current) { isFirst.current = false; return; }
    if (!live || mine.rests !== null) return;
    mine.rests = setTimeout(() => { mine.rests = null; ask(); }, how.restMs ?? 1000);
  }, [how.on]);

  useEffect(() => () => clearTimeout(state.current.rests), []);
  return { ...held, again: ask };
}

/** What stands where an answer is not there yet, or was refused. @param {{asked: Asked, app: App, t: (key: string, args?: any) => string}} props */
export function Asking({ asked, app, t }) {
  if (asked.err) return html`<p class="refused" role="alert">${sentence(asked.err)}</p>`;
  if (!asked.data) return html`<p class="quiet" aria-busy="true">${t("asking.wait")}</p>`;
  return html`<p class="quiet asof">${t("asking.as_of", { at: timeText(new Date(asked.atMs).toISOString(), app.now()) })}
    <button type="button" class="quiet" onClick=${asked.again} disabled=${asked.isAsking}>${t("asking.again")}</button></p>`;
}

/**
 * A command that a person gives once: while it is on its way it cannot be given again, and what became of it stands there.
 * @param {App} app @returns {{isOut: boolean, err: any, run: (verb: string, args: Record<string, any>, then?: (data: any) => void, rev?: number) => void, clear: () => void}}
 */
export function useCommand(app) {
  const [held, setHeld] = useState(/** @type {{isOut: boolean, err: any}} */ ({ isOut: false, err: null }));
  const run = (/** @type {string} */ verb, /** @type {Record<string, any>} */ args, /** @type {(data: any) => void} */ then = () => {}, /** @type {number|undefined} */ rev = undefined) => {
    if (held.isOut) return;
    setHeld({ isOut: true, err: null });
    app.cmd(verb, args, rev === undefined ? {} : { ifRev: rev }).then(
      (data) => { setHeld({ isOut: false, err: null }); then(data); },
      (err) => { setHeld({ isOut: false, err }); app.say(sentence(err), true); },
    );
  };
  return { ...held, run, clear: () => setHeld({ isOut: false, err: null }) };
}

/** The sentence of a refusal, where there is one. @param {{err: any}} props */
export function Refused({ err }) {
  return err ? html`<p class="refused" role="alert">${sentence(err)}</p>` : null;
}

/** UTF-8 text as base64, as the wire takes octets. @param {string} text */
export function octetsOf(text) {
  const octets = new TextEncoder().encode(text);
  let raw = "";
  for (const octet of octets) raw += String.fromCharCode(octet);
  return btoa(raw);
}

/** Octets as base64. @param {ArrayBuffer} buffer */
export function base64Of(buffer) {
  let raw = "";
  for (const octet of new Uint8Array(buffer)) raw += String.fromCharCode(octet);
  return btoa(raw);
}

/** Hand something to the person as a file. @param {string} name @param {string} text @param {string} type */
export function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

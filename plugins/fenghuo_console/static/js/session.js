// @ts-check
// Who sits here: log-in and log-out over HTTP, and whether the session is locked for want of an act. Source: security.md §2.
import { signal } from "../vendor/ui.js";
import { Refusal } from "./commands.js";

const PLACE = "fenghuo.session";
const AWAKE_EVERY_MS = 30_000;
const DEFAULT_IDLE_S = 900;

/**
 * @typedef {{name: string, display: string, rights: string[], traffic: "Actual"|"Exercise", csrf: string, idleS: number, locked: boolean}} Me
 */

export class Session {
  /** @param {{fetch: typeof fetch, keep: Storage, now: () => number}} given `keep`: what a tab remembers over a reload */
  constructor(given) {
    this.given = given;
    /** @type {{value: Me|null}} null: nobody has logged in on this tab */
    this.me = signal(null);
    this.awakeAt = given.now();
  }

  get csrf() {
    return this.me.value?.csrf ?? "";
  }

  /** The session of before a reload, if it goes on. */
  async resume() {
    const kept = JSON.parse(this.given.keep.getItem(PLACE) ?? "null");
    if (!kept) return;
    try {
      await this.look(kept.csrf, kept.idleS);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === "unauthenticated") this.forget();
    }
  }

  /** @param {{name: string, password: string, code: string, traffic: string}} said @returns {Promise<Me>} */
  async logIn(said) {
    const answer = await this.call("POST", "/api/v1/session", said);
    const me = { name: answer.name, display: answer.display || answer.name, rights: answer.rights, traffic: answer.traffic, csrf: answer.csrf, idleS: answer.idle_s, locked: false };
    this.given.keep.setItem(PLACE, JSON.stringify({ csrf: me.csrf, idleS: me.idleS }));
    this.awakeAt = this.given.now();
    this.me.value = me;
    return me;
  }

  /** Set a password by a one-time code; what an authenticator reads and the same as a picture, "" without a second factor. @param {{name: string, code: string, password: string, factor: boolean}} said @returns {Promise<{otpauth: string, qr?: string}>} */
  async enrol(said) {
    return this.call("POST", "/api/v1/enrol", said);
  }

  async logOut() {
    try {
      await this.call("DELETE", "/api/v1/session");
    } finally {
      this.forget();
    }
  }

  forget() {
    this.given.keep.removeItem(PLACE);
    this.me.value = null;
  }

  /** Somebody has touched something: the session is to stay awake. */
  async touched() {
    const me = this.me.value;
    if (!me || me.locked || this.given.now() - this.awakeAt < AWAKE_EVERY_MS) return;
    this.awakeAt = this.given.now();
    try {
      await this.look(me.csrf, me.idleS);
    } catch (error) {
      if (error instanceof Refusal && error.code === "unauthenticated") this.forget();
    }
  }

  /** A command went out, which keeps it awake as well. */
  acted() {
    this.awakeAt = this.given.now();
  }

  /** What the line may do now: less than the account's rights is a locked session. @param {string[]} rights */
  allowed(rights) {
    const me = this.me.value;
    if (!me) return;
    const locked = me.rights.some((right) => !rights.includes(right));
    if (locked !== me.locked) this.me.value = { ...me, locked };
  }

  /** Lock by the same rule as the server; called once a second. */
  tick() {
    const me = this.me.value;
    if (me && !me.locked && this.given.now() - this.awakeAt > me.idleS * 1000) this.me.value = { ...me, locked: true };
  }

  /** @param {string} csrf @param {number} idleS */
  async look(csrf, idleS = DEFAULT_IDLE_S) {
    const seen = await this.call("GET", "/api/v1/me", undefined, csrf);
    if (!seen.session) throw new Refusal({ code: "unauthenticated" });
    this.me.value = {
      name: seen.name, display: seen.display || seen.name, rights: seen.rights, traffic: seen.session.traffic, csrf, idleS, locked: Boolean(seen.session.locked),
    };
  }

  /**
   * One request of the HTTP API. Raises: Refusal with the code of the problem; `network` where there was no answer.
   * @param {string} method @param {string} path @param {object} [body] @param {string} [csrf]
   */
  async call(method, path, body, csrf = this.csrf) {
    const headers = { ...(body ? { "Content-Type": "application/json" } : {}), ...(csrf ? { "Fenghuo-Csrf": csrf } : {}) };
    let answer;
    try {
      answer = await this.given.fetch(path, { method, headers, body: body ? JSON.stringify(body) : undefined, credentials: "same-origin" });
    } catch {
      throw new Refusal({ code: "network" });
    }
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    const code = String(said.type ?? "").split(":").at(-1) || "internal";
    throw new Refusal({ code, msg: said.detail ?? said.title, args: { retry_after_s: answer.headers.get("Retry-After") ?? "" } });
  }
}

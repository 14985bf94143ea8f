// The read-only board over fenghuo.console.v1. Everything shown goes through text nodes.
// @ts-check

const PROTOCOL = "fenghuo.console.v1";
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10000;
const MESSAGES_SHOWN = 100;

// Nothing below DEVICE is ever called delivered (已送达).
const EVIDENCE = {
  STORED: "已入库", ACCEPTED: "通道已接收", AIRED: "已发出", RELAYED: "已转发",
  DEVICE: "已送达终端", HUMAN: "有人确认", DONE: "已办结",
};
const KIND = { Alert: "预警", Dispatch: "调度指令", Report: "信息报送", Reply: "回执" };
const TRAFFIC = { Actual: "实际", Exercise: "演练", System: "系统", Test: "测试" };
const STATE = {
  held: "待签发", active: "有效", expired: "已过期", superseded: "已更新", cancelled: "已解除", complete: "已完成",
};
const OBJECTIVE = { OPEN: "进行中", AT_RISK: "逾期风险", MET: "已达成", MISSED: "未达成", WAIVED: "已免除" };
const HEALTH = { up: "正常", suspect: "可疑", down: "故障", probation: "试用", unknown: "未知" };
const ADMIN = { enabled: "启用", disabled: "停用", inhibited: "抑制", standby: "备用" };

/** @type {Map<string, any>} */
let state = new Map();
/** @type {Map<string, any> | null} */
let loading = null;
/** @type {{epoch: string, seq: number} | null} */
let cursor = null;
/** @type {WebSocket | null} */
let socket = null;
let subscription = 0;
let subscribed = false;
let retryMs = RETRY_MIN_MS;
let heartbeatS = 10;
let heardAt = 0;
let skewMs = 0;
let token = "";
let drawing = false;

const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const named = (/** @type {Record<string, string>} */ words, /** @type {string} */ key) => words[key] ?? key ?? "";
const evidence = (/** @type {string} */ level) => (level ? `${level} ${named(EVIDENCE, level)}` : "");
const serverNow = () => Date.now() + skewMs;

function clockText(/** @type {number} */ ms) {
  return new Date(ms).toLocaleTimeString("zh-CN", { hour12: false });
}

function timeText(/** @type {string | null} */ text) {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? "" : new Date(ms).toLocaleString("zh-CN", { hour12: false, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function showLink(/** @type {boolean} */ up, /** @type {string} */ text) {
  const line = at("link");
  if (line.textContent !== text) line.textContent = text;
  line.className = up ? "up" : "down";
  at("board").classList.toggle("stale", !up);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(`${scheme}//${location.host}/ws/console`, PROTOCOL);
  socket = mine;
  subscribed = false;
  mine.onmessage = (event) => { if (socket === mine) take(JSON.parse(event.data)); };
  mine.onclose = (event) => { if (socket === mine) lost(event.code); };
}

function lost(/** @type {number} */ code) {
  socket = null;
  subscribed = false;
  const since = heardAt ? `数据停在 ${clockText(heardAt + skewMs)}` : "尚无数据";
  showLink(false, `已断线——${since}`);
  if (code === 4401) { at("login").hidden = false; showLink(false, "需要访问令牌"); return; }
  if (code === 4403) { showLink(false, "此页面或此账户不得查看"); return; }
  if (code === 4409 && !sessionStorage.getItem("reloaded")) {
    sessionStorage.setItem("reloaded", "1");
    location.reload();
    return;
  }
  if (code === 4429) retryMs = RETRY_MAX_MS;
  setTimeout(connect, retryMs * (0.5 + Math.random() / 2));
  retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
}

function send(/** @type {object} */ frame) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function subscribe() {
  subscription += 1;
  subscribed = false;
  loading = new Map();
  send({ t: "sub", id: subscription, topics: ["message", "objective", "channel"], ...(cursor ? { from: cursor } : {}) });
}

function startOver() {
  cursor = null;
  subscribe();
}

function take(/** @type {any} */ frame) {
  heardAt = Date.now();
  const act = HANDLERS[frame.t];
  if (act) act(frame);
}

/** @type {Record<string, (frame: any) => void>} */
const HANDLERS = {
  hello(frame) {
    skewMs = frame.now * 1000 - Date.now();
    send({ t: "auth", proto: PROTOCOL, lang: "zh-CN", ...(token ? { token } : {}) });
  },
  ready(frame) {
    heartbeatS = frame.hb;
    at("login").hidden = true;
    sessionStorage.removeItem("reloaded");
    subscribe();
  },
  snap(frame) {
    if (frame.id !== subscription || !loading) return;
    for (const [path, value] of Object.entries(frame.data)) loading.set(path, value);
    if (!frame.last) return;
    state = loading;
    live(frame.cur);
  },
  resumed(frame) {
    if (frame.id === subscription) live(frame.cur);
  },
  delta(frame) {
    if (!subscribed || !cursor) return;
    if (frame.epoch !== cursor.epoch || frame.prev !== cursor.seq) { startOver(); return; }
    for (const change of frame.ops) {
      if (change.op === "del") state.delete(change.p);
      else { announce(change); state.set(change.p, change.v); }
    }
    cursor = { epoch: frame.epoch, seq: frame.seq };
    if (frame.ops.length) draw();
  },
  resync(frame) {
    if (frame.id === subscription) startOver();
  },
  ping(frame) {
    skewMs = frame.now * 1000 - Date.now();
    send({ t: "pong", seq: cursor ? cursor.seq : 0 });
    if (subscribed && cursor && frame.head !== cursor.seq) startOver();
  },
};

function live(/** @type {{epoch: string, seq: number}} */ where) {
  cursor = where;
  loading = null;
  subscribed = true;
  retryMs = RETRY_MIN_MS;
  showLink(true, "已连接——实时");
  draw();
}

function announce(/** @type {{p: string, v: any}} */ change) {
  if (change.p.startsWith("message/") && !state.has(change.p)) {
    at("news").textContent = `新信息：${named(KIND, change.v.kind)} ${change.v.headline}`;
  }
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; drawNow(); });
}

function topic(/** @type {string} */ name) {
  return [...state].filter(([path]) => path.startsWith(`${name}/`)).map(([, value]) => value);
}

/** A row of cells; a cell is a text or [text, class]. */
function row(/** @type {(string | [string, string])[]} */ cells, mark = "") {
  const line = document.createElement("tr");
  if (mark) line.className = mark;
  for (const cell of cells) {
    const [text, style] = Array.isArray(cell) ? cell : [cell, ""];
    const box = document.createElement("td");
    if (style) box.className = style;
    box.append(document.createTextNode(text));
    line.append(box);
  }
  return line;
}

function drawNow() {
  const messages = topic("message").sort((a, b) => String(b.accepted).localeCompare(String(a.accepted)));
  const objectives = topic("objective").sort((a, b) => b.id - a.id);
  const channels = topic("channel").sort((a, b) => a.name.localeCompare(b.name));
  const titles = new Map(messages.map((one) => [one.id, one]));
  at("messages").replaceChildren(...messages.slice(0, MESSAGES_SHOWN).map(messageRow));
  at("objectives").replaceChildren(...objectives.slice(0, MESSAGES_SHOWN).map((one) => objectiveRow(one, titles.get(one.message))));
  at("channels").replaceChildren(...channels.map(channelRow));
  const count = (/** @type {string} */ id, /** @type {number} */ number) => { at(id).textContent = String(number); };
  count("count-active", messages.filter((one) => one.state === "active" || one.state === "held").length);
  count("count-open", objectives.filter((one) => one.state === "OPEN" || one.state === "AT_RISK").length);
  count("count-risk", objectives.filter((one) => one.state === "AT_RISK").length);
  count("count-missed", objectives.filter((one) => one.state === "MISSED").length);
  count("count-down", channels.filter((one) => one.health === "down" && one.admin === "enabled").length);
}

function messageRow(/** @type {any} */ one) {
  return row([
    one.number ? String(one.number) : "", timeText(one.accepted), [one.priority, one.priority === "P0" ? "bad" : ""],
    named(KIND, one.kind), named(TRAFFIC, one.traffic), named(STATE, one.state), [one.headline, "wide"], timeText(one.expires),
  ], one.traffic === "Actual" ? "" : "exercise");
}

function objectiveRow(/** @type {any} */ one, /** @type {any} */ message) {
  const style = { MET: "good", MISSED: "bad", AT_RISK: "warn" }[one.state] ?? "";
  return row([
    [message ? `${message.number || ""} ${message.headline}` : one.message, "wide"], one.audience, evidence(one.needed),
    evidence(one.highest), `${one.met} / ${one.total}`, [named(OBJECTIVE, one.state), style], timeText(one.deadline),
  ]);
}

function channelRow(/** @type {any} */ one) {
  const style = { up: "good", down: "bad", suspect: "warn", probation: "warn" }[one.health] ?? "";
  return row([
    one.name, one.type, named(ADMIN, one.admin), [named(HEALTH, one.health), style], evidence(one.evidence_max),
    String(one.queued ?? ""), one.reason ?? "",
  ]);
}

at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (at("token"));
  token = field.value;
  field.value = "";
  connect();
});

setInterval(() => {
  at("clock").textContent = clockText(serverNow());
  if (subscribed && Date.now() - heardAt > 2.5 * heartbeatS * 1000 && socket) {
    const silent = socket;
    showLink(false, `已断线——数据停在 ${clockText(heardAt + skewMs)}`);
    silent.close();
  }
}, 1000);

connect();

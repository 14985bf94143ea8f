// @ts-check
// Every screen there is, in the order of the navigation. `key`: where it lies after g, "" for what is not gone to; `title`: key of the catalogue; `inNav`: whether
// it stands in the row of screens.
import Channels from "./channels.js";
import Endpoints from "./endpoints.js";
import Log from "./log.js";
import Login from "./login.js";
import Paper from "./paper.js";
import Publish from "./publish.js";
import System from "./system.js";
import Wall from "./wall.js";
import Watch from "./watch.js";

/** @type {{id: string, key: string, title: string, inNav: boolean, module: (props: {app: import("../js/app.js").App, args: string[]}) => any}[]} */
export const SCREENS = [
  { id: "watch", key: "KeyW", title: "watch.title", inNav: true, module: Watch },
  { id: "publish", key: "KeyP", title: "publish.title", inNav: true, module: Publish },
  { id: "channels", key: "KeyC", title: "channels.title", inNav: true, module: Channels },
  { id: "endpoints", key: "KeyE", title: "endpoints.title", inNav: true, module: Endpoints },
  { id: "log", key: "KeyL", title: "log.title", inNav: true, module: Log },
  { id: "paper", key: "", title: "paper.title", inNav: true, module: Paper },
  { id: "wall", key: "", title: "wall.title", inNav: true, module: Wall },
  { id: "system", key: "", title: "system.title", inNav: true, module: System },
  { id: "login", key: "", title: "login.title", inNav: false, module: Login },
];

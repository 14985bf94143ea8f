// @ts-check
// Every screen there is, in the order of the navigation. `key`: where it lies after g, "" for what is not gone to; `title`: key of the catalogue; `inNav`: whether
// it stands in the row of screens.
import Login from "./login.js";
import System from "./system.js";
import Wall from "./wall.js";
import Watch from "./watch.js";

/** @type {{id: string, key: string, title: string, inNav: boolean, module: (props: {app: import("../js/app.js").App, args: string[]}) => any}[]} */
export const SCREENS = [
  { id: "watch", key: "KeyW", title: "watch.title", inNav: true, module: Watch },
  { id: "wall", key: "", title: "wall.title", inNav: true, module: Wall },
  { id: "system", key: "", title: "system.title", inNav: true, module: System },
  { id: "login", key: "", title: "login.title", inNav: false, module: Login },
];

// Which rooms are shown in which order, under which headings.

import { ORDERS } from "./model.js";

const ATTENTION = "attention";
const ALL = "all";

/** Return the heading of each building; the account's name where two have a building of one name. */
const titlesOf = (rooms, accounts, t) => {
  const titles = new Map(rooms.map((room) => [room.placeKey, room.place || t.elsewhere]));
  const uses = new Map();
  for (const title of titles.values()) uses.set(title, (uses.get(title) || 0) + 1);
  const names = new Map(accounts.map((account) => [account.id, account.title]));
  for (const { placeKey, account } of rooms) {
    const title = titles.get(placeKey);
    if (uses.get(title) > 1) titles.set(placeKey, `${title} · ${names.get(account) || ""}`);
  }
  return titles;
};

/** Return the groups to show; rooms come in the order of their names, and so do buildings. */
export const arrangementOf = (rooms, accounts, { sort, filter, words }, t) => {
  const shown = rooms.filter((room) => (!filter || room.has(filter)) && room.matches(words));
  if (sort !== "room") {
    return [{ key: ALL, title: "", rooms: shown.sort(ORDERS[sort]) }];
  }
  const titles = titlesOf(rooms, accounts, t);
  const groups = new Map();
  for (const room of shown) {
    const key = room.placeKey;
    if (!groups.has(key)) groups.set(key, { key, title: titles.get(key), rooms: [] });
    groups.get(key).rooms.push(room);
  }
  for (const group of groups.values()) group.rooms.sort(ORDERS.room);
  const urgent = filter ? [] : shown.filter((room) => room.attention).sort(ORDERS.balance);
  const attention = { key: ATTENTION, title: t.attention, rooms: urgent };
  return [...(urgent.length ? [attention] : []), ...groups.values()];
};

/** Tell whether the rooms of a group are of different buildings. */
export const isMixed = (group) => group.key === ATTENTION || group.key === ALL;

/** Return a text that differs when anything stands elsewhere. */
export const orderOf = (groups) =>
  JSON.stringify(groups.map((group) => [group.key, group.rooms.map((room) => room.key)]));

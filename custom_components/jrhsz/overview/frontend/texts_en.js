// The English texts.

export const EN = {
  name: "JRHSZ meters",
  description: "All rooms with electricity and water side by side, low balances first",

  rooms: "Rooms",
  room: "Room",
  electricity: "Electricity",
  water: "Water",
  attention: "In arrears or silent",
  elsewhere: "Other rooms",
  show: "Show",
  all: "All rooms",
  arrears: "In arrears",
  low: "Low balance",
  silent: "Silent",
  search: "Search by room, building, user code or meter number",
  sort: "Sort by",
  sorts: {
    room: "Building and room",
    balance: "Lowest balance",
    days: "Fewest days left",
    age: "Oldest reading",
  },
  found: (count) => (count === "1" ? "1 room" : `${count} rooms`),
  waiting: "not read yet",
  none: "There are no meters yet. Add an account under Settings, Devices & services.",
  nothing: "No room matches.",
  failed: "The list of rooms could not be loaded. It is tried again in a minute.",
  disabled: (account) => `The account “${account}” is disabled. Its rooms are not shown.`,
  broken: (account) => `The account “${account}” could not be set up. Its values are old.`,
  accounts: "Look at the accounts",

  balance: "balance",
  reading: "reading",
  now: "now",
  left: (days) => `${days} left`,
  leftLabel: "left",
  month: "this month",
  ago: (age) => `read ${age} ago`,
  justNow: "read just now",

  options: {
    join_accounts: "Join rooms of the same name of different accounts",
    room: "Show only this room (building and room, as on the dashboard)",
  },
};

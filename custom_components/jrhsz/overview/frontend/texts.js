// What the dashboard says, in both of its languages.

const TEXTS = {
  en: {
    name: "JRHSZ meters",
    description: "All rooms with electricity and water side by side, low balances first",
    search: "Search rooms",
    room: "Room",
    electricity: "Electricity",
    water: "Water",
    attention: "In arrears or silent",
    elsewhere: "Other rooms",
    rooms: "Rooms",
    arrears: "In arrears",
    low: "Low balance",
    silent: "Silent",
    waiting: "not read yet",
    none: "There are no meters yet. Add an account under Settings, Devices & services.",
    nothing: "No room matches.",
    failed: "The list of rooms could not be loaded. It is tried again in a minute.",
    now: "now",
  },
  zh: {
    name: "JRHSZ 水电表",
    description: "逐间列出房间的电表和水表，余额不足的排在最前",
    search: "搜索房间",
    room: "房间",
    electricity: "电",
    water: "水",
    attention: "欠费或无数据",
    elsewhere: "其他房间",
    rooms: "房间",
    arrears: "欠费",
    low: "余额不足",
    silent: "无数据",
    waiting: "尚未读取",
    none: "还没有表。请在“设置”的“设备与服务”中添加账号。",
    nothing: "没有符合的房间。",
    failed: "房间列表加载失败，一分钟后重试。",
    now: "刚刚",
  },
};

export const textsOf = (hass) => {
  const language = (hass && hass.language) || document.documentElement.lang || "en";
  return language.startsWith("zh") ? TEXTS.zh : TEXTS.en;
};

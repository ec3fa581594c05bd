// The Chinese texts.

export const ZH = {
  name: "JRHSZ 水电表",
  description: "逐间列出房间的电表和水表，余额不足的排在最前",

  rooms: "房间",
  room: "房间",
  electricity: "电",
  water: "水",
  attention: "欠费或无数据",
  elsewhere: "其他房间",
  show: "筛选",
  all: "全部房间",
  arrears: "欠费",
  low: "余额不足",
  silent: "无数据",
  search: "搜索房间、楼栋、用户编号或表号",
  sort: "排序",
  sorts: {
    room: "按楼栋和房间",
    balance: "余额最少的在前",
    days: "可用天数最少的在前",
    age: "最久未更新的在前",
  },
  found: (count) => `共 ${count} 间`,
  waiting: "尚未读取",
  none: "还没有表。请在“设置”的“设备与服务”中添加账号。",
  nothing: "没有符合的房间。",
  failed: "房间列表加载失败，一分钟后重试。",
  disabled: (account) => `账号“${account}”已停用，其房间不再显示。`,
  broken: (account) => `账号“${account}”设置失败，显示的是旧数据。`,
  accounts: "查看账号",

  balance: "余额",
  reading: "读数",
  now: "刚刚",
  left: (days) => `还可用 ${days}`,
  leftLabel: "可用",
  month: "本月",
  ago: (age) => `${age}前更新`,
  justNow: "刚刚更新",

  options: {
    join_accounts: "把不同账号中同名的房间合并为一行",
    room: "只显示这一间（楼栋和房间，与页面上的写法相同）",
  },
};

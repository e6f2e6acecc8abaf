export default {
  en: {
    arriving: "What enters the log", "nothing yet": "Nothing yet. What is pushed shows up here.",
    filter: "Filter", pause: "Pause", "go on": "Go on ({count})", clear: "Clear",
    newer: "{count} newer ↓", "at the end": "at the end", "left out": "{count} messages were left out while it was paused",
    "push again": "Push again", "show all": "Show all (+{count})", "this console": "this console",
    "delay explained": "From the log to this page",
    hello: "Hello! This went from this page through the HTTP API, Redis and the log, and back. Nobody else got it.",
    lost: "Connection lost: {problem}", back: "Back after {time}, nothing was missed",
    "back with gap": "Back after {time}, but some messages are missing", gap: "Some messages are missing: {reason}",
    "gap history does not reach back far enough": "the log has forgotten them", "gap Redis has lost messages": "Redis has lost them", "gap the id is not of this log": "the place to go on is unknown",
  },
  zh: {
    arriving: "进入日志的消息", "nothing yet": "还没有消息。推送的内容会显示在这里。",
    filter: "过滤", pause: "暂停", "go on": "继续（{count}）", clear: "清空",
    newer: "{count} 条新消息 ↓", "at the end": "已是最新", "left out": "暂停期间略去了 {count} 条消息",
    "push again": "再次推送", "show all": "显示全部（+{count}）", "this console": "本控制台",
    "delay explained": "从日志到本页面",
    hello: "你好！这条消息从本页面经 HTTP API、Redis 和日志又回到了这里，没有发给任何其他人。",
    lost: "连接断开：{problem}", back: "{time} 后恢复，没有遗漏任何消息",
    "back with gap": "{time} 后恢复，但缺少一些消息", gap: "缺少一些消息：{reason}",
    "gap history does not reach back far enough": "日志已不再保存", "gap Redis has lost messages": "Redis 丢失了它们", "gap the id is not of this log": "不知道从哪里继续",
  },
};

// Words that several pages use.

export default {
  en: {
    Messages: "Messages", Connect: "Connect a page", Who: "Who is here", Trace: "Trace", Health: "Health",
    "skip": "To the content", pages: "Pages",
    connections: "connections", users: "users", channels: "channels", "messages a second": "messages/s",
    waiting: "waiting", "Redis, {ms} ms": "Redis · {ms} ms", "ok": "ok", "no answer": "no answer",
    copy: "Copy", copied: "Copied", "not copied": "Select it and copy",
    s: "s", min: "min", h: "h", d: "d", ms: "ms",
    everybody: "everybody",
    "does not answer": "The HTTP API does not answer ({problem}). Trying again…",
    "not allowed": "The figures are not shown: {problem}",
    "token asked": "This server asks for a token",
    "token explained": "One of PUSH_TOKENS, or of PUSH_TOKENS_FILE. It is kept for this tab only, and forgotten when the tab is closed.",
    Token: "Token", "Go on": "Go on", "token wrong": "The server does not know this token.",
  },
  zh: {
    Messages: "消息", Connect: "接入页面", Who: "谁在线", Trace: "追踪", Health: "状态",
    "skip": "跳到内容", pages: "页面",
    connections: "连接", users: "用户", channels: "频道", "messages a second": "条/秒",
    waiting: "排队中", "Redis, {ms} ms": "Redis · {ms} 毫秒", "ok": "正常", "no answer": "无响应",
    copy: "复制", copied: "已复制", "not copied": "请手动选择并复制",
    s: "秒", min: "分", h: "小时", d: "天", ms: "毫秒",
    everybody: "所有人",
    "does not answer": "HTTP API 没有响应（{problem}），正在重试…",
    "not allowed": "不能显示这些数字：{problem}",
    "token asked": "此服务器需要令牌",
    "token explained": "PUSH_TOKENS 或 PUSH_TOKENS_FILE 之一。只在本标签页内保存，关闭标签页即忘记。",
    Token: "令牌", "Go on": "继续", "token wrong": "服务器不认识这个令牌。",
  },
};

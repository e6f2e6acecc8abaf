// Snippets in PHP: with curl, for the two Redis clients, and for the two frameworks.

import { literal, PHP } from "./literals.js";
import { itemOf, needsEnvelope, sentinelOf } from "./redis.js";

const text = PHP.text;
const password = "getenv('REDIS_PASSWORD')";
// As part of an address: IPv6 in brackets.
const at = ({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`;

export const php = (message, server) => `<?php
${request(message, server, "")}
echo curl_exec($curl) ?: curl_error($curl), "\\n";
`;

export const thinkphp = (message, server) => `<?php
// app/controller/Center.php, which answers at /center/push
namespace app\\controller;

use app\\BaseController;

class Center extends BaseController
{
    public function push()
    {
        ${request(message, server, "        ")}

        return curl_exec($curl) ?: curl_error($curl);
    }
}
`;

function request(message, { url, token }, indent) {
  const inner = `${indent}    `;
  const body = literal(message, PHP, inner, inner.length + "CURLOPT_POSTFIELDS => json_encode(),".length);
  const headers = [...(token ? [`Authorization: Bearer ${token}`] : []), "Content-Type: application/json"];
  return `$curl = curl_init(${text(url)});
${indent}curl_setopt_array($curl, [
${inner}CURLOPT_HTTPHEADER => ${literal(headers, PHP, inner, inner.length + 22)},
${inner}CURLOPT_POSTFIELDS => json_encode(${body}),
${inner}CURLOPT_RETURNTRANSFER => true,
${inner}CURLOPT_TIMEOUT => 5,
${indent}]);`;
}

// For the middle of a file, or `php artisan tinker`: no opening tag.
export function laravel(message, { url, token }) {
  const access = token ? `withToken(${text(token)})->` : "";
  const call = `$answer = Http::${access}post(${text(url)}, `;
  return `use Illuminate\\Support\\Facades\\Http;

${call}${literal(message, PHP, "", call.length)});
echo $answer->throw()->body(), "\\n";
`;
}

export function phpredis(message, { redis, key }) {
  return `<?php
${redis.kind === "cluster" ? phpredisCluster(redis) : phpredisServer(redis)}
echo $redis->lPush(${text(key)}, ${item(message)}), "\\n";
`;
}

function phpredisServer(redis) {
  const lines = ["$redis = new Redis();"];
  if (redis.kind === "sentinel") {
    lines.unshift(
      "$sentinel = new Redis();",
      `$sentinel->connect(${text(redis.host)}, ${redis.port});`,
      `[$host, $port] = $sentinel->rawCommand('SENTINEL', 'get-master-addr-by-name', ${text(sentinelOf(redis))});`,
    );
    lines.push("$redis->connect($host, (int) $port);");
  } else if (redis.socket) {
    lines.push(`$redis->connect(${text(redis.socket)});`);
  } else {
    lines.push(`$redis->connect(${text((redis.tls ? "tls://" : "") + redis.host)}, ${redis.port});`);
  }
  if (redis.password) lines.push(`$redis->auth(${redis.username ? `[${text(redis.username)}, ${password}]` : password});`);
  if (redis.db) lines.push(`$redis->select(${redis.db});`);
  return lines.join("\n");
}

function phpredisCluster(redis) {
  const auth = redis.username ? `[${text(redis.username)}, ${password}]` : password;
  const more = redis.password ? `, 5, 5, false, ${auth}` : "";
  return `$redis = new RedisCluster(null, [${text(at(redis))}]${more});`;
}

export function predis(message, { redis, key }) {
  return `<?php
require 'vendor/autoload.php';

$redis = new Predis\\Client(${predisOptions(redis)});
echo $redis->lpush(${text(key)}, ${item(message)}), "\\n";
`;
}

function predisOptions(redis) {
  const address = text(redis.socket ? `unix:${redis.socket}` : `${redis.tls ? "tls" : "tcp"}://${at(redis)}`);
  const login = [];
  if (redis.username && redis.password) login.push(`'username' => ${text(redis.username)}`);
  if (redis.password) login.push(`'password' => ${password}`);
  if (redis.db) login.push(`'database' => ${redis.db}`);
  const parameters = login.length ? `, 'parameters' => [${login.join(", ")}]` : "";
  if (redis.kind === "cluster") return `[${address}], ['cluster' => 'redis'${parameters}]`;
  if (redis.kind === "sentinel") {
    return `[${address}], ['replication' => 'sentinel', 'service' => ${text(sentinelOf(redis))}${parameters}]`;
  }
  return login.length ? `${address}, [${parameters.slice(2)}]` : address;
}

function item(asked) {
  const message = itemOf(asked);
  if (!needsEnvelope(message)) return text(message.content);
  return `"\\x1e" . json_encode(${literal(message, PHP, "", 60)})`;
}

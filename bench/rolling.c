/* Clients that come back: each time a server sends them away, they connect to another.
 *
 *   rolling CONNECTIONS BARE ORDERS
 *
 * The last BARE of them are text clients, which cannot resume; the others get JSON, and come back with the id of what
 * they had last. A message has its number in ten digits, counted from 0, and CLOCK_MONOTONIC nanoseconds of its push in
 * twenty. ORDERS is a FIFO, of which each line is one of
 *
 *   at PORT ...   the servers that take clients. Who connects goes to the one with the fewest, as a balancer sends it
 *   open          connect them all, then print "ready"
 *   step          print what happened since the last step as a line of JSON
 *   end N         wait until all who resume have had N messages, then print the last step, and end
 *
 * A client that was closed, or finds nobody, waits up to WAIT milliseconds. The latencies of a step are those of clients
 * that were connected all the time of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define BUFFER (1 << 18)
#define BUCKETS 500000 /* of 10 microseconds; the last takes the rest */
#define TENTHS 3000    /* of a second, of one step */
#define WAIT 500       /* milliseconds */
#define AT_ONCE 256    /* connects under way */
#define LAST_WAIT 30   /* seconds for the last message */

enum state { AWAY, ASKING, GREETING, OPEN };

struct client {
    int fd, server;
    enum state state;
    uint32_t next; /* the number that it expects; 0 before the first */
    uint64_t since, due, closed; /* nanoseconds: open since, to connect at, sent away at */
    uint32_t held, room;
    char *rest, id[64];
};

static struct { int port, clients, is_open; } servers[64];
static struct client *all;
static uint32_t count, bare, under_way;
static int epoll_fd, server_count;
static uint64_t step_began, latency[BUCKETS], samples, longest, away;
static uint32_t closed, opened, refused, missing, doubled, bare_missed, gaps, cut;
static uint32_t closed_in[TENTHS], opened_in[TENTHS];

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "rolling: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int is_bare(const struct client *c) { return c - all >= count - bare; }

static void note(uint32_t *tenths, uint64_t now) {
    uint64_t at = (now - step_began) / 100000000;
    tenths[at < TENTHS ? at : TENTHS - 1]++;
}

static void watch(struct client *c, int events, int how) {
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, how, c->fd, &e)) die("epoll_ctl");
}

/* It is connected no more, and comes back. */
static void leave(struct client *c, uint64_t now) {
    close(c->fd);
    servers[c->server].clients--;
    if (c->state == OPEN) {
        closed++;
        note(closed_in, now);
        c->closed = now;
    } else {
        refused++;
        under_way--;
    }
    c->state = AWAY;
    c->held = 0;
    c->due = now + (uint64_t)(random() % WAIT) * 1000000;
}

static int emptiest(void) {
    int best = -1;
    for (int i = 0; i < server_count; i++)
        if (servers[i].is_open && (best < 0 || servers[i].clients < servers[best].clients)) best = i;
    return best;
}

static void begin(struct client *c) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    int on = 1;
    if ((c->server = emptiest()) < 0) return;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(servers[c->server].port);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    servers[c->server].clients++;
    c->state = ASKING;
    under_way++;
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        leave(c, now_ns());
        return;
    }
    watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void greet(struct client *c) {
    char request[512];
    int size = snprintf(request, sizeof request,
                        "GET /%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        is_bare(c) ? "" : "?format=json&last_id=", is_bare(c) ? "" : c->id);
    if (write(c->fd, request, size) != size) {
        leave(c, now_ns());
        return;
    }
    c->state = GREETING;
    watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

static uint64_t number(const char *text, int size) {
    uint64_t value = 0;
    while (size--) value = value * 10 + (*text++ - '0');
    return value;
}

static void check(struct client *c, uint32_t got) {
    if (c->next && got < c->next) {
        doubled++;
        return;
    }
    if (c->next && got > c->next) *(is_bare(c) ? &bare_missed : &missing) += got - c->next;
    c->next = got + 1;
}

static void deliver(struct client *c, const char *text, size_t size, uint64_t now) {
    if (!is_bare(c)) {
        const char *content = memmem(text, size, "\"content\":\"", 11), *id = memmem(text, size, "\"id\":\"", 6);
        if (id) {
            const char *end = memchr(id + 6, '"', text + size - id - 6);
            if (!end || end - id - 6 >= (long)sizeof c->id) die("an id");
            memcpy(c->id, id + 6, end - id - 6);
            c->id[end - id - 6] = 0;
        }
        if (!content) {
            gaps += !memmem(text, size, "\"complete\":true", 15);
            return;
        }
        size -= content + 11 - text;
        text = content + 11;
    }
    if (size < 30) return;
    check(c, number(text, 10));
    if (c->since > step_began) return; /* It was away in this step. */
    uint64_t took = now - number(text + 10, 20), bucket = took / 10000;
    latency[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    if (took > longest) longest = took;
    samples++;
}

/* Takes whole frames; returns how many bytes, and says whether a close was among them. */
static size_t parse(struct client *c, const char *data, size_t size, int *is_closed) {
    size_t at = 0, whole;
    uint64_t now = now_ns();
    struct frame frame;
    while (!*is_closed && (whole = read_frame(data + at, size - at, &frame))) {
        if (frame.kind == TEXT) deliver(c, frame.words, frame.size, now);
        else if (frame.kind == PING && !answer(c->fd, &frame)) break;
        else if (frame.kind == CLOSE) {
            *is_closed = 1;
            if (write(c->fd, "\x88\x82\0\0\0\0\x03\xe9", 8) < 0) break; /* 1001, as it got it */
        }
        at += whole;
    }
    return at;
}

static void keep(struct client *c, const char *data, size_t size) {
    if (size > c->room) {
        c->room = size + 4096;
        c->rest = realloc(c->rest, c->room);
        if (!c->rest) die("realloc");
    }
    memmove(c->rest, data, size);
    c->held = size;
}

static void take(struct client *c) {
    static char buffer[BUFFER + (1 << 17)];
    if (c->held) memcpy(buffer, c->rest, c->held);
    ssize_t got = recv(c->fd, buffer + c->held, BUFFER, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        cut += c->state == OPEN; /* without a close frame */
        leave(c, now_ns());
        return;
    }
    size_t size = c->held + got, used = 0;
    int is_closed = 0;
    if (c->state == GREETING) {
        char *stop = memmem(buffer, size, "\r\n\r\n", 4);
        if (!stop) {
            keep(c, buffer, size);
            return;
        }
        if (memcmp(buffer + 9, "101", 3)) {
            leave(c, now_ns());
            return;
        }
        used = stop + 4 - buffer;
        c->state = OPEN;
        c->since = now_ns();
        under_way--;
        opened++;
        note(opened_in, c->since);
        if (c->closed && c->since - c->closed > away) away = c->since - c->closed;
    }
    used += parse(c, buffer + used, size - used, &is_closed);
    if (is_closed) leave(c, now_ns());
    else keep(c, buffer + used, size - used);
}

/* Connect those whose time has come, and take what has arrived. */
static void turn(void) {
    struct epoll_event events[1024];
    uint64_t now = now_ns();
    static uint64_t looked;
    if (now - looked > 5000000) {
        looked = now;
        for (uint32_t i = 0; i < count && under_way < AT_ONCE; i++)
            if (all[i].state == AWAY && all[i].due <= now) begin(&all[i]);
    }
    int n = epoll_wait(epoll_fd, events, 1024, 5);
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        if (!c) continue; /* The orders. */
        if (c->state == ASKING && events[i].events & (EPOLLERR | EPOLLHUP)) leave(c, now_ns());
        else if (c->state == ASKING) greet(c);
        else take(c);
    }
}

static uint32_t open_now(void) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) found += all[i].state == OPEN;
    return found;
}

static double percentile(double share) {
    uint64_t want = samples * share, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += latency[i]) > want) return (i + 0.5) / 100.0; /* milliseconds */
    return 0;
}

static void print_tenths(const char *name, const uint32_t *tenths, uint64_t now) {
    printf(",\"%s\":[", name);
    for (uint64_t i = 0; i <= (now - step_began) / 100000000 && i < TENTHS; i++) printf(i ? ",%u" : "%u", tenths[i]);
    printf("]");
}

static void report(void) {
    uint64_t now = now_ns();
    printf("{\"seconds\":%.3f,\"open\":%u,\"samples\":%lu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"longest_ms\":%.3f,"
           "\"closed\":%u,\"opened\":%u,\"refused\":%u,\"cut\":%u,\"missing\":%u,\"doubled\":%u,\"gaps\":%u,"
           "\"bare_missed\":%u,\"longest_away_ms\":%.3f",
           (now - step_began) / 1e9, open_now(), (unsigned long)samples, percentile(0.5), percentile(0.99), longest / 1e6,
           closed, opened, refused, cut, missing, doubled, gaps, bare_missed, away / 1e6);
    print_tenths("closed_in", closed_in, now);
    print_tenths("opened_in", opened_in, now);
    printf("}\n");
    fflush(stdout);
    memset(latency, 0, sizeof latency);
    memset(closed_in, 0, sizeof closed_in);
    memset(opened_in, 0, sizeof opened_in);
    samples = longest = away = 0;
    closed = opened = refused = missing = doubled = bare_missed = gaps = cut = 0;
    step_began = now_ns();
}

static void name_servers(char *ports) {
    for (int i = 0; i < server_count; i++) servers[i].is_open = 0;
    for (char *word = strtok(ports, " "); word; word = strtok(NULL, " ")) {
        int port = atoi(word), i = 0;
        while (i < server_count && servers[i].port != port) i++;
        if (i == server_count) server_count++;
        if (server_count > 64) die("servers");
        servers[i].port = port;
        servers[i].is_open = 1;
    }
}

static void open_all(void) {
    uint64_t until = now_ns() + 120000000000u;
    for (uint32_t i = 0; i < count; i++) all[i].due = 0;
    while (open_now() < count) {
        if (now_ns() > until) die("nobody answers");
        turn();
    }
    printf("ready\n");
    fflush(stdout);
}

/* Whoever has had fewer than `wanted` after a while misses them. */
static void end(uint32_t wanted) {
    uint64_t until = now_ns() + LAST_WAIT * (uint64_t)1000000000;
    uint32_t left = 1;
    while (left && now_ns() < until) {
        turn();
        left = 0;
        for (uint32_t i = 0; i < count - bare; i++) left += all[i].next < wanted;
    }
    for (uint32_t i = 0; i < count - bare; i++)
        if (all[i].next < wanted) missing += wanted - all[i].next;
    report();
    exit(0);
}

static void obey(char *line) {
    if (!strncmp(line, "at ", 3)) name_servers(line + 3);
    else if (!strcmp(line, "open")) open_all();
    else if (!strcmp(line, "step")) report();
    else if (!strncmp(line, "end ", 4)) end(atoi(line + 4));
    else die(line);
}

int main(int argc, char **words) {
    char orders[4096];
    size_t held = 0;
    if (argc != 4) return fprintf(stderr, "usage: see rolling.c\n"), 2;
    count = atoi(words[1]), bare = atoi(words[2]);
    int fifo = open(words[3], O_RDWR | O_NONBLOCK);
    if (fifo < 0) die(words[3]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    all = calloc(count, sizeof *all);
    if (!all) die("memory");
    for (uint32_t i = 0; i < count; i++) all[i].due = UINT64_MAX;
    epoll_fd = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fifo, &e)) die("epoll_ctl");
    step_began = now_ns();
    for (;;) {
        turn();
        ssize_t got = read(fifo, orders + held, sizeof orders - held - 1);
        if (got <= 0) continue;
        held += got;
        orders[held] = 0;
        for (char *stop; (stop = memchr(orders, '\n', held));) {
            *stop = 0;
            size_t size = stop + 1 - orders;
            obey(orders);
            memmove(orders, stop + 1, held -= size);
            orders[held] = 0;
        }
    }
}

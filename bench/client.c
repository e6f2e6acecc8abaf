/* The load client: many WebSockets in one thread, every frame counted and checked.
 *
 *   client PORT CONNECTIONS MESSAGES [--path P] [--skip BYTES] [--timeout S] [--at-once N]
 *          [--stuck N] [--trickle N:BYTES] [--order number|same|join] [--hold 1] [--socketio 1]
 *          [--events 1] [--line N] [--paths FILE] [--find TEXT] [--spin 1] [--greeted N]
 *          [--say TEXT]
 *
 * Each message is expected to start, after BYTES of prefix, with its number in ten digits, counted
 * from 0, and with CLOCK_MONOTONIC nanoseconds of its push in twenty digits. The client prints
 * "ready" when all are connected, runs until each healthy connection has had MESSAGES of them, and
 * prints one line of JSON. With --hold it runs until SIGTERM, and fails if a connection is lost.
 *
 * --order says what is wrong besides a missing message: "number" wants the numbers in their order;
 * "same" wants each number once, in an order that all connections share (many pushes in flight have
 * no other); "join" wants the numbers in their order from whichever comes first, up to the last.
 *
 * --line tells after how many seconds every connection had had message N - 1.
 *
 * --paths has a path for each connection, one a line. With --find the number begins after TEXT,
 * wherever that is, and what has none is no message.
 *
 * With --greeted a connection counts as open when it was sent N frames, which are no messages. With --say it
 * says TEXT, of up to 125 bytes, when it was sent the first of them; with --socketio, instead of 40.
 *
 * Between a first and a second SIGUSR1 is a window: what was pushed in it has a p50 and a p99 of its own.
 *
 * With --spin it never sleeps while it runs, so that no send of the server has to wake it.
 *
 * --socketio speaks as much of Engine.IO 4 as a listener must, --events Server-Sent Events. N connections
 * can be stuck (they read only when all others are done), and others can read BYTES a second. It speaks the server's half of RFC 6455 only as far as it must: it
 * answers pings, and knows frames of up to 64 KiB.
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

#define BUFFER (1 << 20)
#define SAMPLE 16 /* one connection in so many measures latency */
#define BUCKETS 1000000 /* of 10 microseconds; the last takes the rest */

enum kind { HEALTHY, STUCK, TRICKLE };
enum order { NUMBER, SAME, JOIN };
enum open { ASKED, UPGRADED, OPEN };

struct connection {
    int fd;
    uint32_t next; /* the number of the message that it expects; with SAME, how many it had */
    uint32_t first; /* the number that it began with */
    uint64_t trail; /* with SAME, a hash of the numbers so far */
    uint32_t held; /* bytes kept in rest */
    uint32_t room;
    char *rest; /* an incomplete frame */
    uint8_t open, kind, done, joined, greetings;
};

static struct connection *all;
static char (*digits)[10];
static uint8_t *seen; /* with SAME, the numbers that the first connection had */
static uint64_t latency[BUCKETS], in_window[BUCKETS], samples, window_samples, deliveries, disorder, first_ns, last_ns, closed, longest, past_ns;
static volatile sig_atomic_t stopped;
static volatile uint64_t window_from = UINT64_MAX, window_to = UINT64_MAX;
static enum order order = NUMBER;
static uint32_t wanted, connections, line, past; /* past: connections that had message `line` */
static int epoll_fd, skip, port, at_once = 512, stuck, trickling, trickle_bytes, hold, socketio, events_mode;
static int spin, greeted;
static const char *path = "/", *find, *say;
static char **paths;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void begin(struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    /* A client address has some 28,000 ports: take another address for every 20,000. */
    struct sockaddr_in from = {.sin_family = AF_INET};
    int on = 1, small = 4096;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(c - all) / 20000);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &on, sizeof on);
    if (c->kind != HEALTHY) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect");
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e)) die("epoll_ctl");
}

static void greet(struct connection *c) {
    char request[2048];
    const char *upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n",
                        paths ? paths[c - all] : path, port,
                        events_mode ? "" : upgrade);
    if (write(c->fd, request, size) != size) die("handshake");
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e)) die("epoll_ctl");
}

static void end(struct connection *c) {
    close(c->fd);
    c->fd = -1;
    closed++;
}

static uint64_t number(const char *text, int size) {
    uint64_t value = 0;
    while (size--) value = value * 10 + (*text++ - '0');
    return value;
}

static void check(struct connection *c, const char *text) {
    uint64_t got = number(text, 10);
    if (order == JOIN && !c->joined) {
        c->next = c->first = got;
        c->joined = 1;
    }
    if (order == SAME) {
        c->trail = (c->trail ^ got) * 1099511628211u;
        if (c == all && (got >= wanted || seen[got]++)) disorder++;
        if (c->next++ >= wanted) disorder++;
    } else if (c->next >= wanted || memcmp(text, digits[c->next], 10)) disorder++;
    else c->next++;
    if (line && c->next == line && ++past == connections) past_ns = now_ns();
}

/* A text frame behind a mask that changes nothing. */
static void tell(struct connection *c, const char *text) {
    size_t size = strlen(text);
    char frame[6 + 125] = {'\x81', '\x80' | size};
    memcpy(frame + 6, text, size);
    if (write(c->fd, frame, 6 + size) != (ssize_t)(6 + size)) die("what is said");
}

static void deliver(struct connection *c, const char *text, int size, uint64_t now) {
    if (socketio && size && *text != '4') {
        if (*text == '0') tell(c, say ? say : "40");
        if (*text == '2') tell(c, "3");
        return;
    }
    if (socketio && size > 1 && text[1] == '0') c->open = OPEN;
    if (socketio && size > 1 && text[1] != '2') return;
    if (c->greetings < greeted) {
        if (++c->greetings == greeted) c->open = OPEN;
        if (c->greetings == 1 && say) tell(c, say);
        return;
    }
    if (find) {
        const char *content = memmem(text, size, find, strlen(find));
        if (!content) return;
        content += strlen(find);
        size -= content - text;
        text = content;
    }
    if (size < skip + 30) return; /* not one of ours: a welcome */
    text += skip;
    check(c, text);
    deliveries++;
    last_ns = now;
    if (!first_ns) first_ns = now;
    if ((c - all) % SAMPLE == 0 && c->kind == HEALTHY) {
        uint64_t pushed = number(text + 10, 20), took = now - pushed, bucket = took / 10000;
        if (bucket >= BUCKETS) bucket = BUCKETS - 1;
        latency[bucket]++;
        if (pushed >= window_from && pushed <= window_to) in_window[bucket]++, window_samples++;
        if (took > longest) longest = took;
        samples++;
    }
}

/* Takes whole frames from data; returns how many bytes it took. */
static size_t parse(struct connection *c, const char *data, size_t size) {
    size_t at = 0, whole;
    uint64_t now = now_ns();
    struct frame frame;
    while ((whole = read_frame(data + at, size - at, &frame))) {
        if (frame.kind == TEXT) deliver(c, frame.words, frame.size, now);
        else if (frame.kind == PING && !answer(c->fd, &frame)) break;
        at += whole;
    }
    return at;
}

/* Where an event ends: at its first empty line. A byte at a time is found far faster than two, as memmem looks. */
static const char *end_of_event(const char *data, const char *end) {
    while ((data = memchr(data, '\n', end - data)) && data + 1 < end) {
        if (data[1] == '\n') return data;
        data++;
    }
    return NULL;
}

/* The same for a stream of events; what does not begin with an id and data is no message. Each byte is looked at once. */
static size_t parse_events(struct connection *c, const char *data, size_t size) {
    const char *at = data, *end = data + size, *line, *stop;
    uint64_t now = now_ns();
    while ((line = memchr(at, '\n', end - at))) {
        int is_message = end - line > 7 && !memcmp(line, "\ndata: ", 7) && !memcmp(at, "id: ", 4);
        if (!(stop = end_of_event(is_message ? line + 7 : line, end))) break;
        if (is_message) deliver(c, line + 7, stop - line - 7, now);
        at = stop + 2;
    }
    return at - data;
}

static void keep(struct connection *c, const char *data, size_t size) {
    if (size > c->room) {
        c->room = size + 4096;
        c->rest = realloc(c->rest, c->room);
        if (!c->rest) die("realloc");
    }
    memmove(c->rest, data, size);
    c->held = size;
}

static void take(struct connection *c, size_t most) {
    static char buffer[BUFFER + (1 << 17)];
    if (c->held) memcpy(buffer, c->rest, c->held);
    ssize_t got = recv(c->fd, buffer + c->held, most, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        end(c);
        return;
    }
    size_t size = c->held + got, used = 0;
    if (!c->open) {
        char *stop = memmem(buffer, size, "\r\n\r\n", 4);
        if (!stop) {
            keep(c, buffer, size);
            return;
        }
        if (memcmp(buffer + 9, events_mode ? "200" : "101", 3)) {
            fprintf(stderr, "client: refused: %.60s\n", buffer);
            exit(3);
        }
        c->open = socketio || greeted ? UPGRADED : OPEN;
        used = stop + 4 - buffer;
    }
    used += (events_mode ? parse_events : parse)(c, buffer + used, size - used);
    keep(c, buffer + used, size - used);
}

enum { TOGETHER = 64 }; /* Connections begun between two looks at what has happened. */

static void connect_all(void) {
    uint32_t begun = 0, open = 0;
    struct epoll_event events[1024];
    while (open < connections) {
        /* Some at a time: whoever is connected greets at once, as clients on machines of their own do. */
        uint32_t some = 0, most = open + at_once < connections ? open + at_once : connections;
        while (begun < most && some++ < TOGETHER) begin(&all[begun++]);
        int n = epoll_wait(epoll_fd, events, 1024, begun < most ? 0 : 20000);
        if (n < 0 || (n == 0 && begun >= most)) die("nobody answers");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                greet(c);
                continue;
            }
            uint8_t was = c->open == OPEN;
            take(c, 65536);
            if (c->fd < 0) die("closed in the handshake");
            open += (c->open == OPEN) - was;
        }
    }
    for (uint32_t i = 0; i < connections; i++)
        if (all[i].kind != HEALTHY) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, all[i].fd, NULL);
}

static int is_finished(const struct connection *c) {
    return c->fd < 0 || (!hold && c->next >= wanted && (order != JOIN || c->joined));
}

/* Reads until all connections up to that kind have everything. */
static void run(uint64_t until, enum kind upto) {
    struct epoll_event events[1024];
    uint32_t left = 0;
    uint64_t fed = now_ns();
    for (uint32_t i = 0; i < connections; i++) {
        all[i].done = all[i].kind > upto || is_finished(&all[i]);
        left += !all[i].done;
    }
    while (left && !stopped && now_ns() < until) {
        int n = epoll_wait(epoll_fd, events, 1024, spin ? 0 : 50);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            take(c, BUFFER);
            if (!c->done && is_finished(c)) {
                c->done = 1;
                left--;
            }
        }
        if (trickling && now_ns() - fed > 100000000) {
            fed += 100000000;
            for (uint32_t i = 0; i < connections; i++)
                if (all[i].kind == TRICKLE && all[i].fd >= 0) take(&all[i], trickle_bytes / 10);
        }
    }
}

/* The stuck and the slow read again, until they have everything. */
static void let_go(uint64_t until) {
    for (uint32_t i = 0; i < connections; i++) {
        if (all[i].kind == HEALTHY || all[i].fd < 0) continue;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &all[i]};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, all[i].fd, &e)) die("epoll_ctl");
    }
    trickling = 0;
    run(until, TRICKLE);
}

static void read_paths(const char *file) {
    FILE *f = fopen(file, "r");
    if (!f) die(file);
    paths = calloc(connections, sizeof *paths);
    for (uint32_t i = 0; i < connections; i++) {
        size_t room = 0;
        if (getline(&paths[i], &room, f) < 0) die("too few paths");
        paths[i][strcspn(paths[i], "\n")] = 0;
    }
    fclose(f);
}

static void stop(int number_of_signal) {
    (void)number_of_signal;
    stopped = 1;
}

static void mark(int number_of_signal) {
    (void)number_of_signal;
    if (window_from == UINT64_MAX) window_from = now_ns();
    else window_to = now_ns();
}

static double percentile(const uint64_t *buckets, uint64_t all_of_them, double share) {
    uint64_t want = all_of_them * share, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += buckets[i]) > want) return (i + 0.5) / 100.0; /* milliseconds */
    return 0;
}

int main(int count, char **words) {
    double timeout = 60;
    if (count < 4) return fprintf(stderr, "usage: see client.c\n"), 2;
    port = atoi(words[1]), connections = atoi(words[2]), wanted = atoi(words[3]);
    for (int i = 4; i + 1 < count; i += 2) {
        if (!strcmp(words[i], "--path")) path = words[i + 1];
        else if (!strcmp(words[i], "--skip")) skip = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--timeout")) timeout = atof(words[i + 1]);
        else if (!strcmp(words[i], "--at-once")) at_once = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--stuck")) stuck = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--trickle")) sscanf(words[i + 1], "%d:%d", &trickling, &trickle_bytes);
        else if (!strcmp(words[i], "--find")) find = words[i + 1];
        else if (!strcmp(words[i], "--spin")) spin = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--greeted")) greeted = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--say") && strlen(words[i + 1]) < 126) say = words[i + 1];
        else if (!strcmp(words[i], "--paths")) read_paths(words[i + 1]);
        else if (!strcmp(words[i], "--line")) line = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--hold")) hold = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--events")) events_mode = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--socketio")) socketio = atoi(words[i + 1]);
        else if (!strcmp(words[i], "--order")) order = *words[i + 1] == 'n' ? NUMBER : *words[i + 1] == 's' ? SAME : JOIN;
        else return fprintf(stderr, "client: what is %s?\n", words[i]), 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    if (hold) signal(SIGTERM, stop);
    signal(SIGUSR1, mark);
    all = calloc(connections, sizeof *all);
    digits = malloc((size_t)(wanted + 1) * 10);
    seen = calloc(wanted + 1, 1);
    if (!all || !digits || !seen) die("memory");
    for (uint32_t i = 0; i < wanted; i++) {
        char text[11];
        snprintf(text, sizeof text, "%010u", i);
        memcpy(digits[i], text, 10);
    }
    uint32_t slow = stuck + trickling;
    for (uint32_t i = 0; i < slow; i++) all[connections - 1 - i].kind = i < (uint32_t)stuck ? STUCK : TRICKLE;
    epoll_fd = epoll_create1(0);

    uint64_t start = now_ns();
    connect_all();
    double connected = (now_ns() - start) / 1e9;
    printf("ready %.6f\n", connected);
    fflush(stdout);
    run(now_ns() + timeout * 1e9, HEALTHY);
    double p50 = percentile(latency, samples, 0.50), p99 = percentile(latency, samples, 0.99);
    double window_p50 = percentile(in_window, window_samples, 0.50), window_p99 = percentile(in_window, window_samples, 0.99);
    uint64_t end_ns = last_ns, healthy = deliveries;
    if (slow) let_go(now_ns() + timeout * 1e9);

    uint64_t missing = 0;
    for (uint32_t i = 0; i < connections; i++) {
        missing += wanted > all[i].next ? wanted - all[i].next : 0;
        disorder += order == SAME && all[i].trail != all[0].trail;
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"connections\": %u, \"connect_seconds\": %.6f, \"deliveries\": %lu, \"healthy\": %lu, "
           "\"missing\": %lu, \"disorder\": %lu, \"closed\": %lu, \"seconds\": %.6f, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"window_p50_ms\": %.3f, \"window_p99_ms\": %.3f, \"longest_ms\": %.3f, \"cpu_seconds\": %.3f, "
           "\"line_seconds\": %.6f}\n",
           connections, connected, deliveries, healthy, missing, disorder, closed, (end_ns - first_ns) / 1e9, p50,
           p99, window_p50, window_p99, longest / 1e6, used.ru_utime.tv_sec + used.ru_utime.tv_usec / 1e6 + used.ru_stime.tv_sec + used.ru_stime.tv_usec / 1e6,
           past_ns ? (past_ns - start) / 1e9 : 0.0);
    return missing || disorder || closed ? 1 : 0;
}

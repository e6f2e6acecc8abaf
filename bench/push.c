/* The publisher over HTTP: keep-alive connections, each with one POST under way.
 *
 *   push PORT PATH REQUESTS BYTES IN_FLIGHT INTERVAL_NANOSECONDS [--before TEXT] [--after TEXT]
 *        [--type TYPE] [--header LINE] [--body FILE] [--seconds S]
 *
 * The body of request i is the text before, then the number i in ten digits, CLOCK_MONOTONIC nanoseconds in
 * twenty, x up to BYTES, and the text after; or, with --body, that file each time. Requests leave INTERVAL
 * apart, or as soon as one of the connections is free. With --seconds none leaves after S, and the number of
 * requests is what had left by then. Any answer but a 2xx without "code":-1 or "error": is a failure.
 *
 * How long an answer takes is counted from the moment at which the request was due: one that finds no free
 * connection waits, and its wait counts.
 *
 * It prints one line of JSON. What does not change of a request is written once, so that this program is not
 * the limit: besides the system calls a request costs it well below a microsecond.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER 65536
#define BUCKETS 1000000 /* of 10 microseconds; the last takes the rest */
#define PATIENCE 30 /* seconds without any answer */

struct connection {
    int fd;
    size_t held;
    uint64_t asked;
    char answer[ANSWER];
};

static int port, epoll_fd;
static const char *path, *before = "", *after = "", *type = "text/plain", *header = "";
static char *request, *stamp, *file;
static size_t bytes, file_size, request_size;
static uint64_t latency[BUCKETS], failed, answered, sent;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "push: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void dial(struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e)) die("epoll_ctl");
}

static void digits(char *to, int size, uint64_t value) {
    while (size--) to[size] = '0' + value % 10, value /= 10;
}

static void prepare(void) {
    size_t length = file ? file_size : strlen(before) + bytes + strlen(after);
    request = malloc(length + strlen(path) + strlen(type) + strlen(header) + 256);
    if (!request) die("memory");
    char *body = request + sprintf(request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: %s\r\n%s%sContent-Length: %zu\r\n\r\n",
                                   path, port, type, header, *header ? "\r\n" : "", length);
    request_size = body + length - request;
    if (file) memcpy(body, file, file_size);
    else {
        stamp = mempcpy(body, before, strlen(before));
        memset(stamp, 'x', bytes);
        memcpy(stamp + bytes, after, strlen(after));
    }
}

static void ask(struct connection *c, uint64_t due) {
    if (stamp) {
        digits(stamp, 10, sent);
        digits(stamp + 10, 20, now_ns());
    }
    sent++;
    c->asked = due ? due : now_ns();
    c->held = 0;
    for (size_t at = 0; at < request_size;) {
        ssize_t did = send(c->fd, request + at, request_size - at, MSG_NOSIGNAL);
        if (did < 0) die("send");
        at += did;
    }
}

/* Whether the answer is complete. */
static int take(struct connection *c) {
    ssize_t got = recv(c->fd, c->answer + c->held, ANSWER - 1 - c->held, 0);
    if (got <= 0) die("the server closed a connection");
    c->held += got;
    c->answer[c->held] = 0;
    char *stop = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "content-length:");
    if (!stop) return 0;
    if (!length || length > stop) die("an answer without Content-Length");
    if (c->held < (size_t)(stop + 4 - c->answer) + atoi(length + 15)) return 0;
    if (c->answer[9] != '2' || strstr(stop, "\"code\":-1") || strstr(stop, "\"error\":")) {
        if (!failed++) fprintf(stderr, "push: %.300s\n", c->answer);
    }
    uint64_t bucket = (now_ns() - c->asked) / 10000;
    latency[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    answered++;
    return 1;
}

static double percentile(double share) {
    uint64_t want = answered * share, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += latency[i]) > want) return (i + 0.5) / 100.0; /* milliseconds */
    return 0;
}

static void read_body(const char *name) {
    FILE *from = fopen(name, "rb");
    if (!from) die(name);
    fseek(from, 0, SEEK_END);
    file_size = ftell(from);
    rewind(from);
    file = malloc(file_size);
    if (!file || fread(file, 1, file_size, from) != file_size) die(name);
    fclose(from);
}

static void run(struct connection *all, uint64_t requests, int in_flight, uint64_t interval, double seconds) {
    struct epoll_event events[256];
    struct connection **idle = calloc(in_flight, sizeof *idle);
    int free_ones = 0;
    uint64_t due = now_ns(), stop = seconds ? due + (uint64_t)(seconds * 1e9) : UINT64_MAX;
    for (int i = 0; i < in_flight; i++) idle[free_ones++] = &all[i];
    while (answered < requests) {
        uint64_t now = now_ns();
        if (now >= stop) requests = sent, stop = UINT64_MAX;
        while (free_ones && sent < requests && (!interval || now >= due)) {
            ask(idle[--free_ones], interval ? due : 0);
            due += interval;
        }
        struct timespec wait = {.tv_sec = PATIENCE};
        int is_pause = free_ones && sent < requests;
        if (is_pause) {
            uint64_t left = due > (now = now_ns()) ? due - now : 0;
            wait = (struct timespec){left / 1000000000, left % 1000000000};
        }
        if (answered >= requests) break;
        int n = epoll_pwait2(epoll_fd, events, 256, &wait, NULL);
        if (n < 0 && errno != EINTR) die("epoll_pwait2");
        if (!n && !is_pause) die("no answer");
        for (int i = 0; i < n; i++)
            if (take(events[i].data.ptr)) idle[free_ones++] = events[i].data.ptr;
    }
}

int main(int count, char **words) {
    if (count < 7) return fprintf(stderr, "usage: see push.c\n"), 2;
    port = atoi(words[1]), path = words[2], bytes = atoi(words[4]);
    uint64_t requests = atoll(words[3]), interval = atoll(words[6]);
    int in_flight = atoi(words[5]);
    double most = 0;
    for (int i = 7; i + 1 < count; i += 2) {
        if (!strcmp(words[i], "--before")) before = words[i + 1];
        else if (!strcmp(words[i], "--after")) after = words[i + 1];
        else if (!strcmp(words[i], "--type")) type = words[i + 1];
        else if (!strcmp(words[i], "--header")) header = words[i + 1];
        else if (!strcmp(words[i], "--seconds")) most = atof(words[i + 1]);
        else if (!strcmp(words[i], "--body")) read_body(words[i + 1]);
        else return fprintf(stderr, "push: what is %s?\n", words[i]), 2;
    }
    if (bytes < 30 && !file) return fprintf(stderr, "push: at least 30 bytes\n"), 2;
    prepare();
    prctl(PR_SET_TIMERSLACK, 1); /* Or every pause is 50 microseconds too long. */
    struct connection *all = calloc(in_flight, sizeof *all);
    if (!all) die("memory");
    epoll_fd = epoll_create1(0);
    for (int i = 0; i < in_flight; i++) dial(&all[i]);

    uint64_t start = now_ns();
    run(all, requests, in_flight, interval, most);
    double seconds = (now_ns() - start) / 1e9;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"requests\": %lu, \"failed\": %lu, \"seconds\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"cpu_seconds\": %.3f}\n",
           answered, failed, seconds, percentile(0.50), percentile(0.99),
           used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return failed ? 1 : 0;
}

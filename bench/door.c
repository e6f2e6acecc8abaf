/* The floor of the doors: what an answer and a handshake cost at the least.
 *
 *   door PORT
 *
 * It reads a request to its end and answers with bytes that are ready: a POST with what a push is answered,
 * anything else with 101 Switching Protocols for the one key that the load client sends. It looks at no field
 * but Content-Length, stores nothing, and keeps each connection. It prints "listening" and runs until it is ended.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 16384
#define CONNECTIONS 65536

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"code\":0,\"msg\":\"success\"}\n";
static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static int epoll_fd, listening;
static struct { size_t held; char *bytes; } part[CONNECTIONS]; /* an incomplete request */

static void die(const char *what) {
    fprintf(stderr, "door: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void watch(int fd) {
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e)) die("epoll_ctl");
}

static void let_in(void) {
    int fd, on = 1;
    while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= CONNECTIONS) die("too many connections");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        part[fd].held = 0;
        watch(fd);
    }
}

/* How long the request at the start of these bytes is; 0 if it is not complete. */
static size_t length_of(const char *bytes, size_t size) {
    const char *stop = memmem(bytes, size, "\r\n\r\n", 4);
    if (!stop) return 0;
    const char *length = memmem(bytes, stop - bytes, "Content-Length:", 15);
    size_t whole = stop + 4 - bytes + (length ? strtoul(length + 15, NULL, 10) : 0);
    return whole <= size ? whole : 0;
}

static void keep(int fd, const char *bytes, size_t size) {
    if (size && !part[fd].bytes) part[fd].bytes = malloc(ROOM);
    if (size) memmove(part[fd].bytes, bytes, size);
    part[fd].held = size;
}

static void serve(int fd) {
    static char bytes[2 * ROOM];
    size_t held = part[fd].held, used = 0, whole;
    if (held) memcpy(bytes, part[fd].bytes, held);
    ssize_t got = recv(fd, bytes + held, ROOM - held, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        close(fd);
        return;
    }
    size_t size = held + got;
    while ((whole = length_of(bytes + used, size - used))) {
        int is_push = bytes[used] == 'P';
        if (send(fd, is_push ? answer : upgrade, (is_push ? sizeof answer : sizeof upgrade) - 1, MSG_NOSIGNAL) < 0) break;
        used += whole;
    }
    keep(fd, bytes + used, size - used);
}

int main(int count, char **words) {
    if (count != 2) return fprintf(stderr, "usage: door PORT\n"), 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listening, (struct sockaddr *)&at, sizeof at) || listen(listening, 4096)) die("listen");
    epoll_fd = epoll_create1(0);
    watch(listening);
    puts("listening");
    fflush(stdout);
    struct epoll_event events[1024];
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 1024, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listening) let_in();
            else serve(events[i].data.fd);
        }
    }
}

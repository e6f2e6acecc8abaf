/* The floor: the least that a fan-out can cost, a plain loop of write() over sockets with ready frames.
 *
 *   floor PORT CONNECTIONS MESSAGES BYTES INTERVAL_MICROSECONDS BATCH
 *
 * It takes CONNECTIONS handshakes without a look at them, then sends MESSAGES of BYTES each, BATCH in
 * one write, a write per connection every INTERVAL. It reads nothing, checks nothing and keeps nothing.
 * It prints one line of JSON: the CPU time and the time of the sending alone.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static double cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void write_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) die("send");
        if (sent < 0) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, 1000);
            continue;
        }
        data += sent, size -= sent;
    }
}

int main(int count, char **words) {
    if (count != 7) return fprintf(stderr, "usage: see floor.c\n"), 2;
    int port = atoi(words[1]), connections = atoi(words[2]), messages = atoi(words[3]);
    int size = atoi(words[4]), interval = atoi(words[5]), batch = atoi(words[6]), on = 1;
    int head = size < 126 ? 2 : 4;
    int *fds = calloc(connections, sizeof *fds);
    char *chunk = malloc((size_t)batch * (size + 4)), request[4096];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) die("listen");
    puts("listening");
    fflush(stdout);
    for (int i = 0; i < connections; i++) {
        const char *answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        fds[i] = accept(listener, NULL, NULL);
        if (fds[i] < 0 || read(fds[i], request, sizeof request) <= 0) die("accept");
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        write_all(fds[i], answer, strlen(answer));
    }
    usleep(500000);

    double cpu_start = cpu();
    uint64_t start = now_ns(), due = start;
    for (int sent = 0; sent < messages; sent += batch) {
        char *to = chunk;
        for (int i = sent; i < sent + batch && i < messages; i++) {
            *to++ = (char)0x81;
            if (head == 2) *to++ = size;
            else *to++ = 126, *to++ = size >> 8, *to++ = size;
            int written = sprintf(to, "%010d%020lu", i, now_ns());
            memset(to + written, 'x', size - written);
            to += size;
        }
        for (int i = 0; i < connections; i++) write_all(fds[i], chunk, to - chunk);
        due += interval * 1000ull;
        uint64_t now = now_ns();
        if (now < due) usleep((due - now) / 1000);
    }
    printf("{\"cpu_seconds\": %.6f, \"seconds\": %.6f}\n", cpu() - cpu_start, (now_ns() - start) / 1e9);
    fflush(stdout);
    pause();
}

/* As much of RFC 6455 as a load client must know: the frames of a server, and a pong. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = 1, CLOSE = 8, PING = 9 };

struct frame {
    int kind;
    const char *words;
    size_t size; /* of its words */
};

/* How many bytes the first frame of data takes; 0 if it is not whole. */
static size_t read_frame(const char *data, size_t size, struct frame *frame) {
    const unsigned char *f = (const unsigned char *)data;
    if (size < 2) return 0;
    size_t head = 2, length = f[1] & 0x7f;
    if (length == 126) {
        if (size < 4) return 0;
        head = 4, length = (size_t)f[2] << 8 | f[3];
    } else if (length == 127) {
        if (size < 10) return 0;
        head = 10, length = 0;
        for (int i = 2; i < 10; i++) length = length << 8 | f[i];
    }
    if (size - head < length) return 0;
    *frame = (struct frame){f[0] & 0x0f, data + head, length};
    return head + length;
}

/* A pong has the words of its ping, behind a mask that changes nothing. 0: it could not be sent. */
static int answer(int fd, const struct frame *ping) {
    char pong[6 + 125] = {'\x8a', '\x80' | ping->size};
    if (ping->size > 125) return 0;
    memcpy(pong + 6, ping->words, ping->size);
    return write(fd, pong, 6 + ping->size) >= 0;
}

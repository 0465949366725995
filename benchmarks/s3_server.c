/* A small S3 server for benchmarks: one bucket in memory, read-only, one thread.

   usage: s3_server FOLDER COPIES DELAY_MS

   It serves every *.json.gz below FOLDER as the bucket `trail`, COPIES times under other accounts
   (/1111… and _1111… become /1112…, …), and answers ListObjectsV2 (prefix, delimiter, start-after,
   continuation-token, max-keys) and GET. Each answer is held back by DELAY_MS without delaying
   others. `GET /peak` tells how many objects were held back at a time at most since it was asked
   before. It prints its endpoint, and checks no signature. Only for 127.0.0.1. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 1000, MOST = 4096, HEAD = 16384, BODY = 1 << 20 };

struct object { char *key; char *data; size_t size; };

/* One connection: one request at a time, and what is left to send of its answer. */
struct talk {
    char heard[HEAD];
    size_t length;
    char *head, *body;
    size_t head_left, body_left;
    char made[512], number[24];
    char *page; /* a listing, to be freed */
};

struct late { int64_t at; int fd; uint64_t opened; size_t objects; /* one, or none: a listing */ };

static struct object *objects;
static size_t count, room;
static size_t root;
static struct talk *talks[MOST];
static uint64_t opened[MOST]; /* tells connections of the same number apart */
static struct late *waiting;
static size_t first_late, late_count, late_room, late_objects, peak;
static int poller, timer;
static int64_t delay;

static void *checked(void *found) {
    if (!found) { perror("memory"); exit(1); }
    return found;
}

static void add(const char *key, char *data, size_t size) {
    if (count == room) objects = checked(realloc(objects, (room = room ? 2 * room : 1024) * sizeof *objects));
    objects[count++] = (struct object){checked(strdup(key)), data, size};
}

static int visit(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)where;
    size_t length = strlen(path);
    if (kind != FTW_F || length < 8 || strcmp(path + length - 8, ".json.gz")) return 0;
    char *data = checked(malloc(info->st_size + 1));
    FILE *file = fopen(path, "rb");
    if (!file || fread(data, 1, info->st_size, file) != (size_t)info->st_size) return 1;
    fclose(file);
    add(path + root, data, info->st_size);
    return 0;
}

/* Serve every object under so many accounts. */
static void copy_all(int copies) {
    size_t originals = count;
    for (int copy = 1; copy < copies; copy++)
        for (size_t i = 0; i < originals; i++) {
            char *key = strdup(objects[i].key), number[5];
            snprintf(number, sizeof number, "%d", 1111 + copy);
            for (char *at = key; (at = strstr(at, "1111")); at += 4)
                if (at > key && (at[-1] == '/' || at[-1] == '_')) memcpy(at, number, 4);
            add(key, objects[i].data, objects[i].size);
            free(key);
        }
}

static int in_order(const void *left, const void *right) {
    return strcmp(((const struct object *)left)->key, ((const struct object *)right)->key);
}

/* The first object whose key is not before a text; behind it and all that begin with it if `past`. */
static size_t find(const char *text, int past) {
    size_t low = 0, high = count, length = strlen(text);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = past ? strncmp(objects[middle].key, text, length) : strcmp(objects[middle].key, text);
        if (order < 0 || (past && order == 0)) low = middle + 1; else high = middle;
    }
    return low;
}

/* A value of the query, unquoted; empty if it is not there. */
static void value(const char *query, const char *name, char *into, size_t most) {
    size_t length = strlen(name), used = 0;
    *into = 0;
    for (const char *at = query; at; at = strchr(at, '&'), at = at ? at + 1 : at) {
        if (strncmp(at, name, length) || at[length] != '=') continue;
        for (at += length + 1; *at && *at != '&' && used + 1 < most; at++)
            if (*at == '%') {
                char digits[3] = {at[1], at[2], 0};
                into[used++] = (char)strtol(digits, NULL, 16);
                at += 2;
            } else into[used++] = *at;
        into[used] = 0;
        return;
    }
}

static void list(struct talk *talk, const char *query) {
    char prefix[1024], delimiter[16], after[1024], size[16], token[1100] = "";
    value(query, "prefix", prefix, sizeof prefix);
    value(query, "delimiter", delimiter, sizeof delimiter);
    value(query, "continuation-token", after, sizeof after);
    if (!*after) value(query, "start-after", after, sizeof after);
    value(query, "max-keys", size, sizeof size);
    size_t most = *size ? strtoul(size, NULL, 10) : PAGE, found = 0, length = strlen(prefix);
    size_t at = find(prefix, 0);
    if (*after) {
        size_t behind = find(after, *delimiter && after[strlen(after) - 1] == '/');
        if (behind < count && !strcmp(objects[behind].key, after)) behind++;
        if (behind > at) at = behind;
    }
    char *page = checked(malloc(BODY)), *to = page, *middle = checked(malloc(BODY)), *part = middle;
    const char *last = "";
    int more = 0;
    while (at < count && !strncmp(objects[at].key, prefix, length)) {
        if (found == most) { more = 1; break; }
        found++;
        char *slash = *delimiter ? strchr(objects[at].key + length, '/') : NULL;
        if (slash) {
            snprintf(token, sizeof token, "%.*s", (int)(slash + 1 - objects[at].key), objects[at].key);
            part += sprintf(part, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", token);
            last = token;
            at = find(token, 1);
        } else {
            last = objects[at].key;
            part += sprintf(part, "<Contents><Key>%s</Key><LastModified>2026-11-22T12:00:00.000Z</LastModified>"
                "<ETag>&quot;%zx&quot;</ETag><Size>%zu</Size><StorageClass>STANDARD</StorageClass></Contents>",
                last, objects[at].size, objects[at].size);
            at++;
        }
        if (part - middle > BODY - 4096) { more = at < count; break; }
    }
    to += sprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>trail</Name>"
        "<Prefix>%s</Prefix><KeyCount>%zu</KeyCount><MaxKeys>%zu</MaxKeys><IsTruncated>%s</IsTruncated>"
        "<EncodingType>url</EncodingType>", prefix, found, most, more ? "true" : "false");
    if (more) to += sprintf(to, "<NextContinuationToken>%s</NextContinuationToken>", last);
    size_t left = part - middle;
    page = checked(realloc(page, (to - page) + left + 32));
    to = page + strlen(page);
    memcpy(to, middle, left);
    strcpy(to + left, "</ListBucketResult>");
    free(middle);
    talk->page = talk->body = page;
    talk->body_left = strlen(page);
}

static void answer(struct talk *talk) {
    char *target = strchr(talk->heard, ' ') + 1, *end = strchr(target, ' ');
    const char *status = "404 Not Found", *type = "application/xml";
    char etag[64] = "";
    talk->body_left = 0;
    talk->page = NULL;
    *end = 0;
    char *query = strchr(target, '?');
    if (query) *query++ = 0;
    if (!strncmp(target, "/trail/", 7) && target[7]) {
        size_t at = find(target + 7, 0);
        if (at < count && !strcmp(objects[at].key, target + 7)) {
            status = "200 OK", type = "application/json";
            talk->body = objects[at].data, talk->body_left = objects[at].size;
            snprintf(etag, sizeof etag, "etag: \"%zx\"\r\n", objects[at].size);
        }
    } else if (!strcmp(target, "/peak")) {
        status = "200 OK", type = "text/plain";
        snprintf(talk->number, sizeof talk->number, "%zu", peak);
        talk->body = talk->number, talk->body_left = strlen(talk->number);
        peak = 0;
    } else if (query && strstr(query, "list-type=2")) {
        status = "200 OK";
        list(talk, query);
    }
    talk->head = talk->made;
    talk->head_left = snprintf(talk->made, sizeof talk->made,
        "HTTP/1.1 %s\r\nx-amz-bucket-region: us-east-1\r\nlast-modified: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
        "content-type: %s\r\n%scontent-length: %zu\r\n\r\n", status, type, etag, talk->body_left);
}

static void leave(int fd) {
    free(talks[fd]->page);
    free(talks[fd]);
    talks[fd] = NULL;
    close(fd);
}

static void watch(int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event);
}

/* Send what the socket takes; then listen again. */
static void send_some(int fd) {
    struct talk *talk = talks[fd];
    struct iovec parts[2] = {{talk->head, talk->head_left}, {talk->body, talk->body_left}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) { leave(fd); return; }
    size_t done = sent < 0 ? 0 : sent, of_head = done < talk->head_left ? done : talk->head_left;
    talk->head += of_head, talk->head_left -= of_head;
    talk->body += done - of_head, talk->body_left -= done - of_head;
    if (talk->head_left + talk->body_left) { watch(fd, EPOLLOUT); return; }
    free(talk->page);
    talk->page = NULL;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void set_timer(void) {
    int64_t at = waiting[first_late].at;
    struct itimerspec when = {.it_value = {at / 1000000000, at % 1000000000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void hold_back(int fd) {
    if (first_late + late_count == late_room) {
        memmove(waiting, waiting + first_late, late_count * sizeof *waiting);
        first_late = 0;
        if (late_count >= late_room / 2)
            waiting = checked(realloc(waiting, (late_room = 2 * late_room + 1024) * sizeof *waiting));
    }
    size_t objects = !talks[fd]->page;
    waiting[first_late + late_count++] = (struct late){now() + delay, fd, opened[fd], objects};
    if ((late_objects += objects) > peak) peak = late_objects;
    if (late_count == 1) set_timer();
}

static void send_late(void) {
    uint64_t times;
    if (read(timer, &times, sizeof times) < 0) return;
    while (late_count && waiting[first_late].at <= now()) {
        struct late one = waiting[first_late++];
        late_count--;
        late_objects -= one.objects;
        if (talks[one.fd] && opened[one.fd] == one.opened) send_some(one.fd);
    }
    if (late_count) set_timer();
}

static void hear(int fd) {
    struct talk *talk = talks[fd];
    ssize_t got = recv(fd, talk->heard + talk->length, HEAD - 1 - talk->length, MSG_DONTWAIT);
    if (got <= 0) { if (got == 0 || errno != EAGAIN) leave(fd); return; }
    talk->length += got;
    talk->heard[talk->length] = 0;
    if (!strstr(talk->heard, "\r\n\r\n")) return;
    talk->length = 0;
    answer(talk);
    if (delay && talk->body != talk->number) hold_back(fd); else send_some(fd);
}

static void greet(int door) {
    int fd, one = 1;
    while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= MOST) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        talks[fd] = checked(calloc(1, sizeof **talks));
        opened[fd]++;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) { fprintf(stderr, "usage: s3_server FOLDER COPIES DELAY_MS\n"); return 2; }
    root = strlen(argv[1]) + 1;
    if (nftw(argv[1], visit, 64, FTW_PHYS)) { perror(argv[1]); return 1; }
    copy_all(atoi(argv[2]));
    qsort(objects, count, sizeof *objects, in_order);
    delay = (int64_t)(atof(argv[3]) * 1e6);
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    if (bind(door, (void *)&here, size) || listen(door, 1024) || getsockname(door, (void *)&here, &size)) {
        perror("listen");
        return 1;
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = i ? timer : door};
        epoll_ctl(poller, EPOLL_CTL_ADD, i ? timer : door, &event);
    }
    printf("http://127.0.0.1:%d\n", ntohs(here.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == door) greet(door);
            else if (fd == timer) send_late();
            else if (!talks[fd]) continue;
            else if (events[i].events & EPOLLOUT) { watch(fd, EPOLLIN); send_some(fd); }
            else hear(fd);
        }
    }
}

/* A load generator that is not the bottleneck: one thread, epoll, raw HTTP/1.1. Prints one line of JSON.
 *
 *   loadgen PORT MODE CLIENTS SECONDS < REQUEST
 *
 * MODE:
 *   new     each client has one request under way, each on a connection of its own (the request says "close")
 *   keep    likewise, on connections that stay open
 *   probe   one request each PROBE_EVERY seconds and client, on a new connection; ends at SIGTERM
 *   crowd   CLIENTS connections at once, one request each; ends when all are answered
 *
 * A latency begins when the connection is asked for (in `keep` the request; in `probe` when it was due, so that a
 * server that stands still is charged for all who come meanwhile).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROBE_EVERY 0.002
#define MOST 4000000 /* latencies that are kept */
#define ROOM 16384   /* bytes of an answer, head and body */

typedef struct {
    int fd, sent, have;
    double began, due;
    char answer[ROOM + 1];
} Client;

static int poller, port, keep, probe, crowd, request_length;
static char request[ROOM];
static float *latencies;
static long answered, failed, by_class[6];
static volatile sig_atomic_t told_to_end;

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec * 1e-9;
}

static void end(int number)
{
    (void)number;
    told_to_end = 1;
}

static void hang_up(Client *client)
{
    close(client->fd);
    client->fd = -1;
}

static void watch(Client *client, int operation, unsigned what)
{
    struct epoll_event event = {.events = what, .data.ptr = client};
    epoll_ctl(poller, operation, client->fd, &event);
}

/* Send what is left of the request: 1 if all is sent, 0 if the socket takes no more now, -1 if it is broken. */
static int say(Client *client)
{
    while (client->sent < request_length) {
        int sent = send(client->fd, request + client->sent, request_length - client->sent, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? 0 : -1;
        client->sent += sent;
    }
    return 1;
}

static void ask(Client *client, double at)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    client->began = at;
    client->sent = client->have = 0;
    if (client->fd >= 0) {
        if (say(client) < 0)
            failed++, hang_up(client);
        return;
    }
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        perror("socket");
        exit(1);
    }
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(client->fd, (struct sockaddr *)&there, sizeof there) < 0 && errno != EINPROGRESS) {
        failed++, hang_up(client);
        return;
    }
    watch(client, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

/* 1 if the answer is complete, at its Content-Length or its last chunk; 0 if there is more to come; -1 if it is cut. */
static int hear(Client *client)
{
    for (;;) {
        int got = recv(client->fd, client->answer + client->have, ROOM - client->have, 0);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got <= 0)
            return -1;
        client->have += got;
        client->answer[client->have] = 0;
        char *body = strstr(client->answer, "\r\n\r\n");
        if (!body)
            continue;
        char *length = strcasestr(client->answer, "content-length:");
        if (length && length < body) {
            if (client->answer + client->have - body - 4 >= atol(length + 15))
                return 1;
        } else if (client->have > 5 && !memcmp(client->answer + client->have - 5, "0\r\n\r\n", 5))
            return 1;
    }
}

static int smaller(const void *one, const void *other)
{
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

static double percentile(double share)
{
    long kept = answered < MOST ? answered : MOST;
    return kept ? latencies[(long)((kept - 1) * share)] * 1e3 : 0;
}

int main(int count, char **arguments)
{
    if (count != 5) {
        fprintf(stderr, "usage: loadgen PORT new|keep|probe|crowd CLIENTS SECONDS < REQUEST\n");
        return 2;
    }
    port = atoi(arguments[1]);
    keep = !strcmp(arguments[2], "keep");
    probe = !strcmp(arguments[2], "probe");
    crowd = !strcmp(arguments[2], "crowd");
    int clients = atoi(arguments[3]);
    request_length = fread(request, 1, sizeof request, stdin);
    latencies = malloc(MOST * sizeof *latencies);
    signal(SIGTERM, end);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(EPOLL_CLOEXEC);
    Client *all = calloc(clients, sizeof *all);
    double began = now(), until = began + atof(arguments[4]), last = began;
    for (int i = 0; i < clients; i++) {
        all[i].fd = -1;
        all[i].due = began + PROBE_EVERY * i / clients;
        if (!probe)
            ask(&all[i], now());
    }
    struct epoll_event events[512];
    while (!told_to_end && now() < until && !(crowd && answered + failed == clients)) {
        double at = now(), next = until;
        for (int i = 0; probe && i < clients; i++) {
            if (all[i].fd < 0 && all[i].due <= at)
                ask(&all[i], all[i].due);
            if (all[i].fd < 0 && all[i].due < next)
                next = all[i].due;
        }
        int ready = epoll_wait(poller, events, 512, (int)((next - now()) * 1e3) + !probe);
        for (int i = 0; i < ready; i++) {
            Client *client = events[i].data.ptr;
            int state = 0;
            if (client->fd < 0)
                continue;
            if (events[i].events & EPOLLOUT) {
                state = say(client);
                if (state > 0)
                    watch(client, EPOLL_CTL_MOD, EPOLLIN);
                state = state < 0 ? -1 : 0;
            }
            if (!state && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                state = hear(client);
            if (!state)
                continue;
            last = now();
            if (state > 0) {
                if (answered < MOST)
                    latencies[answered] = last - client->began;
                answered++, by_class[client->answer[9] - '0' < 6 ? client->answer[9] - '0' : 0]++;
            } else
                failed++;
            if (state < 0 || !keep)
                hang_up(client);
            client->due = client->due + PROBE_EVERY > last ? client->due + PROBE_EVERY : last;
            if (!probe && !crowd)
                ask(client, last);
        }
    }
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    double took = last - began, cpu = own.ru_utime.tv_sec + own.ru_stime.tv_sec + (own.ru_utime.tv_usec + own.ru_stime.tv_usec) * 1e-6;
    qsort(latencies, answered < MOST ? answered : MOST, sizeof *latencies, smaller);
    printf("{\"rate\": %.1f, \"count\": %ld, \"failed\": %ld, \"ok\": %ld, \"refused\": %ld, \"busy\": %ld, \"took\": %.4f, "
           "\"p50\": %.4f, \"p99\": %.4f, \"max\": %.4f, \"own_cpu\": %.2f}\n",
           took > 0 ? answered / took : 0, answered, failed, by_class[2], by_class[4], by_class[5], took,
           percentile(.5), percentile(.99), percentile(1), answered ? cpu / answered * 1e6 : 0);
    return 0;
}
